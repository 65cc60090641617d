/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of many literals a text contains, whatever their case: the search that spares most files the lexer. Wu and
 * Manber, "A fast algorithm for multi-pattern searching" (1994), with blocks of two bytes.
 */
#pragma once

#include "base/str.h"
#include "base/vec.h"

enum { ANCHOR_LEN_MIN = 4, ANCHORS_MAX = 512 };

struct anchor_set {
	uint64_t bits[ANCHORS_MAX / 64];
};

static inline bool anchor_has(const struct anchor_set *s, unsigned i) {
	return s->bits[i / 64] >> i % 64 & 1;
}
static inline void anchor_put(struct anchor_set *s, unsigned i) {
	s->bits[i / 64] |= UINT64_C(1) << i % 64;
}

struct anchor_search;

/* Literals of ANCHOR_LEN_MIN bytes and more, or empty: a number that is not used; at most ANCHORS_MAX. Borrowed. In the
 * arena. */
struct anchor_search *anchor_search_new(const struct str *literals, unsigned n, struct arena *a);

/* The numbers of all literals that the text has; A to Z count as a to z. Linear in len. */
void anchor_search(const struct anchor_search *s, const char *text, size_t len, struct anchor_set *ret);
