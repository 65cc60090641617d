/* SPDX-License-Identifier: Apache-2.0 */
/* Slices of text, UTF-8, and "did you mean". */
#pragma once

#include "base/macro.h"

/* Borrowed bytes, not zero-terminated. */
struct str {
	const char *s;
	size_t len;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })

struct str str_of(const char *text);
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *b);
struct str str_trim(struct str a); /* without ASCII blanks at either end */

/* Takes the text before the first `sep` off the front of *rest; the last piece ends it. False when nothing is left
 * (rest->s == NULL). */
bool str_split(struct str *rest, char sep, struct str *ret_piece);

/* Code points in `len` bytes; a malformed byte counts as one. */
size_t utf8_count(const char *s, size_t len);

/* Bytes taken by the first `points` code points, at most len. */
size_t utf8_prefix(const char *s, size_t len, size_t points);

/* The offset of the first byte that is not well-formed UTF-8 (RFC 3629: no surrogates, nothing above U+10FFFF), or
 * len. */
size_t utf8_check(const char *s, size_t len);

/* The code point at s and its length in bytes; s is well-formed UTF-8 and len > 0. */
uint32_t utf8_point(const char *s, size_t len, size_t *ret_len);

/*
 * The bytes of the first code point; 1 for a byte that is not UTF-8. *ret_harmless is false for what must not reach a
 * terminal as it is: such a byte, a control (C0, DEL, C1), a line or paragraph separator, and what turns the direction
 * of writing and so lets a line look like another (UAX #9). len is not 0.
 */
size_t utf8_next(const char *s, size_t len, bool *ret_harmless);

/* The candidate closest to `word` when it is close enough to be a typing mistake (Damerau-Levenshtein distance at most
 * a third of its length, at least 1), else NULL. Case does not count, nor a domain that both end in; "db01" is close to
 * "db01.example.net". Words longer than 64 bytes have no neighbours. */
const char *suggest(struct str word, const char *const *candidates, size_t n);

/* The same, one candidate at a time: start with *best = UINT_MAX; returns true when this one is the best so far. */
bool suggest_better(struct str word, struct str candidate, unsigned *best);
