/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow counts as lost once for each rule, family and port that lets less through than before. Boxes that
 * flows_subtract() leaves of one rule and port follow each other, so it is enough to compare with the one before.
 */
#include "render/fact_delta.h"

#include <string.h>

int fact_record_order(const void *pa, const void *pb) {
	const struct fact_record *a = pa, *b = pb;
	int r = strcmp(a->owner, b->owner);

	if (r == 0)
		r = strcmp(a->type, b->type);
	return r ? r : strcmp(a->data, b->data);
}

int fact_listener_order(const void *pa, const void *pb) {
	const struct fact_listener *a = pa, *b = pb;
	int r = strcmp(a->program, b->program);

	if (r == 0)
		r = (int)a->protocol - (int)b->protocol;
	if (r == 0)
		r = (int)a->port - (int)b->port;
	if (r == 0)
		r = (int)a->family - (int)b->family;
	return r ? r : ip_compare(a->ip, b->ip);
}

/* Sorts, and leaves each item once. */
#define sort_unique(list, order)                                                                                       \
	do {                                                                                                           \
		size_t kept = 0;                                                                                       \
                                                                                                                       \
		if ((list)->n)                                                                                         \
			qsort((list)->v, (list)->n, sizeof(*(list)->v), (order));                                      \
		for (size_t i = 0; i < (list)->n; i++)                                                                 \
			if (!kept || (order)(&(list)->v[kept - 1], &(list)->v[i]) != 0)                                \
				(list)->v[kept++] = (list)->v[i];                                                      \
		(list)->n = kept;                                                                                      \
	} while (0)

/* Pushes the items of the sorted list a that the sorted list b does not have. */
#define push_missing(a, b, order, out)                                                                                 \
	do {                                                                                                           \
		size_t j = 0;                                                                                          \
                                                                                                                       \
		for (size_t i = 0; i < (a)->n; i++) {                                                                  \
			while (j < (b)->n && (order)(&(b)->v[j], &(a)->v[i]) < 0)                                      \
				j++;                                                                                   \
			if (j == (b)->n || (order)(&(b)->v[j], &(a)->v[i]) != 0)                                       \
				vec_push((out), (a)->v[i]);                                                            \
		}                                                                                                      \
	} while (0)

static void sort(struct facts *f) {
	sort_unique(&f->records, fact_record_order);
	sort_unique(&f->listeners, fact_listener_order);
}

static void fill(struct fact_list *l, const struct facts *a, const struct facts *b, struct arena *arena) {
	flows_init(&l->flows, arena);
	flows_subtract(&a->flows, &b->flows, &l->flows);
	push_missing(&a->records, &b->records, fact_record_order, &l->records);
	push_missing(&a->listeners, &b->listeners, fact_listener_order, &l->listeners);
}

static uint32_t count_flows(const struct flows *gone) {
	uint32_t n = 0;

	for (size_t i = 0; i < gone->boxes.n; i++) {
		const struct flow_box *b = &gone->boxes.v[i];

		n += !i || b[-1].origin != b->origin || b[-1].family != b->family || b[-1].port_first != b->port_first;
	}
	return n;
}

void fact_delta_init(struct fact_delta *d, struct facts *old, struct facts *now, struct arena *a) {
	*d = (struct fact_delta){ 0 };
	sort(old);
	sort(now);
	fill(&d->gone, old, now, a);
	fill(&d->come, now, old, a);
	d->count[FACT_FLOW] = (struct fact_count){ (uint32_t)old->flows.boxes.n, count_flows(&d->gone.flows) };
	d->count[FACT_RECORD] = (struct fact_count){ (uint32_t)old->records.n, (uint32_t)d->gone.records.n };
	d->count[FACT_LISTENER] = (struct fact_count){ (uint32_t)old->listeners.n, (uint32_t)d->gone.listeners.n };
}

static void list_done(struct fact_list *l) {
	flows_done(&l->flows);
	vec_done(&l->records);
	vec_done(&l->listeners);
}

void fact_delta_done(struct fact_delta *d) {
	list_done(&d->gone);
	list_done(&d->come);
}

static bool list_is_empty(const struct fact_list *l) {
	return !l->flows.boxes.n && !l->records.n && !l->listeners.n;
}

bool fact_delta_is_empty(const struct fact_delta *d) {
	return list_is_empty(&d->gone) && list_is_empty(&d->come);
}
