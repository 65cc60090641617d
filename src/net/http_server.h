/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/1.1 server inside the event loop (libmicrohttpd's epoll descriptor), for a handful of paths. Handlers run in
 * the loop's thread and answer at once.
 *
 * Slow clients: a request must be complete `timeout_s` after the connection's start or its last answer, and an answer
 * must be taken within timeout_s and a second for each 8 KiB; whoever trickles is cut off. Connections are counted by
 * IPv4 address and by IPv6 /64, since whoever has one address of a /64 has them all.
 */
#pragma once

#include "addr/ip.h"
#include "net/http_entity.h"
#include "net/loop.h"

struct http_request {
	const char *method, *path; /* path decoded, without the query */
	struct str body;
	struct endpoint peer;
	void *connection; /* for http_request_header(), _query() */
};
const char *http_request_header(const struct http_request *r, const char *name); /* NULL: absent */
const char *http_request_query(const struct http_request *r, const char *name);  /* decoded; NULL: absent */

/* What a handler says. `entity` set: conditions, ranges and coding are worked out (http_entity.h) and status is
 * ignored; the entity must live until release(user) is called. Else status, type and body, which is taken over: it was
 * made by malloc(), or is NULL. */
struct http_reply {
	unsigned status;
	const char *type; /* static */
	char *body;
	size_t body_len;
	const struct http_entity *entity;
	void (*release)(void *user);
	void *user;
	const char *allow; /* for 405: "GET, HEAD"; static */
	bool close;        /* the connection, after it */
};
typedef void (*http_handler)(const struct http_request *request, struct http_reply *ret_reply, void *user);
/* Told of every answer that was given; not of malformed requests, which libmicrohttpd refuses by itself. */
typedef void (*http_observer)(const struct http_request *request, unsigned status, void *user);

struct http_server_config {
	const struct endpoint
		*listen; /* [::] listens for both families, unless 0.0.0.0 with the same port is listed too */
	size_t listen_count;
	const char *tls_cert, *tls_key;           /* paths of PEM files, or NULL */
	unsigned connections, connections_per_ip; /* 0: 1024, 64 */
	unsigned timeout_s;                       /* see above; 0: 30 */
	size_t body_max;                          /* 0: 1 MiB; larger ones get 413 */
	http_handler handler;
	http_observer observer; /* or NULL */
	void *user;
};

struct http_server;

/* 0, or -errno and *ret_why a sentence (freed by the caller): which address, which file, which library. */
int http_server_open(struct loop *l, const struct http_server_config *config, struct http_server **ret_server,
		     char **ret_why);
void http_server_close(struct http_server *s); /* NULL is fine */
/* What the n-th listen is bound to (for port 0). */
struct endpoint http_server_bound(const struct http_server *s, size_t n);

/* Fills a reply with {"error": …, "hint": …}; hint may be NULL. */
void http_reply_error(struct http_reply *ret_reply, unsigned status, const char *hint, const char *fmt, ...)
	_printf_(4, 5);
