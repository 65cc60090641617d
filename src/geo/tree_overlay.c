/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both layers are walked together from their roots. Where the upper one is empty the lower one's subtree is taken as it
 * is, and a node whose halves stayed what they were is not looked for again: the cost is in the places where the upper
 * layer says something.
 *
 * The upper layer is walked as the tree it stands for, not node by node: it came from prefixes, and has no more places
 * than they have bits. The lower one may come from a file, and a leaf over it is different: 2^30 places can be few
 * nodes. So what a leaf makes of a node is remembered.
 */
#include <string.h>

#include "base/vec.h"
#include "geo/tree_table.h"

/* What a leaf of the upper layer makes of a node of the lower one. */
struct covered {
	uint32_t upper, lower, result;
};

struct overlay {
	struct geo_tree *t;
	const struct geo_tree *from;
	uint32_t (*map)(uint32_t upper_leaf, uint32_t lower_leaf, void *user);
	void *user;
	VEC(struct covered) known;
	uint32_t *slot; /* numbers in `known` + 1; a power of two of them, at most half full */
	size_t slots;
};

static size_t slot_of(const struct overlay *o, uint32_t upper, uint32_t lower) {
	size_t at = geo_table_hash(o->t, upper, lower) & (o->slots - 1);

	for (; o->slot[at]; at = (at + 1) & (o->slots - 1)) {
		const struct covered *c = &o->known.v[o->slot[at] - 1];

		if (c->upper == upper && c->lower == lower)
			break;
	}
	return at;
}

static void remember(struct overlay *o, struct covered what) {
	vec_push(&o->known, what);
	if (o->known.n * 2 <= o->slots) {
		o->slot[slot_of(o, what.upper, what.lower)] = (uint32_t)o->known.n;
		return;
	}
	free(o->slot);
	o->slots = o->slots ? o->slots * 2 : 64;
	o->slot = calloc(o->slots, sizeof(*o->slot));
	if (!o->slot)
		abort();
	for (size_t i = 0; i < o->known.n; i++)
		o->slot[slot_of(o, o->known.v[i].upper, o->known.v[i].lower)] = (uint32_t)i + 1;
}

/* A leaf over all of a subtree. What is asked again anyway as quickly as it is looked up is not remembered. */
static uint32_t cover(struct overlay *o, uint32_t upper, uint32_t lower) {
	uint32_t left, right, result, at;

	if (!geo_is_node(lower))
		return o->map(upper, lower, o->user);
	left = o->t->node[lower][0];
	right = o->t->node[lower][1];
	if (!geo_is_node(left) && !geo_is_node(right))
		return geo_tree_node(o->t, o->map(upper, left, o->user), o->map(upper, right, o->user));
	at = o->slots ? o->slot[slot_of(o, upper, lower)] : 0;
	if (at)
		return o->known.v[at - 1].result;
	left = cover(o, upper, left);
	right = cover(o, upper, right);
	result = geo_tree_node(o->t, left, right);
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
	}
	left = merge(o, o->from->node[upper][0], half[0]);
	right = merge(o, o->from->node[upper][1], half[1]);
	if (left == half[0] && right == half[1])
		return lower;
	return geo_tree_node(o->t, left, right);
}

uint32_t geo_tree_overlay(struct geo_tree *t, const struct geo_tree *from, uint32_t upper, uint32_t lower,
			  uint32_t (*map)(uint32_t upper_leaf, uint32_t lower_leaf, void *user), void *user) {
	struct overlay o = { .t = t, .from = from, .map = map, .user = user };
	uint32_t root = merge(&o, upper, lower);

	vec_done(&o.known);
	free(o.slot);
	return root;
}
