/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers are those of a postorder walk, right halves first, counted from its end: in a tree that is preorder, and with
 * shared subtrees it still has every node behind those that name it. Readers that load such a file (tree_load.c) need
 * neither a walk nor a search for cycles.
 */
#include <string.h>

#include "geo/tree.h"

static uint32_t visit(const struct geo_tree *t, uint32_t n, uint32_t *number, uint32_t done) {
	/* Its turn comes after all that is behind the right half. */
	if (geo_is_node(t->node[n][0]))
		__builtin_prefetch(&t->node[t->node[n][0]]);
	for (int half = 1; half >= 0; half--) {
		uint32_t record = t->node[n][half];

		if (geo_is_node(record) && number[record] == GEO_EMPTY)
			done = visit(t, record, number, done);
	}
	number[n] = done;
	return done + 1;
}

uint32_t geo_tree_number(const struct geo_tree *t, uint32_t root, uint32_t *number) {
	uint32_t count;

	memset(number, 0xff, t->count * sizeof(*number));
	count = visit(t, root, number, 0);
	for (uint32_t n = 0; n < t->count; n++)
		if (number[n] != GEO_EMPTY)
			number[n] = count - 1 - number[n];
	return count;
}

/* Networks behind a record: 32 bits are nearly always enough, and half the memory. */
static inline uint64_t networks(const uint32_t *narrow, const uint64_t *wide, uint32_t record) {
	if (geo_is_node(record))
		return narrow ? narrow[record] : wide[record];
	return geo_is_leaf(record);
}

/* Counts upwards, halves having smaller numbers than their node. False: more than the array's numbers can say, with
 * the wide one UINT64_MAX being as many as that. */
static bool count(const struct geo_tree *t, uint32_t root, uint32_t skip, uint32_t *narrow, uint64_t *wide,
		  uint64_t *ret_total) {
	uint64_t once = 0;

	for (uint32_t n = 0; n <= root; n++) {
		uint64_t left = networks(narrow, wide, t->node[n][0]), both;

		if (__builtin_add_overflow(left, networks(narrow, wide, t->node[n][1]), &both))
			both = UINT64_MAX;
		if (narrow && both > UINT32_MAX)
			return false;
		*ret_total = both;
		if (n == skip) {
			once = both;
			both = 0;
		}
		if (narrow)
			narrow[n] = (uint32_t)both;
		else
			wide[n] = both;
	}
	if (__builtin_add_overflow(*ret_total, once, ret_total))
		*ret_total = UINT64_MAX;
	return true;
}

uint64_t geo_tree_networks(const struct geo_tree *t, uint32_t root, uint32_t skip) {
	_cleanup_(freep) uint32_t *narrow = NULL;
	_cleanup_(freep) uint64_t *wide = NULL;
	uint64_t total;

	if (!geo_is_node(root))
		return geo_is_leaf(root);
	narrow = malloc(((size_t)root + 1) * sizeof(*narrow));
	if (!narrow)
		abort();
	if (count(t, root, skip, narrow, NULL, &total))
		return total;
	wide = malloc(((size_t)root + 1) * sizeof(*wide));
	if (!wide)
		abort();
	(void)count(t, root, skip, NULL, wide, &total);
	return total;
}
