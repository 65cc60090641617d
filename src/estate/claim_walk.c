/* SPDX-License-Identifier: Apache-2.0 */
/* Claims are sorted by address, outer before inner: a stack holds the outer ones that are still open. */
#include "estate/claim_walk.h"

#include <string.h>

#include "addr/special.h"

enum { DEPTH_MAX = 129 }; /* one of each length */

const char *claim_relation(struct arena *a, const struct claim *outer, const struct claim *inner) {
	const char *what = claim_describe(a, outer);
	char text[PREFIX_TEXT_MAX];

	if (prefix_equal(outer->prefix, inner->prefix))
		return arena_printf(a, "already %s", what);
	(void)prefix_format(outer->prefix, text);
	return arena_printf(a, "in %s, %s", text, what);
}

void claims_inside(const struct estate *e, struct prefix p, const struct claim **ret_first,
		   const struct claim **ret_end) {
	struct ip behind = ip_next(prefix_last(p));

	*ret_first = e->claims + claims_find(e, p.ip);
	*ret_end = e->claims + (ip_compare(behind, p.ip) > 0 ? claims_find(e, behind) : e->claim_count);
}

bool usable_for_machines(struct prefix p) {
	static const char *const usable[] = { "global",        "private", "shared", "unique-local",
					      "documentation", "anycast", "srv6" };
	const char *kind = special_kind(p);

	for (size_t i = 0; i < ARRAY_LEN(usable); i++)
		if (strcmp(kind, usable[i]) == 0)
			return true;
	return false;
}

static void each_inner(const struct estate *e, enum family family, unsigned outer, unsigned inner,
		       bool (*fn)(const struct claim *outer, const struct claim *inner, void *user), void *user) {
	const struct claim *open[DEPTH_MAX];
	size_t n = 0;

	for (const struct claim *c = e->claims, *end = c + e->claim_count; c != end; c++) {
		if (!claim_is(c, outer | inner) || claim_family(c) != family)
			continue;
		while (n && !prefix_covers(open[n - 1]->prefix, c->prefix))
			n--;
		if (claim_is(c, inner)) {
			size_t i = n;

			while (i && !fn(open[i - 1], c, user))
				i--;
			if (!i)
				(void)fn(NULL, c, user);
		}
		if (claim_is(c, outer) && !(n && prefix_equal(open[n - 1]->prefix, c->prefix)))
			open[n++] = c;
	}
}

/* One family after the other: IPv4 lies in the middle of IPv6 networks like ::/0, and must not close them. */
void claims_each_inner(const struct estate *e, unsigned outer, unsigned inner,
		       bool (*fn)(const struct claim *outer, const struct claim *inner, void *user), void *user) {
	each_inner(e, FAMILY_4, outer, inner, fn, user);
	each_inner(e, FAMILY_6, outer, inner, fn, user);
}

static void each_nested(const struct estate *e, enum family family, unsigned kinds, struct arena *scratch,
			void (*fn)(const struct claim *outer, const struct claim *inner, void *user), void *user) {
	const struct machine *first = e->machines.items;
	const struct claim **open = arena_array(scratch, const struct claim *, e->machines.n);

	for (const struct claim *c = e->claims, *end = c + e->claim_count; c != end; c++) {
		const struct claim **last;

		if (!c->machine || !claim_is(c, kinds) || claim_family(c) != family)
			continue;
		last = &open[c->machine - first];
		if (*last && prefix_covers((*last)->prefix, c->prefix))
			fn(*last, c, user);
		else
			*last = c;
	}
}

/* The last open claim of each machine: prefixes nest, so it covers the machine's next claim, or never will again. */
void claims_each_nested(const struct estate *e, unsigned kinds, struct arena *scratch,
			void (*fn)(const struct claim *outer, const struct claim *inner, void *user), void *user) {
	each_nested(e, FAMILY_4, kinds, scratch, fn, user);
	each_nested(e, FAMILY_6, kinds, scratch, fn, user);
}
