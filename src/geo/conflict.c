/* SPDX-License-Identifier: Apache-2.0 */
/* Two ranges that are equal in part have many prefixes in common: sorting brings a pair's conflicts together. */
#include "geo/conflict.h"

#include <inttypes.h>

#include "geo/country.h"

enum { FIRST_LIMIT = 64 };

static bool same_pair(const struct conflict *a, const struct conflict *b) {
	return a->loser == b->loser && a->winner == b->winner;
}

static int by_rows(const void *pa, const void *pb) {
	const struct conflict *a = pa, *b = pb;

	if (a->loser != b->loser)
		return a->loser < b->loser ? -1 : 1;
	if (a->winner != b->winner)
		return a->winner < b->winner ? -1 : 1;
	return prefix_compare(a->prefix, b->prefix);
}

/* Sorted by pairs of rows, of each the first prefix. */
static void tidy(struct conflicts *c) {
	size_t n = 0;

	if (c->list.n)
		qsort(c->list.v, c->list.n, sizeof(*c->list.v), by_rows);
	for (size_t i = 0; i < c->list.n; i++)
		if (!n || !same_pair(&c->list.v[n - 1], &c->list.v[i]))
			c->list.v[n++] = c->list.v[i];
	c->list.n = n;
}

void conflicts_add(struct conflicts *c, struct conflict what) {
	if (c->list.n && same_pair(&c->list.v[c->list.n - 1], &what))
		return;
	if (c->list.n >= c->limit) {
		tidy(c);
		c->limit = MAX(4 * c->list.n, (size_t)FIRST_LIMIT);
	}
	vec_push(&c->list, what);
}

void conflicts_done(struct conflicts *c) {
	vec_done(&c->list);
}

static const char *code_of(uint32_t value) {
	size_t n;
	const struct country *table = country_table(&n);

	return value < n ? table[value].code : "?";
}

void conflict_tell(struct diags *diags, struct prefix p, const struct conflict_side *loser,
		   const struct conflict_side *winner) {
	static const char check[] = "geo-conflict";
	const struct geo_place *lost = &loser->place, *kept = &winner->place;
	char network[PREFIX_TEXT_MAX], row[32] = "";

	(void)prefix_format(p, network);
	if (!lost->id_is_line)
		(void)snprintf(row, sizeof(row), "row %" PRIu64 ": ", lost->id);
	diag_add(diags, SEVERITY_WARNING, check, geo_row_loc(lost->file, lost->id, lost->id_is_line),
		 "remove the row that is wrong, or give the right one a newer created_at",
		 "%s%s is %s here and %s in another row, and neither is newer; %s is taken, the smaller code", row,
		 network, code_of(loser->value), code_of(winner->value), code_of(winner->value));
	if (kept->id_is_line)
		diag_note(diags, geo_row_loc(kept->file, kept->id, true), "the row that is taken");
	else
		diag_note(diags, geo_row_loc(kept->file, kept->id, false), "row %" PRIu64 " is taken", kept->id);
}

void conflict_tell_more(struct diags *diags, uint32_t file, uint64_t more) {
	diag_add(diags, SEVERITY_WARNING, "geo-conflict", (struct loc){ .file = file }, NULL,
		 "%" PRIu64 " more pairs of rows say different things of the same network", more);
}

void conflicts_report(struct conflicts *c, const struct geo_rows *rows) {
	tidy(c);
	for (size_t i = 0; i < MIN(c->list.n, (size_t)GEO_POLICY_SHOWN); i++) {
		const struct conflict *at = &c->list.v[i];
		const struct conflict_side loser = { geo_rows_place(rows, at->loser), at->loser_value };
		const struct conflict_side winner = { geo_rows_place(rows, at->winner), at->winner_value };

		conflict_tell(rows->sink.diags, at->prefix, &loser, &winner);
	}
	if (c->list.n > GEO_POLICY_SHOWN)
		conflict_tell_more(rows->sink.diags, rows->file, c->list.n - GEO_POLICY_SHOWN);
}
