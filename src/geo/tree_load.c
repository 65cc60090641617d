/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's nodes are turned around, so that halves come before their node as in a tree that was built here. If the file
 * had them so (the other way round), one pass over the array does everything: the height of a node follows from its
 * halves, and entering it in the table shows whether it is there already. Where one of that fails, the file's nodes are
 * walked and asked for one by one, as if they were new.
 */
#include <errno.h>
#include <string.h>

#include "geo/tree_table.h"

enum { AHEAD = 16 }; /* nodes whose place in the table is fetched before they are entered */

/* Node n of the file becomes node count-1-n. Nodes and leaves follow each other as by chance: no branch on that. */
static bool turn(uint32_t (*node)[2], uint32_t count) {
	uint32_t backward = 0;

	for (uint32_t i = 0; i < count; i++) {
		for (int half = 0; half < 2; half++) {
			uint32_t record = node[i][half], is_node = 0U - geo_is_node(record);

			backward |= is_node & (record <= i);
			node[i][half] = ((count - 1 - record) & is_node) | (record & ~is_node);
		}
	}
	for (uint32_t i = 0, j = count - 1; i < j; i++, j--) {
		uint32_t both[2] = { node[i][0], node[i][1] };

		memcpy(node[i], node[j], sizeof(both));
		memcpy(node[j], both, sizeof(both));
	}
	return !backward;
}

/* Behind the heights of all `count` nodes stands that of every leaf, 0. */
static unsigned height_of(const uint8_t *height, uint32_t count, uint32_t record) {
	return height[MIN(record, count)];
}

/* Enters all nodes in the table. False: this tree is not the only one for its answers, or too deep. */
static bool enter(struct geo_tree *t, uint32_t count, unsigned bits, uint8_t *height) {
	for (uint32_t n = 0; n < count; n++) {
		uint32_t left = t->node[n][0], right = t->node[n][1], at = 0;
		unsigned high = MAX(height_of(height, count, left), height_of(height, count, right)) + 1;
		uint64_t hash = geo_table_hash(t, left, right);

		if (n + AHEAD < count)
			geo_table_fetch(t, n + AHEAD);
		if (high > bits || (left == right && !geo_is_node(left)) ||
		    geo_table_find(t, hash, left, right, &at) != GEO_EMPTY)
			return false;
		height[n] = (uint8_t)high;
		t->slot[at] = geo_table_entry(t, hash, n);
	}
	return true;
}

struct walk {
	struct geo_tree *t;
	uint32_t (*node)[2];
	uint32_t *record; /* what a node of the file became; GEO_ALIAS4: not yet */
};

/* Nodes are visited once, and never more than `bits` deep: a way that goes on is a cycle, or as bad. A node that is met
 * again lower down was shallow enough there; whether it still is, the final check of the depth says. */
static int visit(struct walk *w, uint32_t n, unsigned bits) {
	uint32_t half[2];

	if (!bits)
		return -ELOOP;
	for (int i = 0; i < 2; i++) {
		half[i] = w->node[n][i];
		if (!geo_is_node(half[i]))
			continue;
		if (w->record[half[i]] == GEO_ALIAS4) {
			int r = visit(w, half[i], bits - 1);

			if (r < 0)
				return r;
		}
		half[i] = w->record[half[i]];
	}
	w->record[n] = geo_tree_node(w->t, half[0], half[1]);
	return 0;
}

static bool too_deep(const struct geo_tree *t, unsigned bits, uint8_t *height, uint32_t count) {
	for (uint32_t n = 0; n < t->count; n++) {
		unsigned high =
			MAX(height_of(height, count, t->node[n][0]), height_of(height, count, t->node[n][1])) + 1;

		if (high > bits)
			return true;
		height[n] = (uint8_t)high;
	}
	return false;
}

/* The long way, for a tree of another shape. `node` is turned already: its root is the last. */
static int load_any(struct geo_tree *t, uint32_t (*node)[2], uint32_t count, unsigned bits, uint8_t *height,
		    uint32_t *ret_root) {
	struct walk w = { .t = t, .node = node, .record = malloc(count * sizeof(*w.record)) };
	int r;

	if (!w.record)
		return -ENOMEM;
	for (uint32_t n = 0; n < count; n++)
		w.record[n] = GEO_ALIAS4;
	r = visit(&w, count - 1, bits);
	if (!r && too_deep(t, bits, height, count))
		r = -ELOOP;
	if (!r)
		*ret_root = w.record[count - 1];
	free(w.record);
	return r;
}

int geo_tree_load(struct geo_tree *t, uint32_t (*node)[2], uint32_t count, unsigned bits, uint32_t *ret_root) {
	_cleanup_(freep) uint8_t *height = calloc((size_t)count + 1, 1);
	int r;

	if (!height || !count || count >= GEO_LEAF / 2) {
		free(node);
		return !height ? -ENOMEM : -EINVAL;
	}
	if (turn(node, count)) {
		t->node = node;
		t->count = count;
		geo_table_room(t, count + count / 2 + 1);
		if (enter(t, count, bits, height)) {
			*ret_root = count - 1;
			return 0;
		}
		node = TAKE_PTR(t->node);
		t->count = t->cap = 0;
		geo_tree_freeze(t);
	}
	r = load_any(t, node, count, bits, height, ret_root);
	free(node);
	return r;
}
