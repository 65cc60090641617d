/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many fetches at once over HTTP, each over one address family and never over the other: what cannot be reached is an
 * answer too. libcurl's multi interface, loaded when it is needed.
 *
 *     r = fetcher_new(&options, &fetcher, &why);
 *     r = fetcher_run(fetcher, next, done, user);
 *     fetcher_free(fetcher);
 *
 * Redirects are followed hop by hop in the same family, each hop recorded. Times are microseconds of the monotonic
 * clock. Every fetch has a connection of its own, so that its times are those of a new client and its certificate was
 * really sent. Nothing of the user's own setting takes part: no cookies, no ~/.netrc, no proxy from the environment,
 * for each could change what one family gets, or send both to the same place over whatever family the proxy has.
 */
#pragma once

#include "addr/ip.h"
#include "base/vec.h"

/* Why there is no answer, or only part of one. Each is a finding, never a reason to try the other family. */
enum fetch_problem {
	FETCH_OK,
	FETCH_BAD_URL,
	FETCH_UNRESOLVED,    /* the name has no address in this family */
	FETCH_NO_ROUTE,      /* this machine has no way to that address */
	FETCH_REFUSED,       /* connection refused, or an ICMP error */
	FETCH_CONNECT_TIME,  /* nobody answered in time */
	FETCH_TLS,           /* the handshake failed */
	FETCH_UNTRUSTED,     /* the certificate does not fit the name or its issuer is not trusted */
	FETCH_STALLED,       /* connected, then silence or less than the least speed (path MTU, slow-loris) */
	FETCH_TIME,          /* the whole took too long */
	FETCH_CUT,           /* the connection ended before the body did */
	FETCH_TOO_LARGE,     /* the body is longer than body_max; what came until then is kept */
	FETCH_REDIRECT_LOOP, /* the same URL twice, or more than redirects_max hops */
	FETCH_PROTOCOL,      /* not HTTP, or headers beyond 256 KiB or 1000 lines */
	_FETCH_PROBLEM_MAX,
};
const char *fetch_problem_to_str(enum fetch_problem p); /* "no-route" */

struct fetch_header {
	struct str name, value;
};

/* What to fetch. Texts are borrowed until its done() returns. */
struct fetch {
	const char *url;                    /* http or https */
	enum family family;                 /* FAMILY_4 or FAMILY_6 */
	struct ip connect;                  /* to this address, Host and SNI from the URL; ip_unspecified: by name */
	const struct fetch_header *headers; /* besides the usual ones */
	uint32_t header_count;
	uint16_t mss;         /* segments of at most so many bytes, both ways (TCP_MAXSEG); 0: the kernel's choice */
	const char *proxy_v2; /* address of a client for a PROXY protocol v2 header, or NULL: none is sent */
	void *job;            /* the caller's */
};

/* One answer on the way. The last is the one that counts. */
struct fetch_hop {
	struct str url;
	unsigned status;
	struct str location; /* empty: none */
	struct ip remote;
	uint16_t port;
};

struct fetch_certificate {
	bool has;
	uint8_t sha256[32]; /* of the leaf, DER */
	struct str subject, issuer, names;
	int64_t not_before, not_after; /* seconds since 1970 */
};

/* Each from the start of the last hop; 0: did not come that far. */
struct fetch_times {
	uint32_t dns_us, connect_us, tls_us, first_byte_us, total_us;
};

struct fetched {
	enum fetch_problem problem;
	struct str why; /* a sentence; empty with FETCH_OK */
	VEC(struct fetch_hop) hops;
	unsigned status;                  /* 0: none */
	VEC(struct fetch_header) headers; /* of the last hop, in their order, names as they came */
	struct str body;   /* after decoding, at most body_max bytes; a zero is behind it, or s is NULL */
	uint64_t body_len; /* all that came */
	struct fetch_certificate certificate;
	struct str tls;  /* "TLSv1.3", empty: no TLS */
	struct str alpn; /* "h2", "http/1.1" */
	struct fetch_times times;
	uint32_t path_mtu;  /* what the kernel knew of the last hop's path in the end; 0: unknown */
	unsigned attempts;  /* 1, more after retries */
	struct arena arena; /* owns all of the above but the vectors and the body */
	char *body_heap;    /* owns body.s */
};
void fetched_free(struct fetched *f); /* NULL is fine */

enum { FETCH_CONNECT_MS = 5000 };

struct fetcher_options {
	unsigned parallel;        /* 0: 64 */
	unsigned connect_ms;      /* 0: FETCH_CONNECT_MS */
	unsigned total_ms;        /* 0: 30 000 */
	unsigned stall_ms;        /* 0: 5000 without a byte */
	uint64_t body_max;        /* bytes; 0: 16 MiB */
	unsigned redirects_max;   /* 0: 10 */
	double host_rate;         /* fetches a second for one host and family; 0: no limit */
	unsigned retry;           /* more attempts for what did not get an answer */
	bool insecure;            /* do not check certificates (curl -k) */
	const char *ca_file;      /* or NULL: the system's */
	const char *user_agent;   /* NULL: hextet/VERSION */
	volatile const int *stop; /* not 0: begin nothing more; NULL: never */
};

struct fetcher;

/* 0; -ENOENT, -ENOSYS (no libcurl) or -ENOMEM, and *ret_why a sentence of static storage. */
int fetcher_new(const struct fetcher_options *o, struct fetcher **ret_fetcher, const char **ret_why);
void fetcher_free(struct fetcher *f); /* NULL is fine */

/* Fills in the next fetch; false: there is none left. */
typedef bool (*fetch_next_fn)(struct fetch *ret_fetch, void *user);
/* An answer; the callee owns and frees it. A negative result ends the run with it. */
typedef int (*fetch_done_fn)(const struct fetch *fetch, struct fetched *fetched, void *user);

/* Until there is nothing left. At most `parallel` fetches and their bodies are in memory at a time. 0 or -errno. */
int fetcher_run(struct fetcher *f, fetch_next_fn next, fetch_done_fn done, void *user);

/* Fetches that are under way, and the most that ever were: for reports and tests. */
void fetcher_count(const struct fetcher *f, unsigned *ret_now, unsigned *ret_most);
