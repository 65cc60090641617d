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

static uint64_t sum(uint64_t a, uint64_t b) {
	uint64_t c;

	return __builtin_add_overflow(a, b, &c) ? UINT64_MAX : c;
}

/* Networks behind a record, those of nodes being known. */
static uint64_t networks(const uint64_t *behind, uint32_t record, uint32_t skip) {
	if (geo_is_node(record))
		return record == skip ? 0 : behind[record];
	return geo_is_leaf(record);
}

/* Halves have smaller numbers than their node. */
uint64_t geo_tree_networks(const struct geo_tree *t, uint32_t root, uint32_t skip) {
	uint64_t *behind, total;

	if (!geo_is_node(root))
		return geo_is_leaf(root);
	behind = calloc((size_t)root + 1, sizeof(*behind));
	if (!behind)
		abort();
	for (uint32_t n = 0; n <= root; n++)
		behind[n] = sum(networks(behind, t->node[n][0], skip), networks(behind, t->node[n][1], skip));
	total = behind[root];
	if (geo_is_node(skip) && skip < root)
		total = sum(total, behind[skip]);
	free(behind);
	return total;
}
