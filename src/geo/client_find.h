/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lookup in a compiled trie (client_trie.h), inline: a call more is a tenth of the time.
 *
 * It is a root cell, mostly no or one table, and one leaf: as many cache lines, and no loop over bits. A leaf is
 * searched without a branch: all its ends are compared at once, and since they are sorted and the last one is all ones,
 * the place of the first that is not below the address is the run; what lies behind a short leaf does not matter,
 * whatever it is. SSE2 is part of every x86-64, so nothing has to be found out at run time; elsewhere a loop that
 * compilers make vectors of does the same.
 */
#pragma once

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "geo/client_cell.h"
#include "geo/client_trie.h"

/* The first of 16 ends that is not below the window; 16 when there is none, which no leaf has. */
static inline unsigned leaf_find16_plain(const uint8_t *leaf, uint32_t window) {
	int16_t end[LEAF_RUNS], x = (int16_t)(window ^ 0x8000);
	unsigned below = 0;

	memcpy(end, leaf, sizeof end);
	for (unsigned i = 0; i < LEAF_RUNS; i++)
		below |= (unsigned)(x > end[i]) << i;
	return (unsigned)__builtin_ctz(~below);
}

static inline unsigned leaf_find32_plain(const uint8_t *leaf, uint32_t window) {
	int32_t end[LEAF_RUNS], x = (int32_t)(window ^ 0x80000000);
	unsigned below = 0;

	memcpy(end, leaf, sizeof end);
	for (unsigned i = 0; i < LEAF_RUNS; i++)
		below |= (unsigned)(x > end[i]) << i;
	return (unsigned)__builtin_ctz(~below);
}

#ifdef __SSE2__

static inline unsigned leaf_find16(const uint8_t *leaf, uint32_t window) {
	__m128i x = _mm_set1_epi16((short)(window ^ 0x8000)), a, b;

	a = _mm_cmpgt_epi16(x, _mm_loadu_si128((const __m128i *)leaf));
	b = _mm_cmpgt_epi16(x, _mm_loadu_si128((const __m128i *)leaf + 1));
	return (unsigned)__builtin_ctz(~(unsigned)_mm_movemask_epi8(_mm_packs_epi16(a, b)));
}

static inline unsigned leaf_find32(const uint8_t *leaf, uint32_t window) {
	__m128i x = _mm_set1_epi32((int)(window ^ 0x80000000)), a, b, c, d;
	const __m128i *end = (const __m128i *)leaf;

	a = _mm_cmpgt_epi32(x, _mm_loadu_si128(end));
	b = _mm_cmpgt_epi32(x, _mm_loadu_si128(end + 1));
	c = _mm_cmpgt_epi32(x, _mm_loadu_si128(end + 2));
	d = _mm_cmpgt_epi32(x, _mm_loadu_si128(end + 3));
	a = _mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d));
	return (unsigned)__builtin_ctz(~(unsigned)_mm_movemask_epi8(a));
}

#else

#define leaf_find16 leaf_find16_plain
#define leaf_find32 leaf_find32_plain

#endif

/* What a leaf says. */
static inline uint16_t leaf_code(const struct client_trie *t, uint32_t cell, uint32_t window, unsigned window_bytes) {
	const uint8_t *leaf = t->pool + (size_t)(cell & CELL_OFFSET) * CELL_ALIGN;
	unsigned at = window_bytes == 2 ? leaf_find16(leaf, window) : leaf_find32(leaf, window);
	uint16_t code;

	memcpy(&code, leaf + ((size_t)4 * window_bytes << (cell >> CELL_LEAF_SHIFT)) + 2 * (size_t)at, sizeof code);
	return code;
}

static inline bool is_inner(uint32_t cell) {
	return cell >> 31;
}

static inline const uint32_t *inner_node(const struct client_trie *t, uint32_t cell) {
	return (const uint32_t *)(t->pool + (size_t)(cell & CELL_OFFSET) * CELL_ALIGN);
}

static inline unsigned inner_bits(uint32_t cell) {
	return cell >> CELL_TABLE_SHIFT & 15;
}

static inline struct client_key key_shift(struct client_key k, unsigned bits) {
	return (struct client_key){ k.hi << bits | k.lo >> 1 >> (63 - bits), k.lo << bits };
}

/* One step down. `rest` are the bits not yet looked at. */
static inline uint32_t step4(const struct client_trie *t, uint32_t cell, uint32_t *rest) {
	unsigned bits = inner_bits(cell);

	cell = inner_node(t, cell)[*rest >> (32 - bits)];
	*rest <<= bits;
	return cell;
}

static inline uint32_t step6(const struct client_trie *t, uint32_t cell, struct client_key *rest) {
	const uint32_t *node = inner_node(t, cell);
	unsigned bits = inner_bits(cell);

	if (__builtin_expect(bits > 0, 1)) {
		cell = node[rest->hi >> (64 - bits)];
		*rest = key_shift(*rest, bits);
		return cell;
	}
	const struct client_skip *skip = (const struct client_skip *)node;
	uint32_t window = (uint32_t)(rest->hi >> (64 - skip->bits));

	if (window == skip->key)
		*rest = key_shift(*rest, skip->bits);
	return skip->side[1 + (window > skip->key) - (window < skip->key)];
}

static inline uint16_t leaf4(const struct client_trie *t, uint32_t cell, uint32_t rest) {
	return leaf_code(t, cell, rest >> 16, 2);
}

static inline uint16_t leaf6(const struct client_trie *t, uint32_t cell, struct client_key rest) {
	return leaf_code(t, cell, (uint32_t)(rest.hi >> 32), 4);
}

static inline uint16_t client_trie_find4(const struct client_trie *t, uint32_t address) {
	uint32_t cell = t->root4[address >> 16], rest = address << 16;

	while (is_inner(cell))
		cell = step4(t, cell, &rest);
	return leaf4(t, cell, rest);
}

static inline uint16_t client_trie_find6(const struct client_trie *t, struct client_key address) {
	uint32_t cell = t->root6[address.hi >> 48];
	struct client_key rest = key_shift(address, 16);

	while (is_inner(cell))
		cell = step6(t, cell, &rest);
	return leaf6(t, cell, rest);
}
