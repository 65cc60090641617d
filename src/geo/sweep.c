/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows are taken in the order of their first addresses. A row that no other one touches goes to the tree as the range
 * it is; that is nearly all of them. Rows that overlap are cut into prefixes, one at a time: a heap holds for each row
 * that has begun its next prefix, and gives them out in the order of their addresses, the shorter first. Prefixes are
 * nested or disjoint, so that a stack of at most 129 is enough for those that have the address at hand; the last one is
 * the longest. Equal prefixes leave the heap together, and that is where the better row is chosen.
 *
 * A row that is on the stack only (its later prefixes are none) can still be cut short by one that goes to the tree as
 * a range: that row begins behind it, so its prefixes are the longer ones.
 *
 * What is chosen depends on the rows' contents only, never on their order.
 */
#include "geo/conflict.h"
#include "geo/rows_sort.h"

/* A row on the way: its next prefix, and the range that follows it. */
struct cut {
	struct prefix prefix;
	struct range rest;
	uint32_t value, row;
	bool more;
};

struct sweep {
	struct geo_rows *rows;
	enum family family;
	struct geo_builder builder;
	VEC(struct cut) heap;
	VEC(struct cut) equal; /* that left the heap together */
	struct open {
		struct ip last;
		uint32_t value;
	} stack[129];
	unsigned depth;
	struct ip at; /* the first address that is not answered */
	bool end;     /* there is none */
	struct conflicts *conflicts;
};

static inline bool earlier(const struct cut *a, const struct cut *b) {
	return prefix_compare(a->prefix, b->prefix) < 0;
}

static void swap(struct cut *a, struct cut *b) {
	struct cut c = *a;

	*a = *b;
	*b = c;
}

static void heap_push(struct sweep *s, struct cut c) {
	size_t i = s->heap.n;

	vec_push(&s->heap, c);
	for (; i && earlier(&s->heap.v[i], &s->heap.v[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&s->heap.v[i], &s->heap.v[(i - 1) / 2]);
}

/* The first one has changed. */
static void heap_sink(struct sweep *s) {
	for (size_t i = 0, child; (child = 2 * i + 1) < s->heap.n; i = child) {
		if (child + 1 < s->heap.n && earlier(&s->heap.v[child + 1], &s->heap.v[child]))
			child++;
		if (!earlier(&s->heap.v[child], &s->heap.v[i]))
			return;
		swap(&s->heap.v[child], &s->heap.v[i]);
	}
}

static void heap_add(struct sweep *s, struct range r, uint32_t value, uint32_t row) {
	struct cut c = { .rest = r, .value = value, .row = row };

	c.more = range_next_prefix(&c.rest, &c.prefix);
	heap_push(s, c);
}

/* Takes the first prefix; its row goes on with the next one. */
static struct cut heap_take(struct sweep *s) {
	struct cut first = s->heap.v[0];

	if (first.more)
		s->heap.v[0].more = range_next_prefix(&s->heap.v[0].rest, &s->heap.v[0].prefix);
	else
		s->heap.v[0] = s->heap.v[--s->heap.n];
	heap_sink(s);
	return first;
}

/* Of addresses in order; what is left out between them has no answer. */
static void answer(struct sweep *s, struct range r, uint32_t value) {
	geo_builder_add_range(&s->builder, r, GEO_LEAF + value);
	s->at = ip_next(r.last);
	s->end = s->at.hi == 0 && s->at.lo == 0;
}

/* The prefix on top of the stack answers up to `last`. */
static void answer_open(struct sweep *s, struct ip last) {
	if (!s->end && ip_compare(s->at, last) <= 0)
		answer(s, (struct range){ s->at, last }, s->stack[s->depth - 1].value);
}

/* Answers all before `first` from the stack, and closes what ends there. */
static void advance(struct sweep *s, struct ip first) {
	for (; s->depth && ip_compare(s->stack[s->depth - 1].last, first) < 0; s->depth--)
		answer_open(s, s->stack[s->depth - 1].last);
	if (ip_compare(s->at, first) >= 0)
		return;
	if (s->depth)
		answer_open(s, ip_previous(first));
	s->at = first;
}

/* Whether a beats b: it is newer, or its code is smaller; of two that agree the first read is named. */
static bool better(const struct sweep *s, const struct cut *a, const struct cut *b) {
	int64_t a_created = geo_rows_created(s->rows, a->row), b_created = geo_rows_created(s->rows, b->row);

	if (a_created != b_created)
		return a_created > b_created;
	return a->value != b->value ? a->value < b->value : a->row < b->row;
}

/* Of the rows that have the first prefix of the heap, the best one is opened. */
static void step(struct sweep *s) {
	struct cut best = heap_take(s);

	s->equal.n = 0;
	while (s->heap.n && prefix_equal(s->heap.v[0].prefix, best.prefix)) {
		struct cut other = heap_take(s);

		if (better(s, &other, &best))
			swap(&other, &best);
		vec_push(&s->equal, other);
	}
	for (size_t i = 0; i < s->equal.n; i++) {
		const struct cut *c = &s->equal.v[i];

		if (c->value != best.value && geo_rows_created(s->rows, c->row) == geo_rows_created(s->rows, best.row))
			conflicts_add(s->conflicts,
				      (struct conflict){ c->row, best.row, c->value, best.value, best.prefix });
	}
	advance(s, best.prefix.ip);
	s->stack[s->depth++] = (struct open){ prefix_last(best.prefix), best.value };
}

static size_t row_count(const struct sweep *s) {
	return s->family == FAMILY_4 ? s->rows->v4.n : s->rows->v6.n;
}

/* Row i, and whether neither the next row nor what the others still have begins inside it. */
static inline bool alone(const struct sweep *s, size_t i, size_t n, struct geo_said *ret_said) {
	*ret_said = geo_rows_said(s->rows, s->family, i);
	if (s->heap.n && ip_compare(s->heap.v[0].prefix.ip, ret_said->range.last) <= 0)
		return false;
	return i + 1 == n || ip_compare(geo_rows_said(s->rows, s->family, i + 1).range.first, ret_said->range.last) > 0;
}

/* Rows from i on that no other one touches, while nothing is open. Returns the first that is touched, or n. */
static inline __attribute__((always_inline)) size_t go_through(struct sweep *s, size_t i, size_t n) {
	struct geo_said said;

	while (i < n && alone(s, i, n, &said)) {
		geo_builder_add_range(&s->builder, said.range, GEO_LEAF + said.value);
		i++;
	}
	return i;
}

static void sweep(struct sweep *s) {
	size_t n = row_count(s);

	for (size_t i = 0; i < n || s->heap.n;) {
		struct geo_said said;

		if (!s->heap.n && !s->depth)
			i = go_through(s, i, n);
		if (i == n) {
			if (s->heap.n)
				step(s);
		} else if (alone(s, i, n, &said)) {
			advance(s, said.range.first);
			answer(s, said.range, said.value);
			i++;
		} else if (s->heap.n && ip_compare(s->heap.v[0].prefix.ip, said.range.first) < 0) {
			step(s);
		} else {
			heap_add(s, said.range, said.value, said.row);
			i++;
		}
	}
	for (; s->depth; s->depth--)
		answer_open(s, s->stack[s->depth - 1].last);
}

/* The tree of one family's rows, which are in order. */
static uint32_t compile(struct geo_rows *rows, struct geo_tree *t, enum family family, struct conflicts *conflicts) {
	struct sweep s = { .rows = rows, .family = family, .conflicts = conflicts };
	uint32_t root;

	s.at = family == FAMILY_4 ? ip_from_v4(0) : (struct ip){ 0, 0 };
	geo_builder_init(&s.builder, t, family);
	sweep(&s);
	root = geo_builder_finish(&s.builder);
	vec_done(&s.heap);
	vec_done(&s.equal);
	/* Addresses of ::ffff:0:0/96 are IPv4, whatever an IPv6 range runs over. */
	return family == FAMILY_4 ? root : geo_tree_set(t, root, ip_from_v4(0), 96, GEO_EMPTY);
}

/* How many nodes there will be: four for five rows of a registry's tables, and where few rows lie far apart most of the
 * levels above each. A guess that is wrong costs a little time. */
static uint32_t expected_nodes(size_t rows) {
	return (uint32_t)MIN(rows < 20000 ? rows * 17 : rows / 5 * 4 + 40000, 1U << 24);
}

struct geo_roots geo_rows_compile(struct geo_rows *rows, struct geo_tree *tree) {
	struct geo_roots roots;
	struct conflicts conflicts = { 0 };

	geo_policy_finish(&rows->policy, rows->file, rows->sink.diags);
	geo_tree_reserve(tree, tree->count + expected_nodes(rows->v4.n + rows->v6.n));
	geo_rows_sort(rows, FAMILY_4);
	roots.v4 = compile(rows, tree, FAMILY_4, &conflicts);
	vec_done(&rows->v4);
	geo_rows_sort(rows, FAMILY_6);
	roots.v6 = compile(rows, tree, FAMILY_6, &conflicts);
	vec_done(&rows->v6);
	vec_done(&rows->low);
	conflicts_report(&conflicts, rows);
	conflicts_done(&conflicts);
	return roots;
}
