/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearly all records have no quotes: those are cut by looking at 16 bytes at once for what ends a field. The first
 * quote hands the record to a reader that goes byte by byte.
 */
#include "geo/csv_record.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>

enum { STEP = 16 };

static inline unsigned stops(const char *s) {
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)s);
	__m128i comma = _mm_cmpeq_epi8(v, _mm_set1_epi8(',')), end = _mm_cmpeq_epi8(v, _mm_set1_epi8('\n'));

	return (unsigned)_mm_movemask_epi8(
		_mm_or_si128(_mm_or_si128(comma, end), _mm_cmpeq_epi8(v, _mm_set1_epi8('"'))));
}
#else
enum { STEP = 1 };

static inline unsigned stops(const char *s) {
	return *s == ',' || *s == '\n' || *s == '"';
}
#endif

static inline void add_field(struct csv_record *r, size_t start, size_t end) {
	if (r->n == CSV_COLUMNS)
		return;
	r->start[r->n] = (uint32_t)start;
	r->end[r->n++] = (uint32_t)end;
}

static inline size_t without_cr(const char *s, size_t start, size_t end) {
	return end > start && s[end - 1] == '\r' ? end - 1 : end;
}

/* False: there is a quote. */
static bool cut_plain(const char *s, size_t len, bool is_last, struct csv_record *r) {
	size_t start = 0;

	for (size_t i = 0;; i += STEP)
		for (unsigned m = stops(s + i); m; m &= m - 1) {
			size_t at = i + (unsigned)__builtin_ctz(m);

			if (s[at] == ',') {
				add_field(r, start, at);
				start = at + 1;
				continue;
			}
			if (s[at] == '"' && at < len)
				return false;
			add_field(r, start, without_cr(s, start, at));
			r->len = at < len ? at + 1 : is_last ? len : 0;
			return true;
		}
}

/* The offset of the quote that closes what opened before `at`, or len. */
static size_t closing(const char *s, size_t len, size_t at) {
	for (; at < len; at++) {
		if (s[at] != '"')
			continue;
		if (at + 1 == len || s[at + 1] != '"')
			break;
		at++;
	}
	return at;
}

static size_t skip_blanks(const char *s, size_t len, size_t at) {
	while (at < len && (s[at] == ' ' || s[at] == '\t' || s[at] == '\r'))
		at++;
	return at;
}

/* The offset of the ',' or '\n' that ends a field, or len. */
static size_t field_end(const char *s, size_t len, size_t at) {
	while (at < len && s[at] != ',' && s[at] != '\n')
		at++;
	return at;
}

/* The record ends with the line that `at` is in. */
static void wrong(const char *s, size_t len, bool is_last, size_t at, const char *fault, struct csv_record *r) {
	const char *end = memchr(s + at, '\n', len - at);

	r->len = end ? (size_t)(end - s) + 1 : is_last ? len : 0;
	r->fault_at = (uint32_t)at;
	r->fault = fault;
}

/* Cuts without a change, as the record may turn out to be incomplete. Returns which fields have quotes, a bit each. */
static uint64_t cut_quoted(const char *s, size_t len, bool is_last, struct csv_record *r) {
	uint64_t quoted = 0;

	for (size_t at = 0;; at++) {
		size_t start = skip_blanks(s, len, at), end;

		if (start < len && s[start] == '"') {
			end = closing(s, len, start + 1);
			at = skip_blanks(s, len, MIN(end + 1, len));
			if (end == len) {
				if (is_last || len > CSV_RECORD_MAX)
					wrong(s, len, is_last, start, "the quote that opens here is never closed", r);
				return 0;
			}
			if (at < len && s[at] != ',' && s[at] != '\n') {
				wrong(s, len, is_last, at, "there is text behind a closing quote", r);
				return 0;
			}
			quoted |= r->n < CSV_COLUMNS ? (uint64_t)1 << r->n : 0;
			add_field(r, start + 1, end);
		} else {
			start = at;
			at = field_end(s, len, at);
			add_field(r, start, at < len && s[at] == ',' ? at : without_cr(s, start, at));
		}
		if (at < len && s[at] == ',')
			continue;
		r->len = at < len ? at + 1 : is_last ? len : 0;
		return r->len ? quoted : 0;
	}
}

/* Each pair of quotes inside a field is one. */
static void unquote(char *s, struct csv_record *r, unsigned field) {
	uint32_t to = r->start[field];

	for (uint32_t i = to; i < r->end[field]; i++) {
		s[to++] = s[i];
		i += s[i] == '"';
	}
	r->end[field] = to;
}

void csv_cut(char *s, size_t len, bool is_last, struct csv_record *ret_r) {
	ret_r->n = 0;
	ret_r->len = 0;
	ret_r->fault = NULL;
	if (cut_plain(s, len, is_last, ret_r))
		return;
	ret_r->n = 0;
	/* What is found must not depend on how much happens to be here. */
	is_last &= len <= CSV_RECORD_MAX;
	len = MIN(len, CSV_RECORD_MAX + 1);
	for (uint64_t quoted = cut_quoted(s, len, is_last, ret_r); quoted; quoted &= quoted - 1)
		unquote(s, ret_r, (unsigned)__builtin_ctzll(quoted));
}
