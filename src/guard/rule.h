/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is abuse, and what follows: the section guard's rules in the form that the engine works with. Lengths count in
 * the 128-bit space (IPv4 /32 is 128). Built by the room above from an estate; const afterwards.
 */
#pragma once

#include "addr/set.h"

enum {
	RULE_MAX = 64,
	LEVEL_MAX = 16, /* of one rule and family */
	COUNT_MAX = 1 << 20,
	CHILDREN_MAX = 4096,
};

/*
 * When a network of this length is banned: `count` matching requests in (t - window, t] *and*, where asked for, at
 * least `children` distinct networks of the next finer level (of this rule and family; the addresses, for the finest)
 * among them *and* at least `ratio` of all its requests.
 */
struct rule_level {
	uint8_t len, child_len; /* child_len > len: the next finer level's, 128 for the finest */
	uint32_t count;         /* 1..COUNT_MAX */
	uint32_t children;      /* 0: not asked for */
	double ratio;           /* 0: not asked for */
};

/* Which requests count. An empty list matches all; a request must match each list by one entry. */
struct rule_match {
	const struct str *path;   /* globs: * is any text, / included; ? any byte. On the normalised path: path.h */
	const struct str *host;   /* globs; case does not count */
	const struct str *method; /* exact */
	size_t path_count, host_count, method_count;
	uint64_t status[16]; /* a bit for each status 0..1023; all zero: any */
};

struct rule {
	const char *name;
	struct rule_match match;
	int64_t window_ms;
	struct rule_level level[2][LEVEL_MAX]; /* IPv4, IPv6: the widest first */
	uint8_t level_count[2];
	int64_t ban_ms;     /* of the first ban */
	double ban_grow;    /* each repetition lasts so many times longer, */
	int64_t ban_max_ms; /* up to this; 0: no limit but a year */
};

/* "401", "4xx", "400-499" into the bits; 0 or -EINVAL. */
int rule_status_add(struct str text, uint64_t status[static 16]);
