/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of machines have the same few lines in force, and a line's sides are the same sets everywhere, so classes
 * are found by the addresses of those sets: two pieces with the same list of pointers accept the same, without looking
 * at what is in them. Only then the union is made, once a class.
 */
#include "render/trace_class.h"

#include <string.h>

struct prefix_set trace_common(const struct prefix_set *x, const struct prefix_set *y, struct arena *a) {
	const struct prefix_set *few = x->ranges.n < y->ranges.n ? x : y, *many = few == x ? y : x;
	struct prefix_set set = PREFIX_SET_INIT;

	for (size_t i = 0; i < few->ranges.n; i++) {
		const struct range *r = &few->ranges.v[i];

		for (size_t at = prefix_set_find(many, r->first); at < many->ranges.n; at++) {
			struct range m = many->ranges.v[at];

			if (ip_is_v4(m.first) != ip_is_v4(r->first) || ip_compare(m.first, r->last) > 0)
				break;
			m.first = ip_compare(m.first, r->first) < 0 ? r->first : m.first;
			m.last = ip_compare(m.last, r->last) > 0 ? r->last : m.last;
			prefix_set_add_range(&set, m);
		}
	}
	trace_settle(&set, a);
	return set;
}

unsigned trace_gates(const struct trace_part *p, bool source, struct trace_gate ret_gates[static TRACE_GATES]) {
	unsigned n = 0;

	if (p->blocked)
		ret_gates[n++] = (struct trace_gate){ NULL, FLOW_FORWARD, false };
	else if (p->translator)
		ret_gates[n++] = (struct trace_gate){ p->translator, FLOW_FORWARD, false };
	else if (p->net)
		ret_gates[n++] = (struct trace_gate){ p->net->machine, FLOW_FORWARD, !source && p->hidden };
	if (!source && p->own)
		ret_gates[n++] = (struct trace_gate){ p->own, FLOW_INPUT, false };
	return n;
}

static void push_piece(struct trace_pieces *ret, const struct trace_piece *like, struct prefix_set set) {
	struct trace_piece p = { .part = like->part, .gates = like->gates };

	p.part.set = set;
	for (unsigned g = 0; g < TRACE_GATES; g++)
		for (size_t i = 0; i < like->accepts[g].n; i++)
			vec_push(&p.accepts[g], like->accepts[g].v[i]);
	vec_push(&ret->list, p);
}

/* One rectangle of gate g cuts the pieces into what is on its side and what is not. */
static void cut(struct trace_pieces *ret, unsigned g, const struct prefix_set *side, const struct prefix_set *other,
		struct arena *a) {
	for (size_t i = 0, n = ret->list.n; i < n; i++) {
		const struct prefix_set *set = &ret->list.v[i].part.set;
		struct prefix_set inside = trace_common(set, side, a), rest = PREFIX_SET_INIT;

		if (!inside.ranges.n)
			continue;
		if (!prefix_set_equal(&inside, set)) {
			prefix_set_add_set(&rest, set);
			prefix_set_subtract(&rest, &inside);
			trace_settle(&rest, a);
			push_piece(ret, &ret->list.v[i], rest);
			ret->list.v[i].part.set = inside;
		}
		vec_push(&ret->list.v[i].accepts[g], other);
	}
}

void trace_split(struct tracer *t, const struct trace_lines *lines, enum family f, bool source,
		 const struct trace_part *part, const struct trace_gate_list *gates, struct arena *a,
		 struct trace_pieces *ret) {
	struct policy_rects rects = { 0 };

	vec_push(&ret->list, (struct trace_piece){ .part = *part, .gates = gates->n });
	for (unsigned g = 0; g < gates->n; g++) {
		rects.list.n = 0;
		for (uint32_t i = 0; i < lines->n && gates->v[g].machine; i++)
			policy_rects(t->model, gates->v[g].machine, gates->v[g].chain, f, lines->v[i], a, &rects);
		for (size_t i = 0; i < rects.list.n; i++) {
			const struct policy_rect *r = &rects.list.v[i];

			if (r->translated == gates->v[g].translated)
				cut(ret, g, source ? r->from : r->to, source ? r->to : r->from, a);
		}
	}
	vec_done(&rects.list);
}

void trace_pieces_done(struct trace_pieces *p) {
	for (size_t i = 0; i < p->list.n; i++)
		for (unsigned g = 0; g < TRACE_GATES; g++)
			vec_done(&p->list.v[i].accepts[g]);
	vec_done(&p->list);
}

struct prefix_set trace_through(const struct trace_piece *p, struct arena *a) {
	struct prefix_set all = PREFIX_SET_INIT;

	for (unsigned g = 0; g < p->gates; g++) {
		struct prefix_set one = PREFIX_SET_INIT;

		for (size_t i = 0; i < p->accepts[g].n; i++)
			prefix_set_add_set(&one, p->accepts[g].v[i]);
		trace_settle(&one, a);
		all = g ? trace_common(&all, &one, a) : one;
	}
	return all;
}

/* The pointers of a piece as bytes, with a NULL around each gate's. */
static char *key_of(const struct trace_piece *p, struct arena *a, size_t *ret_len) {
	const struct prefix_set **key;
	size_t n = p->gates + 1;

	for (unsigned g = 0; g < p->gates; g++)
		n += p->accepts[g].n;
	key = arena_array(a, const struct prefix_set *, n);
	n = 0;
	key[n++] = NULL;
	for (unsigned g = 0; g < p->gates; g++) {
		for (size_t i = 0; i < p->accepts[g].n; i++)
			key[n++] = p->accepts[g].v[i];
		key[n++] = NULL;
	}
	*ret_len = n * sizeof(*key);
	return (char *)(void *)key;
}

static void add_piece(struct trace_classes *ret, struct map *by_key, const struct trace_piece *p, bool source,
		      struct arena *a) {
	struct trace_class *fresh = arena_new(a, struct trace_class), *c;
	struct trace_part *part = arena_new(a, struct trace_part);
	size_t len;
	const char *key = key_of(p, a, &len);

	*part = p->part;
	c = map_add(by_key, key, len, fresh);
	if (c == fresh) {
		c->free = !p->gates;
		c->through = trace_through(p, a);
		vec_push(&ret->list, c);
	}
	if (source && part->hidden)
		prefix_set_add(&c->set, prefix_host(part->net->machine->ip.ip));
	else
		prefix_set_add_set(&c->set, &part->set);
	vec_push(&c->parts, part);
}

void trace_classify(struct tracer *t, const struct trace_lines *lines, enum family f, bool source,
		    const struct trace_parts *parts, struct arena *a, struct trace_classes *ret) {
	struct map by_key;

	map_init(&by_key, a);
	for (size_t i = 0; i < parts->list.n; i++) {
		struct trace_gate gates[TRACE_GATES];
		struct trace_pieces pieces = { 0 };
		unsigned n = trace_gates(&parts->list.v[i], source, gates);

		trace_split(t, lines, f, source, &parts->list.v[i], &(struct trace_gate_list){ gates, n }, a, &pieces);
		for (size_t k = 0; k < pieces.list.n; k++)
			add_piece(ret, &by_key, &pieces.list.v[k], source, a);
		trace_pieces_done(&pieces);
	}
	for (size_t i = 0; i < ret->list.n; i++)
		trace_settle(&ret->list.v[i]->set, a);
	map_done(&by_key);
}

void trace_classes_done(struct trace_classes *c) {
	for (size_t i = 0; i < c->list.n; i++)
		vec_done(&c->list.v[i]->parts);
	vec_done(&c->list);
}
