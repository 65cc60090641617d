/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins neighbours: prefixes that come in address order, each with what it says, leave as the fewest that say the same.
 * At most 130 are kept at a time.
 *
 *     struct join j = { .fn = print, .user = f };
 *     join_add(&j, p, country); …; join_end(&j);
 */
#pragma once

#include "addr/prefix.h"

/* Of a place that is a right half, or the first of all: nobody says anything, so it joins what is beside it, and does
 * not leave on its own. */
#define JOIN_ANYTHING UINT64_MAX

struct join {
	int (*fn)(struct prefix p, uint64_t says, void *user);
	void *user;
	/* Below: private. */
	struct {
		struct prefix prefix;
		bool nothing; /* nobody said anything of all of it */
	} item[130];
	unsigned n;
	uint64_t says; /* what all of the items say */
};

/* Both return 0, or the first non-zero result of fn. The families are added one after the other, with join_end()
 * between. */
int join_add(struct join *j, struct prefix p, uint64_t says);
int join_end(struct join *j);
