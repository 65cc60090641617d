/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A binary trie over addresses in which equal subtrees are one (a directed acyclic graph): node (left, right) exists
 * once, and a node whose two records are the same leaf does not exist. So a set of answers has exactly one tree,
 * however it was made. Memory: 8 bytes a node and 4 to 8 for finding it again.
 *
 * The families have a root each and never meet; graft() joins them for a file, in which IPv4 lives at ::/96.
 */
#pragma once

#include "addr/set.h"

/* A record: a node below GEO_LEAF, GEO_EMPTY, GEO_ALIAS4 (the IPv4 tree, for ::ffff:0:0/96 and 2002::/16), else
 * GEO_LEAF + value. Values are below 2^31 - 2. */
#define GEO_LEAF UINT32_C(0x80000000)
#define GEO_ALIAS4 UINT32_C(0xfffffffe)
#define GEO_EMPTY UINT32_C(0xffffffff)

static inline bool geo_is_node(uint32_t record) {
	return record < GEO_LEAF;
}
static inline bool geo_is_leaf(uint32_t record) {
	return record >= GEO_LEAF && record < GEO_ALIAS4;
}

struct geo_tree {
	uint32_t (*node)[2]; /* left, right records */
	uint32_t count, cap;
	uint32_t *slot; /* hash table of node numbers + 1 */
	uint32_t slot_mask;
	uint64_t key[2];
};

struct geo_roots {
	uint32_t v4, v6; /* records; the v4 root is 32 bits deep, the v6 root 128 */
};

void geo_tree_init(struct geo_tree *t);
void geo_tree_done(struct geo_tree *t);

/* Frees the hash table; no node can be added then. */
void geo_tree_freeze(struct geo_tree *t);

/* The record for a pair of records: an existing node, a new one, or the leaf both are. Aborts when out of memory. */
uint32_t geo_tree_node(struct geo_tree *t, uint32_t left, uint32_t right);

/* The record that an address of `bits` bits (32 or 128) ends at, and how many bits decided. */
uint32_t geo_tree_find(const struct geo_tree *t, uint32_t root, struct ip ip, enum family family, unsigned *ret_len);

/* Makes a tree of disjoint prefixes that come in address order (post-order, one open node for each level). */
struct geo_builder {
	struct geo_tree *tree;
	unsigned bits;  /* 32 or 128 */
	struct ip next; /* first address not yet covered, left-aligned for both families */
	bool full;      /* the last address is covered */
	uint32_t left[129];
	uint64_t has_left[3]; /* bit set: left[depth] waits for its right */
};
void geo_builder_init(struct geo_builder *b, struct geo_tree *t, enum family family);
void geo_builder_add(struct geo_builder *b, struct prefix p, uint32_t record);
void geo_builder_add_range(struct geo_builder *b, struct range r, uint32_t record);
uint32_t geo_builder_finish(struct geo_builder *b);

/*
 * Lays one layer over another: where `upper` has an answer, map(upper's leaf, lower's record) is the answer, else
 * lower's. map() gets GEO_EMPTY as lower record where the lower layer has none; it must be a pure function (it is asked
 * once for each pair). Shared subtrees are visited once. O(nodes touched).
 */
uint32_t geo_tree_overlay(struct geo_tree *t, uint32_t upper, uint32_t lower,
			  uint32_t (*map)(uint32_t upper_leaf, uint32_t lower_leaf, void *user), void *user);

/* Which places of the IPv6 space answer as the IPv4 address inside does. */
enum geo_alias { GEO_ALIAS_MAPPED = 1, GEO_ALIAS_6TO4 = 2, GEO_ALIAS_TEREDO = 4 };

/*
 * The root of the whole 128-bit tree: IPv4 at ::/96 and at the aliases. The IPv4 root, when it is a node, is a node
 * that nothing else uses (readers that skip aliases recognise it by its number). What the v6 tree says about those
 * places is left out.
 */
uint32_t geo_tree_graft(struct geo_tree *t, struct geo_roots roots, unsigned aliases, uint32_t *ret_v4_root);
