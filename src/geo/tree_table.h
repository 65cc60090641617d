/* SPDX-License-Identifier: Apache-2.0 */
/* The hash table of a tree's nodes, for the files that fill it; see tree.c. */
#pragma once

#include "addr/wide.h"
#include "geo/tree.h"

/* Sets the capacity, with an empty table. */
void geo_table_room(struct geo_tree *t, uint32_t nodes);

/* Appends a node that is not in the table. */
uint32_t geo_tree_push(struct geo_tree *t, uint32_t left, uint32_t right);

static inline uint64_t geo_table_hash(const struct geo_tree *t, uint32_t left, uint32_t right) {
	wide product = (wide)(((uint64_t)left << 32 | right) ^ t->key[0]) * t->key[1];

	return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static inline uint32_t geo_table_slot(const struct geo_tree *t, uint64_t hash) {
	return (uint32_t)((hash >> 32) * t->slots >> 32);
}

static inline uint32_t geo_table_next(const struct geo_tree *t, uint32_t at) {
	return at + 1 == t->slots ? 0 : at + 1;
}

static inline uint32_t geo_table_entry(const struct geo_tree *t, uint64_t hash, uint32_t n) {
	return ((uint32_t)hash & t->tag) | (n + 1);
}

/* The node of this pair, or GEO_EMPTY and the slot for it. */
static inline uint32_t geo_table_find(const struct geo_tree *t, uint64_t hash, uint32_t left, uint32_t right,
				      uint32_t *ret_at) {
	uint32_t at = geo_table_slot(t, hash), entry;

	for (; (entry = t->slot[at]); at = geo_table_next(t, at)) {
		uint32_t n = (entry & ~t->tag) - 1;

		if (!((entry ^ (uint32_t)hash) & t->tag) && t->node[n][0] == left && t->node[n][1] == right)
			return n;
	}
	*ret_at = at;
	return GEO_EMPTY;
}

/* Asks memory for the slot of a node that is entered soon. */
static inline void geo_table_fetch(const struct geo_tree *t, uint32_t n) {
	__builtin_prefetch(&t->slot[geo_table_slot(t, geo_table_hash(t, t->node[n][0], t->node[n][1]))], 1);
}

/* Makes room for more nodes. */
void geo_table_grow(struct geo_tree *t);

/* geo_tree_node(), inlined where it is called a million times. */
static inline uint32_t geo_table_node(struct geo_tree *t, uint32_t left, uint32_t right) {
	uint64_t hash;
	uint32_t at = 0, n;

	if (left == right && !geo_is_node(left))
		return left;
	if (t->count == t->cap || !t->slots)
		geo_table_grow(t);
	hash = geo_table_hash(t, left, right);
	n = geo_table_find(t, hash, left, right, &at);
	if (n != GEO_EMPTY)
		return n;
	n = t->count++;
	t->node[n][0] = left;
	t->node[n][1] = right;
	t->slot[at] = geo_table_entry(t, hash, n);
	return n;
}
