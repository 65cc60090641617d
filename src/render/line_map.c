/* SPDX-License-Identifier: Apache-2.0 */
/* Marks are in the order of the output. A line's place is that of the first expression on it, or of its text. */
#include "render/line_map.h"

void line_map_done(struct line_map *m) {
	vec_done(&m->marks);
}

void line_map_cut(struct line_map *m, size_t at) {
	while (m->marks.n && m->marks.v[m->marks.n - 1].at >= at)
		m->marks.n--;
}

/* The first byte of a line, or len when there is no such line. */
static size_t line_start(const char *out, size_t len, uint32_t line) {
	size_t at = 0;

	while (line > 1 && at < len) {
		const char *end = memchr(out + at, '\n', len - at);

		at = end ? (size_t)(end - out) + 1 : len;
		line--;
	}
	return line > 1 ? len : at;
}

/* The number of the last mark at or before `at`, or -1. */
static ssize_t mark_before(const struct line_map *m, size_t at) {
	size_t low = 0, high = m->marks.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (m->marks.v[mid].at <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return (ssize_t)low - 1;
}

static struct loc place_of(const struct line_mark *mark, const char *out, size_t at) {
	struct loc place = mark->place;

	if (!mark->is_data)
		return place;
	for (size_t i = mark->at; i < at; i++)
		if (out[i] == '\n') {
			place.line++;
			place.col = 1;
		}
	return place;
}

struct line_origin line_map_find(const struct line_map *m, const char *out, size_t len, uint32_t line) {
	struct line_origin origin = { 0 };
	size_t from = line_start(out, len, line), to = line_start(out, len, line + 1);
	ssize_t first = mark_before(m, from), last = mark_before(m, to > from ? to - 1 : from);

	if (line < 1 || (from >= len && line > 1) || first < 0)
		return origin;
	origin.place = place_of(&m->marks.v[first], out, from);
	for (ssize_t i = last; i >= 0; i--)
		if (m->marks.v[i].datum.file) {
			origin.datum = m->marks.v[i].datum;
			break;
		}
	for (ssize_t i = first + 1; i <= last && m->marks.v[first].is_data; i++)
		if (!m->marks.v[i].is_data) {
			origin.place = m->marks.v[i].place;
			break;
		}
	return origin;
}
