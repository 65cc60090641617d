/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <limits.h>
#include <string.h>

struct str str_of(const char *text) {
	return (struct str){ text, strlen(text) };
}

bool str_eq(struct str a, struct str b) {
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

bool str_is(struct str a, const char *b) {
	return str_eq(a, str_of(b));
}

static bool blank(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str a) {
	while (a.len && blank(a.s[0]))
		a = (struct str){ a.s + 1, a.len - 1 };
	while (a.len && blank(a.s[a.len - 1]))
		a.len--;
	return a;
}

bool str_split(struct str *rest, char sep, struct str *ret_piece) {
	const char *at;

	if (!rest->s)
		return false;
	at = rest->len ? memchr(rest->s, sep, rest->len) : NULL;
	if (!at) {
		*ret_piece = *rest;
		*rest = (struct str){ 0 };
		return true;
	}
	*ret_piece = (struct str){ rest->s, (size_t)(at - rest->s) };
	*rest = (struct str){ at + 1, rest->len - ret_piece->len - 1 };
	return true;
}

size_t utf8_count(const char *s, size_t len) {
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

size_t utf8_prefix(const char *s, size_t len, size_t points) {
	size_t i = 0;

	while (i < len && points) {
		i++;
		while (i < len && ((unsigned char)s[i] & 0xc0) == 0x80)
			i++;
		points--;
	}
	return i;
}

/* RFC 3629 section 4: the legal second bytes depend on the first. */
static size_t utf8_sequence(const unsigned char *p, size_t left) {
	static const struct {
		unsigned char first_low, first_high, second_low, second_high, len;
	} rows[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (p[0] < rows[i].first_low || p[0] > rows[i].first_high)
			continue;
		if (rows[i].len > left)
			return 0;
		for (size_t k = 1; k < rows[i].len; k++) {
			unsigned char low = k == 1 ? rows[i].second_low : 0x80;
			unsigned char high = k == 1 ? rows[i].second_high : 0xbf;

			if (p[k] < low || p[k] > high)
				return 0;
		}
		return rows[i].len;
	}
	return 0;
}

size_t utf8_check(const char *s, size_t len) {
	size_t i = 0;

	while (i < len) {
		size_t n;

		if ((unsigned char)s[i] < 0x80) {
			i++;
			continue;
		}
		n = utf8_sequence((const unsigned char *)s + i, len - i);
		if (!n)
			return i;
		i += n;
	}
	return len;
}

uint32_t utf8_point(const char *s, size_t len, size_t *ret_len) {
	unsigned char c = (unsigned char)s[0];
	size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	uint32_t point = n == 1 ? c : c & (0x7fU >> n);

	n = MIN(n, len);
	for (size_t i = 1; i < n; i++)
		point = point << 6 | ((unsigned char)s[i] & 0x3f);
	*ret_len = n;
	return point;
}

static bool is_harmful(uint32_t point) {
	static const struct {
		uint32_t from, to;
	} rows[] = { { 0, 0x1f },        { 0x7f, 0x9f },     { 0x61c, 0x61c },
		     { 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (point >= rows[i].from && point <= rows[i].to)
			return true;
	return false;
}

size_t utf8_next(const char *s, size_t len, bool *ret_harmless) {
	size_t n = utf8_sequence((const unsigned char *)s, len);

	*ret_harmless = n && !is_harmful(utf8_point(s, n, &n));
	return MAX(n, (size_t)1);
}

enum { SUGGEST_MAX = 64 };

static char lower(char c) {
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours; case does not count. */
static unsigned distance(struct str a, struct str b) {
	unsigned rows[3][SUGGEST_MAX + 1];

	for (unsigned j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *up = rows[(i - 1) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			unsigned d = up[j - 1] + (lower(a.s[i - 1]) != lower(b.s[j - 1]));

			d = MIN(d, MIN(up[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && lower(a.s[i - 1]) == lower(b.s[j - 2]) &&
			    lower(a.s[i - 2]) == lower(b.s[j - 1]))
				d = MIN(d, up2[j - 2] + 1);
			row[j] = d;
		}
	}
	return rows[a.len % 3][b.len];
}

/* Takes off the domain that two names share: it would make any two machines of one domain look alike. */
static void drop_domain(struct str *a, struct str *b) {
	size_t dot = 0;

	for (size_t i = 1; i < a->len && i < b->len && a->s[a->len - i] == b->s[b->len - i]; i++)
		if (a->s[a->len - i] == '.')
			dot = i;
	a->len -= dot;
	b->len -= dot;
}

static bool is_first_labels(struct str word, struct str name) {
	return word.len && name.len > word.len && name.s[word.len] == '.' && memcmp(word.s, name.s, word.len) == 0;
}

bool suggest_better(struct str word, struct str candidate, unsigned *best) {
	if (*best && is_first_labels(word, candidate)) {
		*best = 0;
		return true;
	}
	drop_domain(&word, &candidate);

	size_t gap = word.len > candidate.len ? word.len - candidate.len : candidate.len - word.len;
	unsigned limit = MAX(1U, (unsigned)MIN(word.len, candidate.len) / 3);
	unsigned d;

	if (word.len > SUGGEST_MAX || candidate.len > SUGGEST_MAX || !word.len || !candidate.len || gap > limit)
		return false;
	d = distance(word, candidate);
	if (d > limit || d >= *best)
		return false;
	*best = d;
	return true;
}

const char *suggest(struct str word, const char *const *candidates, size_t n) {
	const char *found = NULL;
	unsigned best = UINT_MAX;

	for (size_t i = 0; i < n; i++)
		if (suggest_better(word, str_of(candidates[i]), &best))
			found = candidates[i];
	return found;
}
