/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one layer in memory, 16 bytes for an IPv4 row and 40 for an IPv6 row, and the meaning of a set of rows:
 * which answer each address has, whatever the order of the rows.
 *
 * Ranges are cut into minimal prefixes. The longest prefix that has an address decides; of equal prefixes the row with
 * the newest created_at, else the one whose value has the smaller country code, with a warning that names both. IPv4
 * and IPv6 never meet (prefix.h).
 */
#pragma once

#include "base/vec.h"
#include "geo/policy.h"
#include "geo/tree.h"

struct geo_row4 {
	uint32_t first, last; /* host order */
	uint32_t value;
	uint32_t row; /* running number over all sources of the layer */
};

struct geo_row6 {
	struct ip first, last;
	uint32_t value;
	uint32_t row;
};

/* Rows that follow each other in the running numbers and in their ids. */
struct geo_run {
	uint32_t row; /* running number of the first */
	uint32_t file;
	uint64_t id; /* of the first */
	bool by_line;
};

struct geo_rows {
	struct geo_sink sink; /* give &rows->sink to a source */
	VEC(struct geo_row4) v4;
	VEC(struct geo_row6) v6;
	VEC(struct geo_run) run;
	VEC(int64_t) created; /* by running number; empty: none has one */
	uint32_t count;       /* rows taken */
	uint32_t file;        /* of the source that is read now */
	uint64_t next_id;     /* that would go on with the last run */
	struct geo_policy policy;
};

void geo_rows_init(struct geo_rows *rows, struct diags *diags);
void geo_rows_done(struct geo_rows *rows);

/* Where a running number comes from: source, and id or line. */
struct geo_place {
	uint32_t file;
	uint64_t id;
	bool id_is_line;
	int64_t created;
};
struct geo_place geo_rows_place(const struct geo_rows *rows, uint32_t row);

/* When the row was created; as geo_place.created, only quicker. */
static inline int64_t geo_rows_created(const struct geo_rows *rows, uint32_t row) {
	return rows->created.n ? rows->created.v[row] : GEO_NEVER;
}

/*
 * Compiles all rows into the tree: one root for each family, independent of the rows' order. The rows are consumed: the
 * arrays of a family are sorted in place and freed as soon as that family is done, to keep the peak low. Conflicts of
 * equal prefixes become warnings [geo-conflict] in the sink's diags: each pair of rows once, and the first
 * GEO_POLICY_SHOWN of them in the order of the rows, the others as a number. 0 or -errno.
 */
int geo_rows_compile(struct geo_rows *rows, struct geo_tree *tree, struct geo_roots *ret_roots);
