/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefix → value, with longest-prefix match. A path-compressed binary trie (Morrison 1968; as in BSD's radix tables):
 * at most 2n - 1 nodes for n prefixes, lookups touch at most one node per distinct length on the path.
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
