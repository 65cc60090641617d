/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefix → value, with longest-prefix match. A trie of four bits a node with bitmaps for what a node has (as in tree
 * bitmap, Eatherton, Varghese, Dittia 2004), and with single ways skipped: a lookup touches at most 33 nodes, in
 * practice one for each four bits in which the stored prefixes differ. Prefixes may be added at any time, at about the
 * cost of a lookup; some 120 bytes each.
 *
 * Nodes live in the arena given at init. Values are the caller's and not NULL.
 */
#pragma once

#include "addr/prefix.h"
#include "base/arena.h"

struct trie_node;

struct trie {
	struct arena *arena;
	struct trie_node *root[2]; /* IPv4, IPv6: the families never meet, see prefix.h */
	size_t count;              /* prefixes stored */
};

void trie_init(struct trie *t, struct arena *a);

/* Stores value unless the prefix is taken; returns the value that is in the trie afterwards. */
void *trie_add(struct trie *t, struct prefix p, void *value);

/* The value stored for exactly this prefix, or NULL. */
void *trie_get(const struct trie *t, struct prefix p);

/* The value of the longest stored prefix that has the address (covers the prefix), or NULL; ret_p may be NULL. */
void *trie_lookup(const struct trie *t, struct ip ip, struct prefix *ret_p);
void *trie_lookup_prefix(const struct trie *t, struct prefix p, struct prefix *ret_p);

/* Calls fn for each stored prefix that covers p, shortest first; for each one inside p (p included), in address order.
 * A non-zero result stops the walk and is returned. */
int trie_each_covering(const struct trie *t, struct prefix p, int (*fn)(struct prefix, void *value, void *user),
		       void *user);
int trie_each_inside(const struct trie *t, struct prefix p, int (*fn)(struct prefix, void *value, void *user),
		     void *user);
