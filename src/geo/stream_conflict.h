/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What conflict.h does, for numbers of conflicts that need not fit in memory: two ranges may meet in many prefixes and
 * are one pair.
 */
#pragma once

#include "geo/conflict.h"
#include "geo/extsort.h"

struct stream_conflict_row {
	uint64_t row; /* running number */
	uint64_t id;
	uint32_t value;
};

struct stream_conflict {
	struct stream_conflict_row loser, winner;
	struct prefix prefix; /* one that both have */
};

struct stream_conflicts {
	struct extsort *sorter; /* NULL while there is none */
};

/* Both 0 or -errno. */
int stream_conflicts_add(struct stream_conflicts *c, const char *folder, const struct stream_conflict *what);

/* Calls fn for each pair once, in the order of the rows, the loser's first; i counts them from 0. */
int stream_conflicts_each(struct stream_conflicts *c,
			  void (*fn)(const struct stream_conflict *what, uint64_t i, void *user), void *user);

void stream_conflicts_done(struct stream_conflicts *c);
