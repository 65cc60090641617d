/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One fetch on its way through libcurl, for fetch.c: hop after hop, each one transfer of an easy handle, or two when a
 * PROXY protocol header goes first.
 */
#pragma once

#include "net/libcurl.h"
#include "probe/fetch.h"

struct transfer {
	const struct fetcher_options *options;
	struct fetch fetch;
	struct fetched *got;
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	enum { STEP_CONNECT, STEP_REQUEST } step; /* connect: the connection that gets a PROXY header before all else */
	int fd;                                   /* connected and with its PROXY header, or -1 */
	char error[CURL_ERROR_SIZE];
	const char *url;      /* of this hop, with its name and password; in got->arena, as is hop_host */
	const char *hop_host; /* of this hop, in lower case */
	char host[256];       /* of the first URL, for rates and for `connect` */
	bool tls;             /* this hop is https */
	struct ip remote;     /* that this hop tried last */
	uint16_t port;
	bool headers_end;            /* the empty line behind them came */
	bool tried;                  /* to connect: there was an address of the family */
	bool connected;              /* known once the socket is closed */
	uint32_t path_mtu;           /* likewise */
	enum fetch_problem problem;  /* of our own finding, which ended libcurl's transfer; FETCH_OK: none */
	const char *why;             /* with it */
	struct fetch_times before;   /* of STEP_CONNECT */
	size_t body_cap, header_len; /* header_len: bytes of all headers of this hop */
	int64_t due_us;              /* not to be begun before */
	int64_t begun_us;            /* the attempt */
	int64_t mark_us;             /* stall: when and with how many bytes the present window began; 0: not yet */
	uint64_t mark_len;
};

int64_t fetch_now_us(void);

/* NULL never. An URL that cannot be fetched is found by transfer_begin(). */
struct transfer *transfer_new(const struct fetcher_options *o, const struct fetch *fetch);
void transfer_free(struct transfer *t); /* the easy handle is the caller's */

/* Sets up t->easy for the next hop. False: there is none, the fetch has ended with got->problem. */
bool transfer_begin(struct transfer *t);

/* libcurl is done with the transfer. True: transfer_begin() goes on with another; false: the fetch has ended. */
bool transfer_end(struct transfer *t, CURLcode code);

/* Forgets the answer, for another attempt. */
void transfer_again(struct transfer *t);

/* fetch_why.c: what a failed transfer means, into got->problem and got->why. */
void transfer_judge(struct transfer *t, CURLcode code);
void transfer_fail(struct transfer *t, enum fetch_problem problem, const char *fmt, ...) _printf_(3, 4);

/* fetch_tls.c: the session's version and protocol, while the connection is there; and the certificate, afterwards. */
void transfer_read_session(struct transfer *t);
void transfer_read_certificate(struct transfer *t);
