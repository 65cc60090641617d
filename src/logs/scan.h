/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the quotes (or tabs, in a log that is cut by them) and blanks of a line are, one bit a byte, for 512 bytes at a
 * time: the line is read once, however many fields are looked for in it. Positions are offsets in the line; searches
 * mostly go forward. Nothing is read past the line's end. Internal to the room.
 */
#pragma once

#include "base/macro.h"

enum { SCAN_BLOCKS = 8, SCAN_WINDOW = 64 * SCAN_BLOCKS };

struct scan;
/* Fills the window that begins at `base`; both give the same bits. */
typedef void scan_fill_fn(struct scan *c, size_t base);
scan_fill_fn scan_fill_portable;
scan_fill_fn *scan_fill_best(void); /* the fastest one for this processor */

struct scan {
	const char *s;
	size_t len;
	scan_fill_fn *fill;
	char mark;    /* the byte that counts as a quote */
	char escape;  /* the byte that begins an escape */
	bool escaped; /* there is one in what has been looked at */
	size_t base;  /* of the window */
	uint64_t quote[SCAN_BLOCKS], blank[SCAN_BLOCKS];
};

static inline void scan_begin(struct scan *c, const char *s, size_t len, char mark, char escape, scan_fill_fn *fill) {
	c->s = s;
	c->len = len;
	c->fill = fill;
	c->mark = mark;
	c->escape = escape;
	c->escaped = false;
	fill(c, 0);
}

/* The first set bit at or behind `from`, or len. `masks` are the quotes or the blanks of this scan. */
static inline size_t scan_next(struct scan *c, const uint64_t *masks, size_t from) {
	while (from < c->len) {
		size_t at = from - c->base;
		uint64_t bits;

		if (at >= SCAN_WINDOW) { /* also before the window: it wraps */
			c->fill(c, from & ~(size_t)63);
			at = from - c->base;
		}
		bits = masks[at / 64] & ~UINT64_C(0) << at % 64;
		if (bits)
			return (from & ~(size_t)63) + (unsigned)__builtin_ctzll(bits);
		from = (from | 63) + 1;
	}
	return c->len;
}

static inline size_t scan_quote(struct scan *c, size_t from) {
	return scan_next(c, c->quote, from);
}

static inline size_t scan_blank(struct scan *c, size_t from) {
	return scan_next(c, c->blank, from);
}
