/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between the answers of the two families. Functions of both and of the options; they read no clock and
 * open no connection. Bodies and headers are whatever a server sends: any bytes, any number.
 *
 * One cause is one finding: answers of two statuses are not compared further, nor those at the ends of two redirects.
 */
#pragma once

#include "probe/body_filter.h"
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
const char *finding_kind_to_str(enum finding_kind k);                 /* "unreachable" */
int finding_kind_from_str(struct str text, enum finding_kind *ret_k); /* 0 or -EINVAL */

struct finding {
	enum finding_kind kind;
	unsigned family;   /* 4 or 6: the one at fault; 0: they differ */
	struct str detail; /* one line of harmless UTF-8: what, in both families, and where it is known what to do */
	struct str diff;   /* unified, IPv4 as old and IPv6 as new, any bytes, at most COMPARE_DIFF_MAX; empty: none */
};

enum {
	COMPARE_DIFF_MAX = 64 << 10, /* bytes of one diff */
	COMPARE_JSON_MAX = 4 << 20,  /* longer bodies are compared as text */
};

struct findings {
	VEC(struct finding) list;
};

struct compare_options {
	const char *const *ignore; /* names of headers besides the volatile ones, "Set-*"; NULL-terminated, or NULL */
	struct body_filter *const *filters; /* NULL-terminated, or NULL */
	bool json;              /* bodies of type JSON are compared as JSON: order of members, white space, numbers */
	double time_factor;     /* how much slower a family may be; 0: 2.0 */
	unsigned time_floor_ms; /* and at least by this much; 0: 50 */
	int64_t now;            /* seconds since 1970, to say which certificate has expired; 0: unknown */
};

/* Headers that differ between any two answers: Date, Age, … (a documented list). NULL-terminated. */
extern const char *const compare_volatile_headers[];

/* Adds what differs to *ret, texts in the arena. Times are not compared here: one pair says nothing. */
void compare_answers(const struct compare_options *o, const struct fetched *v4, const struct fetched *v6,
		     struct arena *a, struct findings *ret);

/*
 * Compares the times of repeated fetches of one URL. A finding when the median of one family's totals is larger by the
 * factor and by the floor, and chance would show that in less than one of a hundred trials (p < 0.01, which takes five
 * samples of each). With fewer samples, *ret_note is a sentence (in the arena) where there would be a finding, else
 * empty. Returns the p-value of the totals (stat_mann_whitney), NaN when a family has no sample.
 */
double compare_times(const struct compare_options *o, const struct fetch_times *v4, size_t n4,
		     const struct fetch_times *v6, size_t n6, struct arena *a, struct findings *ret,
		     struct str *ret_note);

/* Adds a finding; the detail is printed into the arena. Returns it, until the next is added. */
struct finding *finding_add(struct findings *f, struct arena *a, enum finding_kind kind, unsigned family,
			    const char *fmt, ...) _printf_(5, 6);
