/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches over HTTP, with limits on everything (libcurl). Only http and https; at most five redirects, and none to
 * http when the URL is https. A name and password come from the URL or from ~/.netrc.
 */
#pragma once

#include "base/str.h"

/* A URL as people may see it: its user, password and query, which may be a key, become "***"; a long one is cut. */
enum { HTTP_URL_SHOWN_MAX = 200 };
void http_url_show(const char *url, char ret_shown[static HTTP_URL_SHOWN_MAX]);

struct http_fetch {
	const char *url;
	const char *if_none_match;   /* a list of ETags with their quotes, or NULL */
	int64_t if_modified_since;   /* seconds since 1970; 0: not sent */
	const char *ca_file;         /* or NULL: the system's */
	unsigned connect_timeout_ms; /* 0: 10 000 */
	unsigned timeout_ms;         /* of the whole; 0: 120 000 */
	uint64_t size_max;           /* of the body after decoding; 0: 4 GiB */
	int family;                  /* 4, 6, or 0: either */
};

struct http_fetched {
	unsigned status;
	char etag[256];       /* "" when there is none, or a longer one */
	int64_t modified;     /* 0 when there is none */
	unsigned retry_after; /* seconds; 0 when the answer does not say */
	uint64_t len;         /* bytes of the body, after decoding */
	bool coded;           /* it came gzipped */
};

/*
 * Writes the body (decoded) to fd, of 200 only. 0 whatever the status; -errno and *ret_why a sentence (freed by the
 * caller) when it could not: -EINVAL (the URL), -ETIMEDOUT, -ECONNREFUSED (no connection), -EHOSTUNREACH (DNS),
 * -EFBIG, -EACCES (TLS: not trusted), -ELOOP (redirects), -EPROTO (a short body and all else), -EIO (writing).
 */
int http_fetch(const struct http_fetch *f, int fd, struct http_fetched *ret_fetched, char **ret_why);
