/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One box minus many. The boxes that touch it cut its ports into segments in which the same ones are in force. In one
 * segment the sources are split into classes: each box to subtract splits a class into the part inside its sources,
 * whose destinations lose the box's, and the part outside; classes with the same destinations left are one class again.
 * Classes are disjoint and never split an elementary range of the sources, so there are at most as many as the ranges
 * of all sources together, and the work is polynomial whatever the boxes look like. Segments side by side with the same
 * classes are joined.
 *
 * What has been found of earlier boxes of `a` is subtracted as well: so the result is disjoint and the first one wins,
 * as in flows_find().
 */
#include "render/flows.h"

struct class {
	struct prefix_set from, to;
};

typedef VEC(struct class) classes;
typedef VEC(const struct flow_box *) boxes;

static const char *const chain_names[_FLOW_CHAIN_MAX] = { "input", "forward" };

const char *flow_chain_to_str(enum flow_chain c) {
	return chain_names[c];
}

void flows_init(struct flows *f, struct arena *a) {
	*f = (struct flows){ .arena = a };
}

void flows_done(struct flows *f) {
	vec_done(&f->boxes);
}

void flows_add(struct flows *f, const struct flow_box *box) {
	if (!prefix_set_is_empty(&box->from) && !prefix_set_is_empty(&box->to) && box->port_first <= box->port_last)
		vec_push(&f->boxes, *box);
}

static bool same_kind(const struct flow_box *a, const struct flow_box *b) {
	return a->chain == b->chain && a->family == b->family && a->protocol == b->protocol &&
	       a->translated == b->translated;
}

const struct flow_box *flows_find(const struct flows *f, enum flow_chain chain, struct ip from, struct ip to,
				  uint8_t protocol, uint16_t port, bool translated) {
	const struct flow_box wanted = {
		.chain = chain, .family = ip_family(from), .protocol = protocol, .translated = translated
	};

	for (size_t i = 0; i < f->boxes.n; i++) {
		const struct flow_box *b = &f->boxes.v[i];

		if (same_kind(b, &wanted) && b->port_first <= port && port <= b->port_last &&
		    prefix_set_has_ip(&b->from, from) && prefix_set_has_ip(&b->to, to))
			return b;
	}
	return NULL;
}

/* Quick for a small and a large one: a search for each range of the smaller. */
static bool sets_touch(const struct prefix_set *a, const struct prefix_set *b) {
	const struct prefix_set *few = a->ranges.n < b->ranges.n ? a : b, *many = few == a ? b : a;

	for (size_t i = 0; i < few->ranges.n; i++) {
		const struct range *r = &few->ranges.v[i];
		size_t at = prefix_set_find(many, r->first);

		if (at < many->ranges.n && ip_is_v4(many->ranges.v[at].first) == ip_is_v4(r->first) &&
		    ip_compare(many->ranges.v[at].first, r->last) <= 0)
			return true;
	}
	return false;
}

static bool touch(const struct flow_box *a, const struct flow_box *b) {
	return same_kind(a, b) && a->port_first <= b->port_last && b->port_first <= a->port_last &&
	       sets_touch(&a->from, &b->from) && sets_touch(&a->to, &b->to);
}

static struct prefix_set copy(const struct prefix_set *s) {
	struct prefix_set c = PREFIX_SET_INIT;

	prefix_set_add_set(&c, s);
	return c;
}

/* Takes both sets over; into a class with the same destinations when there is one. */
static void add_class(classes *list, struct prefix_set *from, struct prefix_set *to) {
	const bool empty = prefix_set_is_empty(from) || prefix_set_is_empty(to);
	struct class *same = NULL;

	for (size_t i = 0; i < list->n && !empty && !same; i++)
		if (prefix_set_equal(&list->v[i].to, to))
			same = &list->v[i];
	if (!empty && !same) {
		vec_push(list, (struct class){ *from, *to });
		return;
	}
	if (same) {
		prefix_set_add_set(&same->from, from);
		prefix_set_normalise(&same->from);
	}
	prefix_set_done(from);
	prefix_set_done(to);
}

static void classes_done(classes *list) {
	for (size_t i = 0; i < list->n; i++) {
		prefix_set_done(&list->v[i].from);
		prefix_set_done(&list->v[i].to);
	}
	vec_done(list);
}

static void cut(classes *list, const struct flow_box *b) {
	classes result = { 0 };

	for (size_t i = 0; i < list->n; i++) {
		struct class *c = &list->v[i];
		struct prefix_set inside, rest;

		if (!sets_touch(&c->from, &b->from) || !sets_touch(&c->to, &b->to)) {
			add_class(&result, &c->from, &c->to);
			continue;
		}
		inside = copy(&c->from);
		prefix_set_intersect(&inside, &b->from);
		prefix_set_subtract(&c->from, &b->from);
		rest = copy(&c->to);
		prefix_set_subtract(&rest, &b->to);
		add_class(&result, &inside, &rest);
		add_class(&result, &c->from, &c->to);
	}
	vec_done(list);
	*list = result;
}

static bool classes_equal(const classes *a, const classes *b) {
	bool equal = a->n == b->n;

	for (size_t i = 0; i < a->n && equal; i++)
		equal = prefix_set_equal(&a->v[i].from, &b->v[i].from) && prefix_set_equal(&a->v[i].to, &b->v[i].to);
	return equal;
}

static void settle(struct prefix_set *s, const struct prefix_set *from, struct arena *a) {
	*s = (struct prefix_set){ 0 };
	s->ranges.n = s->ranges.cap = from->ranges.n;
	s->ranges.v = (struct range *)(void *)arena_dup(a, from->ranges.v, from->ranges.n * sizeof(*from->ranges.v));
}

static void push_segment(struct flows *ret, const struct flow_box *a, const classes *list, uint32_t first,
			 uint32_t last) {
	for (size_t i = 0; i < list->n; i++) {
		struct flow_box box = *a;

		box.port_first = (uint16_t)first;
		box.port_last = (uint16_t)last;
		settle(&box.from, &list->v[i].from, ret->arena);
		settle(&box.to, &list->v[i].to, ret->arena);
		vec_push(&ret->boxes, box);
	}
}

/* The port behind the segment that begins at `first`: there another set of boxes is in force, or a ends. */
static uint32_t segment_end(const struct flow_box *a, const boxes *by, uint32_t first) {
	uint32_t end = a->port_last + 1U;

	for (size_t i = 0; i < by->n; i++) {
		const struct flow_box *b = by->v[i];

		if (b->port_first > first)
			end = MIN(end, b->port_first);
		else if (b->port_last >= first)
			end = MIN(end, b->port_last + 1U);
	}
	return end;
}

static void subtract_box(const struct flow_box *a, const boxes *by, struct flows *ret) {
	classes waiting = { 0 };
	uint32_t first = a->port_first, waiting_first = first, end;

	for (; first <= a->port_last; first = end) {
		classes now = { 0 };

		vec_push(&now, (struct class){ copy(&a->from), copy(&a->to) });
		end = segment_end(a, by, first);
		for (size_t i = 0; i < by->n && now.n; i++)
			if (by->v[i]->port_first <= first && first <= by->v[i]->port_last)
				cut(&now, by->v[i]);
		if (classes_equal(&now, &waiting)) {
			classes_done(&now);
			continue;
		}
		push_segment(ret, a, &waiting, waiting_first, first - 1);
		classes_done(&waiting);
		waiting = now;
		waiting_first = first;
	}
	push_segment(ret, a, &waiting, waiting_first, a->port_last);
	classes_done(&waiting);
}

static void find_touching(const struct flow_box *a, const struct flows *f, size_t n, boxes *by) {
	for (size_t i = 0; i < n; i++)
		if (touch(a, &f->boxes.v[i]))
			vec_push(by, &f->boxes.v[i]);
}

void flows_subtract(const struct flows *a, const struct flows *b, struct flows *ret) {
	boxes by = { 0 };

	for (size_t i = 0; i < a->boxes.n; i++) {
		struct flows found;

		by.n = 0;
		find_touching(&a->boxes.v[i], b, b->boxes.n, &by);
		find_touching(&a->boxes.v[i], ret, ret->boxes.n, &by);
		flows_init(&found, ret->arena);
		subtract_box(&a->boxes.v[i], &by, &found);
		for (size_t j = 0; j < found.boxes.n; j++)
			vec_push(&ret->boxes, found.boxes.v[j]);
		flows_done(&found);
	}
	vec_done(&by);
}
