/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bans in force, by the wall clock: which networks the sinks are to hold, and until when. What the engine knows is
 * by the log's clock, and for repetition also what is over; here each network is once, with its latest end.
 */
#pragma once

#include "addr/prefix.h"
#include "base/vec.h"

struct ban_table_row {
	struct prefix network;
	int64_t ends_ms;
	uint32_t next; /* of the same hash */
};

struct ban_table {
	VEC(struct ban_table_row) rows; /* any order */
	uint32_t *slots;                /* row + 1, or 0; a power of two of them */
	size_t slot_count;
	int64_t soonest_ms;   /* no row ends before */
	size_t count[2][129]; /* [IPv6][length in the 128-bit space] */
};

/* Out of memory aborts, as in vec.h. */
void ban_table_done(struct ban_table *t);

/* Holds the network until then; an end that is there already is only moved back when `replace`. False when that changed
 * nothing. */
bool ban_table_put(struct ban_table *t, struct prefix network, int64_t ends_ms, bool replace);
bool ban_table_remove(struct ban_table *t, struct prefix network); /* false: it was not there */

/* Removes what has ended, telling of each. */
void ban_table_expire(struct ban_table *t, int64_t now_ms, void (*fn)(struct prefix network, void *user), void *user);

/* The row of exactly this network, or of the narrowest one around it; NULL. Good until the next change. */
const struct ban_table_row *ban_table_find(const struct ban_table *t, struct prefix network);
const struct ban_table_row *ban_table_around(const struct ban_table *t, struct prefix network);
