/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node is a prefix that is stored, or the longest common prefix of two branches; children are chosen by the first bit
 * behind the node's length. One root a family, so that ::/0 never answers for an IPv4 address.
 *
 * A lookup compares the whole prefix at each node (two xors) rather than skipping to a leaf and going back: the node is
 * in the cache already, and the way down can end early.
 */
#include "addr/trie.h"

#include "addr/wide.h"

struct trie_node {
	struct prefix prefix;
	void *value; /* NULL: only a branch */
	struct trie_node *child[2];
};

void trie_init(struct trie *t, struct arena *a) {
	*t = (struct trie){ .arena = a };
}

static unsigned bit(struct ip ip, unsigned i) {
	return (unsigned)((i < 64 ? ip.hi : ip.lo) >> (63 - (i & 63))) & 1;
}

/* Whether the first `len` bits are equal. */
static bool same_start(struct ip a, struct ip b, unsigned len) {
	if (len <= 64)
		return len == 0 || (a.hi ^ b.hi) >> (64 - len) == 0;
	return a.hi == b.hi && (a.lo ^ b.lo) >> (128 - len) == 0;
}

static unsigned common_len(struct prefix a, struct prefix b) {
	return MIN(wide_leading_zeros(wide_of(a.ip) ^ wide_of(b.ip)), (unsigned)MIN(a.len, b.len));
}

static struct trie_node *new_node(struct trie *t, struct prefix p, void *value) {
	struct trie_node *n = arena_new(t->arena, struct trie_node);

	n->prefix = p;
	n->value = value;
	return n;
}

static struct trie_node *root_of(const struct trie *t, struct prefix p) {
	return t->root[prefix_family(p) == FAMILY_6];
}

void *trie_add(struct trie *t, struct prefix p, void *value) {
	struct trie_node **link = &t->root[prefix_family(p) == FAMILY_6], *n, *above;
	unsigned common;

	while ((n = *link) && n->prefix.len < p.len && same_start(n->prefix.ip, p.ip, n->prefix.len))
		link = &n->child[bit(p.ip, n->prefix.len)];
	if (n && prefix_equal(n->prefix, p)) {
		if (n->value)
			return n->value;
		n->value = value;
		t->count++;
		return value;
	}
	t->count++;
	if (!n) {
		*link = new_node(t, p, value);
		return value;
	}
	common = common_len(n->prefix, p);
	above = new_node(t, prefix_around(p.ip, common), common == p.len ? value : NULL);
	above->child[bit(n->prefix.ip, common)] = n;
	if (common < p.len)
		above->child[bit(p.ip, common)] = new_node(t, p, value);
	*link = above;
	return value;
}

void *trie_get(const struct trie *t, struct prefix p) {
	const struct trie_node *n = root_of(t, p);

	while (n && n->prefix.len < p.len)
		n = n->child[bit(p.ip, n->prefix.len)];
	return n && prefix_equal(n->prefix, p) ? n->value : NULL;
}

void *trie_lookup_prefix(const struct trie *t, struct prefix p, struct prefix *ret_p) {
	const struct trie_node *best = NULL;

	for (const struct trie_node *n = root_of(t, p);
	     n && n->prefix.len <= p.len && same_start(n->prefix.ip, p.ip, n->prefix.len);
	     n = n->child[bit(p.ip, n->prefix.len)]) {
		if (n->value)
			best = n;
		if (n->prefix.len == 128)
			break;
	}
	if (!best)
		return NULL;
	if (ret_p)
		*ret_p = best->prefix;
	return best->value;
}

void *trie_lookup(const struct trie *t, struct ip ip, struct prefix *ret_p) {
	return trie_lookup_prefix(t, prefix_host(ip), ret_p);
}

int trie_each_covering(const struct trie *t, struct prefix p, int (*fn)(struct prefix, void *value, void *user),
		       void *user) {
	for (const struct trie_node *n = root_of(t, p);
	     n && n->prefix.len <= p.len && same_start(n->prefix.ip, p.ip, n->prefix.len);
	     n = n->child[bit(p.ip, n->prefix.len)]) {
		int r = n->value ? fn(n->prefix, n->value, user) : 0;

		if (r || n->prefix.len == 128)
			return r;
	}
	return 0;
}

/* Recursion is at most 129 deep: the lengths grow on the way down. */
static int walk(const struct trie_node *n, int (*fn)(struct prefix, void *value, void *user), void *user) {
	int r = n->value ? fn(n->prefix, n->value, user) : 0;

	for (int i = 0; i < 2 && !r; i++)
		if (n->child[i])
			r = walk(n->child[i], fn, user);
	return r;
}

int trie_each_inside(const struct trie *t, struct prefix p, int (*fn)(struct prefix, void *value, void *user),
		     void *user) {
	const struct trie_node *n = root_of(t, p);

	while (n && n->prefix.len < p.len)
		n = n->child[bit(p.ip, n->prefix.len)];
	return n && same_start(n->prefix.ip, p.ip, p.len) ? walk(n, fn, user) : 0;
}
