/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between the answers of the two families. A pure function of both and of the options.
 */
#pragma once

#include "probe/fetch.h"

enum finding_kind {
	FINDING_UNREACHABLE, /* one family, or both, gave no whole answer */
	FINDING_STATUS,
	FINDING_REDIRECT,
	FINDING_HEADER,
	FINDING_BODY,
	FINDING_CERTIFICATE,
	FINDING_PROTOCOL, /* TLS version or ALPN */
	FINDING_TIME,
	FINDING_CLIENT, /* the answer depends on how a client's address is written (--simulate-client) */
	_FINDING_MAX,
};
const char *finding_kind_to_str(enum finding_kind k);

struct finding {
	enum finding_kind kind;
	unsigned family;   /* 4 or 6: the one at fault; 0: they differ */
	struct str detail; /* one line: what, in both families, and where it is known what to do */
	struct str diff;   /* unified, IPv4 as old and IPv6 as new; empty: none */
};

struct findings {
	VEC(struct finding) list;
};

/* Rewrites a body before it is compared: sed's s/regex/text/g with POSIX extended regular expressions. */
struct body_filter;
/* 0, or -EINVAL and *ret_why a sentence (static or in the arena) that names the offset. */
int body_filter_new(const char *text, struct arena *a, struct body_filter **ret_filter, const char **ret_why);

struct compare_options {
	const char *const *ignore; /* names of headers besides the volatile ones, "Set-*"; NULL-terminated, or NULL */
	struct body_filter *const *filters; /* NULL-terminated, or NULL */
	bool json;              /* bodies of type JSON are compared as JSON: order of members, white space, numbers */
	double time_factor;     /* how much slower a family may be; 0: 2.0 */
	unsigned time_floor_ms; /* and at least by this much; 0: 50 */
};

/* Headers that differ between any two answers: Date, Age, … (a documented list). NULL-terminated. */
extern const char *const compare_volatile_headers[];

/* Adds what differs to *ret, texts in the arena. Times are not compared here: one pair says nothing (stat.h). */
void compare_answers(const struct compare_options *o, const struct fetched *v4, const struct fetched *v6,
		     struct arena *a, struct findings *ret);
