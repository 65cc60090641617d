/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window is as long as the shortest literal may be. Its last two bytes say how far it may move without passing over
 * the begin of any literal; where they end a literal's first four bytes it may not move, and these are compared.
 * Setting bit 5 of each byte makes letters of either case equal, and makes equal some others that the comparison tells
 * apart.
 */
#include "probe/scan_anchor.h"

#include <string.h>
#include <strings.h>

enum { FOLD = 0x2020, WINDOW = ANCHOR_LEN_MIN };

struct literal {
	uint32_t head; /* its first four bytes, folded */
	struct str text;
	unsigned number;
	uint16_t next; /* of the same last block; 0: none, else its index + 1 */
};

struct anchor_search {
	uint8_t shift[1 << 16];
	uint16_t first[1 << 16]; /* by block: index + 1 of a literal whose head ends with it */
	struct literal *literals;
};

static uint16_t block(const char *at) {
	uint16_t b;

	memcpy(&b, at, sizeof(b));
	return b | FOLD;
}

static uint32_t head(const char *at) {
	uint32_t h;

	memcpy(&h, at, sizeof(h));
	return h | (uint32_t)FOLD << 16 | FOLD;
}

struct anchor_search *anchor_search_new(const struct str *literals, unsigned n, struct arena *a) {
	struct anchor_search *s = arena_new(a, struct anchor_search);

	memset(s->shift, WINDOW - 1, sizeof(s->shift));
	s->literals = arena_array(a, struct literal, n);
	for (unsigned i = 0; i < n; i++) {
		const char *text = literals[i].s;
		uint16_t *first;

		if (!literals[i].len)
			continue;
		first = &s->first[block(text + WINDOW - 2)];

		for (unsigned k = 0; k + 2 <= WINDOW; k++) {
			uint8_t *shift = &s->shift[block(text + k)];

			*shift = (uint8_t)MIN(*shift, WINDOW - 2 - k);
		}
		s->literals[i] = (struct literal){ head(text), literals[i], i, *first };
		*first = (uint16_t)(i + 1);
	}
	return s;
}

static void compare(const struct anchor_search *s, uint16_t index, const char *at, size_t left,
		    struct anchor_set *ret) {
	const uint32_t here = head(at);

	for (; index; index = s->literals[index - 1].next) {
		const struct literal *l = &s->literals[index - 1];

		if (l->head == here && l->text.len <= left && !anchor_has(ret, l->number) &&
		    strncasecmp(l->text.s, at, l->text.len) == 0)
			anchor_put(ret, l->number);
	}
}

void anchor_search(const struct anchor_search *s, const char *text, size_t len, struct anchor_set *ret) {
	const char *at = text, *const end = text + len;

	*ret = (struct anchor_set){ 0 };
	while (end - at >= WINDOW) {
		const uint16_t last = block(at + WINDOW - 2);
		const uint8_t shift = s->shift[last];

		if (shift == 0)
			compare(s, s->first[last], at, (size_t)(end - at), ret);
		at += shift ? shift : 1;
	}
}
