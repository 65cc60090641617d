/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches over HTTP, with limits on everything (libcurl). Only http and https, redirects included. */
#pragma once

#include "base/str.h"

struct http_fetch {
	const char *url;
	const char *if_none_match;   /* an ETag with its quotes, or NULL */
	int64_t if_modified_since;   /* seconds since 1970; 0: not sent */
	const char *ca_file;         /* or NULL: the system's */
	unsigned connect_timeout_ms; /* 0: 10 000 */
	unsigned timeout_ms;         /* of the whole; 0: 120 000 */
	uint64_t size_max;           /* 0: 4 GiB */
	int family;                  /* 4, 6, or 0: either */
};

struct http_fetched {
	unsigned status;
	char etag[256];   /* "" when there is none */
	int64_t modified; /* 0 when there is none */
	uint64_t len;     /* bytes of the body, after decoding */
	bool coded;       /* it came gzipped */
};

/* Writes the body (decoded) to fd. 0 whatever the status; -errno and *ret_why a sentence (freed by the caller) when it
 * could not: -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH (DNS), -EFBIG, -EPROTO (TLS, a short body), … */
int http_fetch(const struct http_fetch *f, int fd, struct http_fetched *ret_fetched, char **ret_why);
