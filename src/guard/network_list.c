/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/network_list.h"

static int order(const void *pa, const void *pb) {
	return prefix_compare(*(const struct prefix *)pa, *(const struct prefix *)pb);
}

void network_list_add(struct network_list *l, struct prefix p) {
	vec_push(&l->v, p);
}

void network_list_sort(struct network_list *l) {
	size_t n = 0;

	if (l->v.n)
		qsort(l->v.v, l->v.n, sizeof(*l->v.v), order);
	for (size_t i = 0; i < l->v.n; i++)
		if (!n || !prefix_equal(l->v.v[i], l->v.v[n - 1]))
			l->v.v[n++] = l->v.v[i];
	l->v.n = n;
}

bool network_list_has(const struct network_list *l, struct prefix p) {
	return l->v.n && bsearch(&p, l->v.v, l->v.n, sizeof(p), order);
}

struct numbered {
	struct prefix network;
	bool remove;
	size_t number; /* of the change: the last one counts */
};

static int numbered_order(const void *pa, const void *pb) {
	const struct numbered *a = pa, *b = pb;
	int by_network = prefix_compare(a->network, b->network);

	return by_network ? by_network : (a->number > b->number) - (a->number < b->number);
}

void network_list_apply(struct network_list *l, const struct sink_change *changes, size_t n) {
	VEC(struct numbered) sorted = { 0 };
	struct network_list result = { 0 };
	size_t i = 0;

	for (size_t k = 0; k < n; k++)
		vec_push(&sorted, (struct numbered){ changes[k].entry.network, changes[k].remove, k });
	if (sorted.n)
		qsort(sorted.v, sorted.n, sizeof(*sorted.v), numbered_order);
	for (size_t k = 0; k < sorted.n; k++) {
		const struct numbered *c = &sorted.v[k];

		if (k + 1 < sorted.n && prefix_equal(c->network, c[1].network))
			continue;
		while (i < l->v.n && prefix_compare(l->v.v[i], c->network) < 0)
			vec_push(&result.v, l->v.v[i++]);
		i += i < l->v.n && prefix_equal(l->v.v[i], c->network);
		if (!c->remove)
			vec_push(&result.v, c->network);
	}
	while (i < l->v.n)
		vec_push(&result.v, l->v.v[i++]);
	vec_done(&sorted);
	network_list_done(l);
	*l = result;
}

void network_list_done(struct network_list *l) {
	vec_done(&l->v);
}
