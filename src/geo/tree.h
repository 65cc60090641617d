/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A binary trie over addresses in which equal subtrees are one (a directed acyclic graph): node (left, right) exists
 * once, and a node whose two records are the same leaf does not exist. So a set of answers has exactly one tree,
 * however it was made: from rows in any order, from a file, or by laying one layer over another. Only the numbers of
 * its nodes differ, and nodes that no longer belong to it are left behind; so a file takes its numbers from
 * geo_tree_number(), which knows the shape alone. What follows from that:
 *
 *   - the same rows in any order make the same file, byte for byte;
 *   - exceptions over a base that was loaded from a file make the file that the base's rows and the exceptions make
 *     when everything is built anew, as far as the records are the same: geo_tree_load() enters every loaded node in
 *     the hash table, which costs a few milliseconds and is what lets an exception fall together with a subtree that
 *     the base has elsewhere;
 *   - a base that another writer made, without sharing, becomes such a tree too.
 *
 * Memory: 8 bytes a node and about 5 for finding it again. A node has a greater number than the nodes it names.
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
	uint32_t *slot; /* hash table: node number + 1, and bits of the hash above it */
	uint32_t slots; /* their number; 0: frozen or nothing in it yet */
	uint32_t tag;   /* the bits of a slot that are of the hash */
	uint64_t key[2];
};

struct geo_roots {
	uint32_t v4, v6; /* records; the v4 root is 32 bits deep, the v6 root 128 */
};

void geo_tree_init(struct geo_tree *t);
void geo_tree_done(struct geo_tree *t);

/* Makes room for about this many nodes at once; what is known in advance need not grow. */
void geo_tree_reserve(struct geo_tree *t, uint32_t nodes);

/* Frees the hash table, before a file is written: no node can be added then. */
void geo_tree_freeze(struct geo_tree *t);

/* The record for a pair of records: an existing node, a new one, or the leaf both are. Aborts when out of memory. */
uint32_t geo_tree_node(struct geo_tree *t, uint32_t left, uint32_t right);

/* The tree `root` with another record for one place: the first `len` bits of the address (an IPv4 address has its bits
 * in ::ffff:0:0/96, so give it to a tree of 128 levels only). */
uint32_t geo_tree_set(struct geo_tree *t, uint32_t root, struct ip ip, unsigned len, uint32_t record);

/*
 * Fills an empty tree with the nodes of a file: node[n], n < count, whose records are numbers below count, leaves or
 * GEO_EMPTY; node 0 is the root of a tree of `bits` (32 or 128) levels. Takes the array over (it is the caller's
 * malloc) and frees it on error too. *ret_root is the record of the whole tree.
 *
 * A tree in which children have greater numbers than their parents, equal subtrees are one and no node has twice the
 * same leaf, is taken as it is, at a few nanoseconds a node; files of ours are such. Any other tree is made one.
 * -ELOOP: deeper than `bits`, as a file with a cycle is.
 */
int geo_tree_load(struct geo_tree *t, uint32_t (*node)[2], uint32_t count, unsigned bits, uint32_t *ret_root);

/*
 * Numbers the nodes below `root` (a node) for a file: number[n] for n < t->count is the node's number there, or
 * GEO_EMPTY when the root does not lead to it. The root is 0, every node is behind all that name it, and otherwise the
 * left half is before the right, as in preorder. Equal trees get equal numbers. Returns how many nodes have one.
 */
uint32_t geo_tree_number(const struct geo_tree *t, uint32_t root, uint32_t *number);

/* How many networks the tree has that end at a leaf, each place counted. What lies behind the node `skip` (the IPv4
 * root of a whole tree, which its aliases share) counts once; GEO_EMPTY: there is none. */
uint64_t geo_tree_networks(const struct geo_tree *t, uint32_t root, uint32_t skip);

/* The record that an address of `bits` bits (32 or 128) ends at, and how many bits decided. */
uint32_t geo_tree_find(const struct geo_tree *t, uint32_t root, struct ip ip, enum family family, unsigned *ret_len);

/*
 * Makes a tree of disjoint prefixes and ranges that come in address order; what they leave out is empty. No node is
 * made before both its halves are complete, so that one waiting half for each level is all there is besides.
 */
struct geo_builder {
	struct geo_tree *tree;
	unsigned bits; /* 32 or 128 */
	/* Private. Addresses are numbers of `bits` bits. The answer from `start` to before `next` is `record`; what
	 * lies before `start` is in the tree. */
	struct ip start, next;
	bool full; /* nothing is left to cover: `next` is behind the last address */
	uint32_t record;
	uint32_t left[129]; /* by depth: the left half that waits for its right; left[0] becomes the root */
};
void geo_builder_init(struct geo_builder *b, struct geo_tree *t, enum family family);
void geo_builder_add(struct geo_builder *b, struct prefix p, uint32_t record);
void geo_builder_add_range(struct geo_builder *b, struct range r, uint32_t record);
uint32_t geo_builder_finish(struct geo_builder *b);

/*
 * Lays one layer over another: where `upper`, a record of the tree `from`, has an answer, map(upper's leaf, lower's
 * record) is the answer, else lower's. The result is in `t`; `from` may be `t`, but a tree of its own leaves `t`
 * without the nodes that only the layer has. map() gets GEO_EMPTY as lower record where the lower layer has none; it
 * must be a pure function: it is asked for a pair once or a few times.
 *
 * Costs the prefixes of the upper layer, each with the levels above it, and for each of its leaves the distinct nodes
 * of the lower layer that lie below.
 */
uint32_t geo_tree_overlay(struct geo_tree *t, const struct geo_tree *from, uint32_t upper, uint32_t lower,
			  uint32_t (*map)(uint32_t upper_leaf, uint32_t lower_leaf, void *user), void *user);

/* Which places of the IPv6 space answer as the IPv4 address inside does. */
enum geo_alias { GEO_ALIAS_MAPPED = 1, GEO_ALIAS_6TO4 = 2, GEO_ALIAS_TEREDO = 4 };

/*
 * The root of the whole 128-bit tree: IPv4 at ::/96 and at the aliases. The root is a node even when there is nothing.
 * The IPv4 root, when it is a node, is one that nothing else uses (readers that skip aliases recognise it by its
 * number). What the v6 tree says about those places is left out, and about ::ffff:0:0/96 in any case: addresses there
 * are IPv4.
 */
uint32_t geo_tree_graft(struct geo_tree *t, struct geo_roots roots, unsigned aliases, uint32_t *ret_v4_root);

/* The opposite, for a tree that was loaded: IPv4 is what is at ::/96, and the v6 tree is empty there, at ::ffff:0:0/96
 * and at the aliases. */
struct geo_roots geo_tree_split(struct geo_tree *t, uint32_t root, unsigned aliases);
