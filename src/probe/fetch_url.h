/* SPDX-License-Identifier: Apache-2.0 */
/* What a fetch needs to know of a URL. libcurl's parser reads it, after libcurl_load(). */
#pragma once

#include "base/arena.h"

struct fetch_url {
	const char *url;   /* to fetch: international names as DNS has them (xn--…) */
	const char *shown; /* without user name and password */
	const char *host;  /* in lower case; an IPv6 address with its brackets */
	uint16_t port;     /* of the URL, or its scheme's */
	bool tls;
};

/* 0, or -EINVAL and *ret_why a sentence in the arena. Texts live in the arena. */
int fetch_url_parse(const char *text, struct arena *a, struct fetch_url *ret_url, const char **ret_why);
