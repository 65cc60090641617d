/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a row's origin only matters in a message; so lines and ids are kept as runs that count up by one, and
 * times from the first row that has one. */
#include "geo/rows.h"

#include <errno.h>

static int begin(struct geo_sink *sink, uint32_t file) {
	struct geo_rows *rows = (struct geo_rows *)sink; /* its first member */

	geo_policy_finish(&rows->policy, rows->file, sink->diags);
	rows->file = file;
	rows->next_id = 0;
	return 0;
}

static void add_created(struct geo_rows *rows, int64_t created) {
	while (rows->created.n < rows->count)
		vec_push(&rows->created, GEO_NEVER);
	vec_push(&rows->created, created);
}

static bool is_prefix(const struct range *r) {
	struct range copy = *r;
	struct prefix first;

	return !range_next_prefix(&copy, &first);
}

bool geo_range_trim(struct range *r) {
	static const struct prefix v4 = { { 0, IP4_MAPPED_LO }, 96 };
	bool first_is_v4 = ip_is_v4(r->first), last_is_v4 = ip_is_v4(r->last);

	if (first_is_v4 && !last_is_v4)
		r->first = ip_next(prefix_last(v4));
	if (last_is_v4 && !first_is_v4 && !is_prefix(r))
		r->last = ip_previous(prefix_first(v4));
	return ip_compare(r->first, r->last) <= 0;
}

static void add6(struct geo_rows *rows, const struct range *r, uint32_t value) {
	if (r->first.lo || r->last.lo != UINT64_MAX) {
		vec_push(&rows->low, (struct geo_low6){ r->first.lo, r->last.lo, value });
		value = GEO_ROW6_LONG | (uint32_t)(rows->low.n - 1);
	}
	vec_push(&rows->v6, (struct geo_row6){ r->first.hi, r->last.hi, value, rows->count });
}

static int add(struct geo_sink *sink, const struct geo_row *given) {
	struct geo_rows *rows = (struct geo_rows *)sink;
	struct geo_row copy = *given, *row = &copy;
	bool v4;

	if (!geo_range_trim(&row->range))
		return -EINVAL;
	v4 = ip_is_v4(row->range.first);
	if (rows->count >= GEO_ROW6_LONG) {
		diag_error(sink->diags, "geo-size", (struct loc){ .file = rows->file }, "--stream takes more",
			   "more than 2^31 rows do not fit into memory");
		return -E2BIG;
	}
	if (!geo_policy_take(&rows->policy, row, rows->file, sink->diags))
		return 0;
	if (v4)
		vec_push(&rows->v4, (struct geo_row4){ (uint32_t)row->range.first.lo, (uint32_t)row->range.last.lo,
						       row->value, rows->count });
	else
		add6(rows, &row->range, row->value);
	if (row->id != rows->next_id || !rows->next_id)
		vec_push(&rows->run, (struct geo_run){ rows->count, rows->file, row->id, row->id_is_line });
	if (row->created != GEO_NEVER || rows->created.n)
		add_created(rows, row->created);
	rows->next_id = row->id + 1;
	rows->count++;
	return 0;
}

void geo_rows_init(struct geo_rows *rows, struct diags *diags) {
	*rows = (struct geo_rows){ .sink = { .begin = begin, .add = add, .diags = diags } };
	geo_policy_init(&rows->policy);
}

void geo_rows_done(struct geo_rows *rows) {
	vec_done(&rows->v4);
	vec_done(&rows->v6);
	vec_done(&rows->low);
	vec_done(&rows->run);
	vec_done(&rows->created);
	geo_policy_done(&rows->policy);
}

struct geo_place geo_rows_place(const struct geo_rows *rows, uint32_t row) {
	size_t low = 0, high = rows->run.n;
	const struct geo_run *run;

	/* The last run that does not begin behind the row: run[low]. */
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (rows->run.v[mid].row <= row)
			low = mid;
		else
			high = mid;
	}
	run = &rows->run.v[low];
	return (struct geo_place){ .file = run->file,
				   .id = run->id + (row - run->row),
				   .id_is_line = run->by_line,
				   .created = geo_rows_created(rows, row) };
}
