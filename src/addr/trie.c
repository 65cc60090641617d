/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node stands for four bits of the address: the stored prefixes that end in them (15 slots: a complete binary tree of
 * lengths 0 to 3, numbered as in a heap, 1 is the root) and the nodes behind them (16 nibbles). Both are bitmaps with a
 * dense array each, so that an empty slot costs one bit; a node is found by counting the bits below its own. Nibbles
 * that lead to one node only are skipped: the node has all bits on the way to it and compares them.
 *
 * One root a family, so that ::/0 never answers for an IPv4 address. Arrays grow by doubling and leave the old ones to
 * the arena, which costs at most as much again.
 */
#include "addr/trie.h"

#include <string.h>

#include "addr/wide.h"

enum { STRIDE = 4 };

struct trie_node {
	struct ip ip;      /* the bits on the way, zeros behind */
	uint8_t len;       /* how many; a multiple of STRIDE */
	uint16_t children; /* nibbles that have a node in `child` */
	uint16_t values;   /* slots that have a value */
	struct trie_node *child;
	union {
		void *one; /* when there is one value */
		void **many;
	};
};

/* For each nibble, the slots of the prefixes that have it: lengths 0, 1, 2 and 3. */
#define SLOTS(n) (1U << 1 | 1U << (2 | (n) >> 3) | 1U << (4 | (n) >> 2) | 1U << (8 | (n) >> 1))
static const uint16_t slots_of_nibble[16] = {
	SLOTS(0), SLOTS(1), SLOTS(2),  SLOTS(3),  SLOTS(4),  SLOTS(5),  SLOTS(6),  SLOTS(7),
	SLOTS(8), SLOTS(9), SLOTS(10), SLOTS(11), SLOTS(12), SLOTS(13), SLOTS(14), SLOTS(15),
};

void trie_init(struct trie *t, struct arena *a) {
	*t = (struct trie){ .arena = a };
}

/* Bits of the map below bit i. */
static unsigned rank(uint16_t map, unsigned i) {
	unsigned x = map & ((1U << i) - 1);

	x -= x >> 1 & 0x5555;
	x = (x & 0x3333) + (x >> 2 & 0x3333);
	return (x * 0x1111) >> 12 & 15;
}

static unsigned size_of_map(uint16_t map) {
	return (unsigned)__builtin_popcount(map);
}

/* The four bits behind the first `len` of an address; 0 at its end. */
static unsigned nibble(struct ip ip, unsigned len) {
	if (len == 128)
		return 0;
	return (unsigned)((len < 64 ? ip.hi : ip.lo) >> (60 - (len & 63))) & 15;
}

/* Whether the first `len` bits are equal. */
static bool same_start(struct ip a, struct ip b, unsigned len) {
	if (len <= 64)
		return len == 0 || (a.hi ^ b.hi) >> (64 - len) == 0;
	return a.hi == b.hi && (a.lo ^ b.lo) >> (128 - len) == 0;
}

/* The length of the node that a prefix is stored in, and its slot there. */
static unsigned node_len(struct prefix p) {
	return p.len / STRIDE * STRIDE;
}

static unsigned slot_of(struct prefix p) {
	unsigned k = p.len % STRIDE;

	return 1U << k | nibble(p.ip, node_len(p)) >> (STRIDE - k);
}

static struct prefix prefix_at(const struct trie_node *n, unsigned slot) {
	unsigned k = 31U - (unsigned)__builtin_clz(slot), len = n->len + k;
	wide bits = wide_left(slot ^ 1U << k, 128 - len);

	return (struct prefix){ wide_ip(wide_of(n->ip) | bits), (uint8_t)len };
}

static void *value_at(const struct trie_node *n, unsigned slot) {
	if (!(n->values >> slot & 1))
		return NULL;
	return n->values & (n->values - 1U) ? n->many[rank(n->values, slot)] : n->one;
}

static struct trie_node *child_at(const struct trie_node *n, unsigned nib) {
	return n->children >> nib & 1 ? n->child + rank(n->children, nib) : NULL;
}

static struct trie_node *const *root_of(const struct trie *t, struct prefix p) {
	return &t->root[prefix_family(p) == FAMILY_6];
}

/*
 * Makes room for one item at `at` in an array (NULL: none yet) of n items of the size; arrays hold a power of two.
 * Returns the array, in a new place when it was full.
 */
static void *open_gap(struct trie *t, void *array, unsigned n, unsigned at, size_t size) {
	char *old = array, *new = old;

	if (!array)
		return arena_alloc(t->arena, size);
	if ((n & (n - 1)) == 0) {
		new = arena_alloc(t->arena, 2 * (size_t)n * size);
		memcpy(new, old, at * size);
	}
	memmove(new + (at + 1) * size, old + at * size, (n - at) * size);
	return new;
}

static struct trie_node *add_child(struct trie *t, struct trie_node *n, unsigned nib, struct trie_node child) {
	unsigned at = rank(n->children, nib);

	n->child = open_gap(t, n->child, size_of_map(n->children), at, sizeof(child));
	n->children |= (uint16_t)(1U << nib);
	n->child[at] = child;
	return &n->child[at];
}

static void add_value(struct trie *t, struct trie_node *n, unsigned slot, void *value) {
	unsigned count = size_of_map(n->values), at = rank(n->values, slot);

	if (count == 0) {
		n->one = value;
	} else {
		void *one = n->one;

		n->many = open_gap(t, count == 1 ? &one : (void *)n->many, count, at, sizeof(void *));
		n->many[at] = value;
	}
	n->values |= (uint16_t)(1U << slot);
	t->count++;
}

static struct trie_node empty_node(struct prefix p, unsigned len) {
	return (struct trie_node){ .ip = prefix_around(p.ip, len).ip, .len = (uint8_t)len };
}

/* The node of this prefix below `n`, made when it is not there. */
static struct trie_node *make_node(struct trie *t, struct trie_node *n, struct prefix p) {
	unsigned len = node_len(p);

	for (;;) {
		unsigned same = wide_leading_zeros(wide_of(n->ip) ^ wide_of(p.ip)) / STRIDE * STRIDE;
		struct trie_node *child;

		same = MIN(same, MIN(n->len, len));
		if (same < n->len) {
			struct trie_node below = *n;

			*n = empty_node(p, same);
			(void)add_child(t, n, nibble(below.ip, same), below);
		}
		if (n->len == len)
			return n;
		child = child_at(n, nibble(p.ip, n->len));
		if (!child)
			return add_child(t, n, nibble(p.ip, n->len), empty_node(p, len));
		n = child;
	}
}

void *trie_add(struct trie *t, struct prefix p, void *value) {
	struct trie_node **root = &t->root[prefix_family(p) == FAMILY_6], *n;
	void *old;

	if (!*root) {
		*root = arena_new(t->arena, struct trie_node);
		**root = empty_node(p, node_len(p));
	}
	n = make_node(t, *root, p);
	old = value_at(n, slot_of(p));
	if (old)
		return old;
	add_value(t, n, slot_of(p), value);
	return value;
}

/* The first node at or below the length that p is stored at, on the way to p; not necessarily one that fits. */
static const struct trie_node *find_node(const struct trie *t, struct prefix p) {
	const struct trie_node *n = *root_of(t, p);

	while (n && n->len < node_len(p) && same_start(n->ip, p.ip, n->len))
		n = child_at(n, nibble(p.ip, n->len));
	return n;
}

void *trie_get(const struct trie *t, struct prefix p) {
	const struct trie_node *n = find_node(t, p);

	return n && n->len == node_len(p) && same_start(n->ip, p.ip, n->len) ? value_at(n, slot_of(p)) : NULL;
}

/* The slots of the node whose prefixes cover p, which has all bits of the node. */
static unsigned covering_slots(const struct trie_node *n, struct prefix p) {
	static const uint16_t up_to[STRIDE] = { 0x3, 0xf, 0xff, 0xffff };

	return n->values & slots_of_nibble[nibble(p.ip, n->len)] & up_to[MIN(p.len - n->len, STRIDE - 1)];
}

/* The next node on the way to p; NULL when none can cover it. */
static const struct trie_node *next_node(const struct trie_node *n, struct prefix p) {
	return p.len - n->len < STRIDE ? NULL : child_at(n, nibble(p.ip, n->len));
}

static bool on_the_way(const struct trie_node *n, struct prefix p) {
	return n && n->len <= p.len && same_start(n->ip, p.ip, n->len);
}

void *trie_lookup_prefix(const struct trie *t, struct prefix p, struct prefix *ret_p) {
	const struct trie_node *best = NULL;
	unsigned best_slots = 0, slot;

	for (const struct trie_node *n = *root_of(t, p); on_the_way(n, p); n = next_node(n, p)) {
		unsigned slots = covering_slots(n, p);

		if (slots) {
			best = n;
			best_slots = slots;
		}
	}
	if (!best)
		return NULL;
	slot = 31U - (unsigned)__builtin_clz(best_slots);
	if (ret_p)
		*ret_p = prefix_at(best, slot);
	return value_at(best, slot);
}

void *trie_lookup(const struct trie *t, struct ip ip, struct prefix *ret_p) {
	return trie_lookup_prefix(t, prefix_host(ip), ret_p);
}

int trie_each_covering(const struct trie *t, struct prefix p, int (*fn)(struct prefix, void *value, void *user),
		       void *user) {
	for (const struct trie_node *n = *root_of(t, p); on_the_way(n, p); n = next_node(n, p))
		for (unsigned slots = covering_slots(n, p); slots; slots &= slots - 1) {
			unsigned slot = (unsigned)__builtin_ctz(slots);
			int r = fn(prefix_at(n, slot), value_at(n, slot), user);

			if (r)
				return r;
		}
	return 0;
}

/* All at and below a slot. At most 33 nodes of four levels deep, as the lengths grow. */
static int walk(const struct trie_node *n, unsigned slot, int (*fn)(struct prefix, void *value, void *user),
		void *user) {
	void *value = value_at(n, slot);
	int r = value ? fn(prefix_at(n, slot), value, user) : 0;

	if (!n->children && n->values >> slot <= 1)
		return r;
	for (unsigned i = 2 * slot; i < 2 * slot + 2 && !r; i++) {
		const struct trie_node *child = slot < 8 ? NULL : child_at(n, i - 16);

		if (slot < 8)
			r = walk(n, i, fn, user);
		else if (child)
			r = walk(child, 1, fn, user);
	}
	return r;
}

int trie_each_inside(const struct trie *t, struct prefix p, int (*fn)(struct prefix, void *value, void *user),
		     void *user) {
	const struct trie_node *n = find_node(t, p);

	if (!n || n->len < node_len(p) || !same_start(n->ip, p.ip, MIN(n->len, p.len)))
		return 0;
	return walk(n, n->len < p.len ? slot_of(p) : 1, fn, user);
}
