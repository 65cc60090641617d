/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one layer in memory, 16 bytes for an IPv4 row and 24 for nearly every IPv6 row, and the meaning of a set
 * of rows: which answer each address has, whatever the order of the rows.
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

/* The high halves of both ends. The low ones are all zeros and all ones, or, where GEO_ROW6_LONG is set in `value`,
 * they are with the value in `low` of the rows, at the number that is the rest of it. */
struct geo_row6 {
	uint64_t first, last;
	uint32_t value;
	uint32_t row;
};

#define GEO_ROW6_LONG UINT32_C(0x80000000)

struct geo_low6 {
	uint64_t first, last;
	uint32_t value;
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
	VEC(struct geo_low6) low;
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

/* What a row of either array says, by its place there. */
static inline struct geo_said {
	struct range range;
	uint32_t value, row;
} geo_rows_said(const struct geo_rows *rows, enum family family, size_t i) {
	struct geo_low6 low = { 0, UINT64_MAX, 0 };
	const struct geo_row6 *r;

	if (family == FAMILY_4) {
		const struct geo_row4 *r4 = &rows->v4.v[i];

		return (struct geo_said){ { ip_from_v4(r4->first), ip_from_v4(r4->last) }, r4->value, r4->row };
	}
	r = &rows->v6.v[i];
	low.value = r->value;
	if (r->value & GEO_ROW6_LONG)
		low = rows->low.v[r->value & ~GEO_ROW6_LONG];
	return (struct geo_said){ { { r->first, low.first }, { r->last, low.last } }, low.value, r->row };
}

/* When the row was created; as geo_place.created, only quicker. */
static inline int64_t geo_rows_created(const struct geo_rows *rows, uint32_t row) {
	return rows->created.n ? rows->created.v[row] : GEO_NEVER;
}

/*
 * Compiles all rows into the tree: one root for each family, independent of the rows' order. The rows are consumed: the
 * arrays of a family are sorted in place and freed as soon as that family is done, to keep the peak low. Conflicts of
 * equal prefixes become warnings [geo-conflict] in the sink's diags: each pair of rows once, and the first
 * GEO_POLICY_SHOWN of them in the order of the rows, the others as a number.
 */
struct geo_roots geo_rows_compile(struct geo_rows *rows, struct geo_tree *tree);
