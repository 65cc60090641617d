/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that say different things of the same network, of which none is newer: collected during the sweep, then told. */
#pragma once

#include "geo/rows.h"

struct conflict {
	uint32_t loser, winner; /* rows */
	uint32_t loser_value, winner_value;
	struct prefix prefix; /* one that both have */
};

struct conflicts {
	VEC(struct conflict) list;
	size_t limit; /* when it is that long, pairs that are there twice are taken out */
};

/* Memory: for each pair of rows, however many prefixes they have in common. */
void conflicts_add(struct conflicts *c, struct conflict what);
void conflicts_done(struct conflicts *c);

/* A warning [geo-conflict] for each pair of rows, at the loser's place, with the winner's as second place; after the
 * first GEO_POLICY_SHOWN of them the number of the others. */
void conflicts_report(struct conflicts *c, const struct geo_rows *rows);

/* The warning for one pair, and the one for `more` pairs that are not shown; for those who collect them elsewhere. */
struct conflict_side {
	struct geo_place place;
	uint32_t value;
};
void conflict_tell(struct diags *diags, struct prefix p, const struct conflict_side *loser,
		   const struct conflict_side *winner);
void conflict_tell_more(struct diags *diags, uint32_t file, uint64_t more);
