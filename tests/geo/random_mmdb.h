/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small random files: prefixes on top of each other in both families, records without a country, the IPv4 tree at
 * further places, subtrees shared at random (of any depth that fits, so that they mean different things at each place).
 */
#pragma once

#include "../unit/mmdb_make.h"
#include "../unit/random.h"
#include "addr/wide.h"

#define RANDOM_EMPTY UINT32_C(0xffffffff)
#define RANDOM_VALUE UINT32_C(0x80000000)

enum { RANDOM_NODES = 6000, RANDOM_VALUES = 16, RANDOM_VALUE_LEN = 22 };

struct random_tree {
	uint32_t record[RANDOM_NODES][2];
	uint32_t count;
	unsigned bits; /* 32 or 128 */
};

/* The record at a prefix; nodes are made on the way. NULL when there is no room for them. */
static inline uint32_t *random_place(struct random_tree *t, wide at, unsigned len) {
	uint32_t *place = NULL;

	for (unsigned depth = 0, node = 0; depth < len; depth++) {
		place = &t->record[node][at >> (t->bits - 1 - depth) & 1];
		if (depth + 1 == len)
			break;
		if (*place >= RANDOM_VALUE) {
			if (t->count == RANDOM_NODES)
				return NULL;
			t->record[t->count][0] = t->record[t->count][1] = *place;
			*place = t->count++;
		}
		node = *place;
	}
	return place;
}

/* How many bits are decided below a record; more than 128 when `avoid` is among its nodes. */
static inline unsigned random_height(const struct random_tree *t, uint32_t record, uint32_t avoid, unsigned room) {
	unsigned a, b;

	if (record >= RANDOM_VALUE)
		return 0;
	if (record == avoid || room == 0)
		return 1000;
	a = random_height(t, t->record[record][0], avoid, room - 1);
	b = a > 128 ? 0 : random_height(t, t->record[record][1], avoid, room - 1);
	return 1 + MAX(a, b);
}

static inline void random_rows(struct random_tree *t, uint64_t *seed, unsigned rows, unsigned values) {
	wide before = 0;

	for (unsigned i = 0; i < rows; i++) {
		unsigned len = 1 + random_below(seed, t->bits), keep = random_below(seed, t->bits + 1);
		wide any = (wide)random_next(seed) << 64 | random_next(seed), mask = wide_ones(t->bits - keep);
		uint32_t *place, value = random_below(seed, values + 1);

		if (t->bits == 128 && random_below(seed, 2)) { /* IPv4 */
			before &= UINT32_MAX;
			mask &= UINT32_MAX;
			len = 96 + 1 + len % 32;
		}
		before = (before & ~mask) | (any & mask & wide_ones(t->bits));
		place = random_place(t, before, len);
		if (place)
			*place = value == values ? RANDOM_EMPTY : RANDOM_VALUE | value;
	}
}

/* Puts subtrees at further places. */
static inline void random_shares(struct random_tree *t, uint64_t *seed, unsigned shares) {
	for (unsigned i = 0; i < shares; i++) {
		unsigned len = 1 + random_below(seed, t->bits - 1);
		wide any = (wide)random_next(seed) << 64 | random_next(seed);
		uint32_t *place, shared = random_below(seed, t->count), node = 0;
		unsigned depth = 0, height;

		if (random_below(seed, 2))
			any &= wide_ones(40); /* near ::, where the tree is */
		/* not into what is shared already, which could become too deep: only where nothing is yet */
		for (; depth < len && node < RANDOM_VALUE; depth++)
			node = t->record[node][any >> (t->bits - 1 - depth) & 1];
		if (node < RANDOM_VALUE)
			continue;
		node = 0;
		for (unsigned d = 0; d + 1 < depth; d++)
			node = t->record[node][any >> (t->bits - 1 - d) & 1];
		place = &t->record[node][any >> (t->bits - depth) & 1];
		height = random_height(t, shared, node, t->bits);
		if (depth + height <= t->bits) {
			uint32_t old = *place;

			*place = shared;
			if (random_height(t, 0, RANDOM_EMPTY, t->bits + 1) > t->bits)
				*place = old; /* too deep at another place of this node */
		}
	}
}

static inline void random_aliases(struct random_tree *t, uint64_t *seed) {
	uint32_t *v4 = random_place(t, 0, 96), *mapped, *six_to_four, root;

	if (!v4)
		return;
	root = *v4;
	mapped = random_place(t, IP4_MAPPED_LO, 96);
	six_to_four = random_place(t, (wide)0x2002 << 112, 16);
	if (mapped && random_below(seed, 2))
		*mapped = root;
	if (six_to_four && random_below(seed, 2))
		*six_to_four = root;
}

/* Numbers the nodes that the root leads to and leaves out the others. */
static inline void random_compact(struct random_tree *t) {
	static struct random_tree whole;
	static uint32_t number[RANDOM_NODES], order[RANDOM_NODES];
	uint32_t count = 1;

	whole = *t;
	memset(number, 0xff, sizeof number);
	number[0] = order[0] = 0;
	for (uint32_t i = 0; i < count; i++)
		for (unsigned side = 0; side < 2; side++) {
			uint32_t to = whole.record[order[i]][side];

			if (to < RANDOM_VALUE && number[to] == UINT32_MAX) {
				order[count] = to;
				number[to] = count++;
			}
			t->record[i][side] = to < RANDOM_VALUE ? number[to] : to;
		}
	t->count = count;
}

/* Begins a file with the nodes; value v is the RANDOM_VALUE_LEN bytes at v * RANDOM_VALUE_LEN of the data. */
static inline void random_put_tree(const struct random_tree *t, unsigned bits, struct bytes *ret_file) {
	ret_file->n = 0;
	for (uint32_t i = 0; i < t->count; i++) {
		uint64_t r[2];

		for (unsigned side = 0; side < 2; side++) {
			uint32_t record = t->record[i][side];

			r[side] = record;
			if (record >= RANDOM_VALUE)
				r[side] = t->count + 16 + (uint64_t)(record - RANDOM_VALUE) * RANDOM_VALUE_LEN;
			if (record == RANDOM_EMPTY)
				r[side] = t->count;
		}
		put_node(ret_file, bits, r[0], r[1]);
	}
	put_separator(ret_file);
}

/* A value of RANDOM_VALUE_LEN bytes. */
static inline void random_put_value(struct bytes *f, const char *key, const char *code) {
	put_head(f, 7, 1);
	put_text(f, key);
	put_head(f, 7, 1);
	put_text(f, "iso_code");
	put_text(f, code);
}

/* Writes a file, IPv4 or IPv6, of 24, 28 or 32 bits. */
static inline void random_mmdb(uint64_t *seed, struct random_tree *t, struct bytes *ret_file) {
	static const unsigned sizes[] = { 24, 28, 32 };
	unsigned bits = sizes[random_below(seed, 3)], values = 1 + random_below(seed, RANDOM_VALUES - 1);

	t->bits = random_below(seed, 4) ? 128 : 32;
	t->count = 1;
	t->record[0][0] = t->record[0][1] = RANDOM_EMPTY;
	random_rows(t, seed, random_below(seed, 60), values);
	if (t->bits == 128)
		random_aliases(t, seed);
	random_shares(t, seed, random_below(seed, 8));
	random_compact(t);
	random_put_tree(t, bits, ret_file);
	for (unsigned v = 0; v < values; v++) {
		char code[3] = { (char)('A' + v % 3), (char)('A' + v), 0 };

		random_put_value(ret_file, v % 5 == 4 ? "kountry" : "country", code);
	}
	put_meta(ret_file, t->count, bits, t->bits == 128 ? 6 : 4);
}
