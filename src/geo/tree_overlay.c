/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both layers are walked together from their roots. Where the upper one is empty the lower one's subtree is taken as it
 * is, and a node whose halves stayed what they were is not looked for again: the cost is in the places where the upper
 * layer says something.
 *
 * The upper layer is walked as the tree it stands for, not node by node: it came from prefixes, and has no more places
 * than they have bits. The lower one may come from a file, and a leaf over it is different: 2^30 places can be few
 * nodes. So what a leaf makes of a node is remembered. Only ways that fork and meet again multiply, hence only nodes of
 * which both halves are nodes are worth it; that is a fraction of them.
 */
#include <string.h>

#include "geo/tree_table.h"

enum { ANSWERS = 1024 };

/* What a leaf of the upper layer makes of a record of the lower one. `upper` is 0, which is no leaf, in an empty place.
 */
struct covered {
	uint32_t upper, lower, result;
};

struct overlay {
	struct geo_tree *t;
	const struct geo_tree *from;
	uint32_t (*map)(uint32_t upper_leaf, uint32_t lower_leaf, void *user);
	void *user;
	struct covered answer[ANSWERS]; /* of map(), the last ones */
	struct covered *known;          /* of nodes: open addressing, at most half full */
	size_t count, cap;
};

static uint32_t ask(struct overlay *o, uint32_t upper, uint32_t lower) {
	struct covered *a = &o->answer[(upper * 31 + lower) % ANSWERS];

	if (a->upper != upper || a->lower != lower)
		*a = (struct covered){ upper, lower, o->map(upper, lower, o->user) };
	return a->result;
}

/* The place of what is known, or where it belongs. */
static struct covered *find(const struct overlay *o, uint32_t upper, uint32_t lower) {
	size_t at = geo_table_hash(o->t, upper, lower) & (o->cap - 1);

	while (o->known[at].upper && (o->known[at].upper != upper || o->known[at].lower != lower))
		at = (at + 1) & (o->cap - 1);
	return &o->known[at];
}

static void remember(struct overlay *o, struct covered what) {
	struct covered *old = o->known;
	size_t n = o->cap;

	if (o->count++ * 2 >= o->cap) {
		o->cap = o->cap ? o->cap * 2 : 256;
		o->known = calloc(o->cap, sizeof(*o->known));
		if (!o->known)
			abort();
		for (size_t i = 0; i < n; i++)
			if (old[i].upper)
				*find(o, old[i].upper, old[i].lower) = old[i];
		free(old);
	}
	*find(o, what.upper, what.lower) = what;
}

/* A leaf over all of a subtree. */
static uint32_t cover(struct overlay *o, uint32_t upper, uint32_t lower) {
	uint32_t left, right, result;
	bool forks;

	if (!geo_is_node(lower))
		return ask(o, upper, lower);
	left = o->t->node[lower][0];
	right = o->t->node[lower][1];
	forks = geo_is_node(left) && geo_is_node(right);
	if (forks)
		__builtin_prefetch(o->t->node[right]);
	if (forks && o->cap) {
		const struct covered *known = find(o, upper, lower);

		if (known->upper)
			return known->result;
	}
	left = cover(o, upper, left);
	right = cover(o, upper, right);
	result = geo_table_node(o->t, left, right);
	if (forks)
		remember(o, (struct covered){ upper, lower, result });
	return result;
}

static uint32_t merge(struct overlay *o, uint32_t upper, uint32_t lower) {
	uint32_t half[2] = { lower, lower }, left, right;

	if (upper == GEO_EMPTY)
		return lower;
	if (!geo_is_node(upper))
		return cover(o, upper, lower);
	if (geo_is_node(lower)) {
		half[0] = o->t->node[lower][0];
		half[1] = o->t->node[lower][1];
		if (geo_is_node(half[1]))
			__builtin_prefetch(o->t->node[half[1]]);
	}
	left = merge(o, o->from->node[upper][0], half[0]);
	right = merge(o, o->from->node[upper][1], half[1]);
	if (left == half[0] && right == half[1])
		return lower;
	return geo_table_node(o->t, left, right);
}

uint32_t geo_tree_overlay(struct geo_tree *t, const struct geo_tree *from, uint32_t upper, uint32_t lower,
			  uint32_t (*map)(uint32_t upper_leaf, uint32_t lower_leaf, void *user), void *user) {
	struct overlay o = { .t = t, .from = from, .map = map, .user = user };
	uint32_t root = merge(&o, upper, lower);

	free(o.known);
	return root;
}
