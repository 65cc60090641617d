/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes are in one array, found again by a hash table of their numbers: open addressing, linear probing, at most five
 * sixths full. Nearly all the time of a build goes into these searches, each of which misses the cache; so a slot
 * keeps bits of the hash above the number, as many as the number leaves free, and a node is only looked at when it is
 * almost certainly the one.
 *
 * Whoever chooses the rows chooses the pairs. Hashing is a multiplication keyed afresh in each process, whose result is
 * seen nowhere, so that collisions cannot be prepared. Nothing may depend on the numbers of nodes, but that a node's is
 * above those of its halves.
 */
#include "geo/tree.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "addr/wide.h"
#include "geo/tree_table.h"

enum { FIRST_CAP = 1024, AHEAD = 16, LARGE_PAGE = 2 << 20 };

_Noreturn static void no_memory(void) {
	(void)fprintf(stderr, "hextet: out of memory for the nodes of a tree\n");
	abort();
}

void geo_tree_init(struct geo_tree *t) {
	*t = (struct geo_tree){ 0 };
	if (getrandom(t->key, sizeof(t->key), 0) != (ssize_t)sizeof(t->key))
		abort(); /* 16 bytes are never short */
	t->key[1] |= 1;
}

void geo_tree_done(struct geo_tree *t) {
	free(t->node);
	free(t->slot);
	*t = (struct geo_tree){ 0 };
}

void geo_tree_freeze(struct geo_tree *t) {
	free(t->slot);
	t->slot = NULL;
	t->slots = 0;
}

/* The arrays are touched from end to end, in no order: small pages would cost as much time as the tree. */
static void use_large_pages(void *array, size_t len) {
	uintptr_t first = ((uintptr_t)array + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1);
	uintptr_t end = ((uintptr_t)array + len) & ~(uintptr_t)(LARGE_PAGE - 1);

	if (first < end)
		(void)madvise((void *)first, end - first, MADV_HUGEPAGE);
}

void geo_table_room(struct geo_tree *t, uint32_t nodes) {
	uint64_t slots = (uint64_t)nodes + nodes / 5 + 1;

	if (nodes >= GEO_LEAF || slots > UINT32_MAX)
		no_memory();
	t->node = reallocarray(t->node, nodes, sizeof(*t->node));
	free(t->slot);
	t->slot = calloc(slots, sizeof(*t->slot));
	if (!t->node || !t->slot)
		no_memory();
	use_large_pages(t->node, nodes * sizeof(*t->node));
	use_large_pages(t->slot, slots * sizeof(*t->slot));
	t->cap = nodes;
	t->slots = (uint32_t)slots;
	t->tag = (uint32_t)(UINT64_MAX << (32 - __builtin_clz(nodes)));
}

/*
 * Nodes are distinct: the first free slot is the place, fetched some nodes ahead. The one that is not, graft's IPv4
 * root, comes behind its twin, and so is never found.
 */
static void rebuild(struct geo_tree *t, uint32_t nodes) {
	geo_table_room(t, nodes);
	for (uint32_t n = 0; n < t->count; n++) {
		uint64_t hash = geo_table_hash(t, t->node[n][0], t->node[n][1]);
		uint32_t at = geo_table_slot(t, hash);

		if (n + AHEAD < t->count)
			geo_table_fetch(t, n + AHEAD);
		while (t->slot[at])
			at = geo_table_next(t, at);
		t->slot[at] = geo_table_entry(t, hash, n);
	}
}

void geo_tree_reserve(struct geo_tree *t, uint32_t nodes) {
	if (nodes > t->cap)
		rebuild(t, nodes);
}

void geo_table_grow(struct geo_tree *t) {
	rebuild(t, t->slots ? t->cap + t->cap / 2 : MAX(t->cap, (uint32_t)FIRST_CAP));
}

uint32_t geo_tree_push(struct geo_tree *t, uint32_t left, uint32_t right) {
	if (t->count == t->cap)
		geo_table_grow(t);
	t->node[t->count][0] = left;
	t->node[t->count][1] = right;
	return t->count++;
}

uint32_t geo_tree_node(struct geo_tree *t, uint32_t left, uint32_t right) {
	return geo_table_node(t, left, right);
}

/* `bits`: of the address, from its highest, and how many of them lead to the place. */
static uint32_t set(struct geo_tree *t, uint32_t record, wide bits, unsigned len, uint32_t value) {
	uint32_t half[2] = { record, record };
	unsigned bit = bits >> 127;

	if (!len)
		return value;
	if (geo_is_node(record)) {
		half[0] = t->node[record][0];
		half[1] = t->node[record][1];
	}
	half[bit] = set(t, half[bit], bits << 1, len - 1, value);
	return geo_tree_node(t, half[0], half[1]);
}

uint32_t geo_tree_set(struct geo_tree *t, uint32_t root, struct ip ip, unsigned len, uint32_t record) {
	return set(t, root, wide_of(ip), len, record);
}

uint32_t geo_tree_find(const struct geo_tree *t, uint32_t root, struct ip ip, enum family family, unsigned *ret_len) {
	wide bits = family == FAMILY_4 ? wide_of(ip) << 96 : wide_of(ip);
	unsigned len = 0, most = family == FAMILY_4 ? 32 : 128;

	for (; geo_is_node(root) && len < most; len++, bits <<= 1)
		root = t->node[root][bits >> 127];
	*ret_len = len;
	return root;
}
