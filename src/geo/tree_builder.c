/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A prefix that ends in a 1 bit completes the node above it, whose left half waits at the same depth; so prefixes in
 * address order, without gaps, make the tree in postorder, and whether a half waits can be read from the address.
 *
 * Neighbours with the same record are joined before they are cut into prefixes: a node that would fall away at once is
 * not asked for.
 */
#include "addr/wide.h"
#include "geo/tree_table.h"

void geo_builder_init(struct geo_builder *b, struct geo_tree *t, enum family family) {
	*b = (struct geo_builder){ .tree = t, .bits = family == FAMILY_4 ? 32 : 128, .record = GEO_EMPTY };
}

/* The prefix of `depth` bits that are the low bits of `path`. */
static inline void push(struct geo_builder *b, wide path, unsigned depth, uint32_t record) {
	for (; path & 1; path >>= 1, depth--)
		record = geo_table_node(b->tree, b->left[depth], record);
	b->left[depth] = record;
}

/* Cuts what is held into prefixes: the largest that begins here and does not pass the end. */
static void flush(struct geo_builder *b, wide last) {
	wide at = wide_of(b->start);

	for (;;) {
		wide count = last - at + 1; /* 0: all 2^128 */
		unsigned fits = count ? 127 - wide_leading_zeros(count) : 128;
		unsigned open = MIN(fits, wide_trailing_zeros(at));

		push(b, wide_right(at, open), b->bits - open, b->record);
		at += wide_ones(open);
		if (at == last)
			break;
		at++;
	}
}

/* What comes next, up to `last`, has this record. */
static void cover(struct geo_builder *b, wide last, uint32_t record) {
	wide next = wide_of(b->next);

	if (record != b->record) {
		if (next)
			flush(b, next - 1);
		b->start = b->next;
		b->record = record;
	}
	b->full = last == wide_ones(b->bits);
	b->next = wide_ip(last + 1);
}

void geo_builder_add_range(struct geo_builder *b, struct range r, uint32_t record) {
	wide mask = wide_ones(b->bits), first = wide_of(r.first) & mask;

	if (first != wide_of(b->next))
		cover(b, first - 1, GEO_EMPTY);
	cover(b, wide_of(r.last) & mask, record);
}

void geo_builder_add(struct geo_builder *b, struct prefix p, uint32_t record) {
	geo_builder_add_range(b, (struct range){ prefix_first(p), prefix_last(p) }, record);
}

uint32_t geo_builder_finish(struct geo_builder *b) {
	if (!b->full)
		cover(b, wide_ones(b->bits), GEO_EMPTY);
	flush(b, wide_ones(b->bits));
	return b->left[0];
}
