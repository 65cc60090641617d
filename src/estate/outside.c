/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/outside.h"

#include <string.h>

#include "addr/special.h"
#include "estate/claim_walk.h"

struct outside {
	struct check_run *run;
	bool has_given4, has_given6;
	const struct claim *last; /* reported: what lies in it is the same mistake */
};

static bool is_givable(struct prefix p) {
	const char *kind = special_kind(p);

	return strcmp(kind, "global") == 0 || strcmp(kind, "documentation") == 0;
}

static bool look(const struct claim *given, const struct claim *c, void *user) {
	struct outside *o = user;
	enum family family = claim_family(c);

	if (given || !(family == FAMILY_4 ? o->has_given4 : o->has_given6) || !is_givable(c->prefix))
		return true;
	if (o->last && prefix_equal(o->last->prefix, c->prefix))
		return true;
	o->last = c;
	check_report(o->run, c->at,
		     "look for a typing mistake, or add the prefix that you were given under \"prefixes:\"",
		     "\"%s\" is in none of the IPv%d prefixes of this estate", c->at->text.s, (int)family);
	return true;
}

void outside_report(struct check_run *r, unsigned kinds) {
	struct outside o = { .run = r };

	LIST_EACH (struct given, g, &r->estate->prefixes)
		if (g->network.at)
			*(prefix_family(g->network.prefix) == FAMILY_4 ? &o.has_given4 : &o.has_given6) = true;
	claims_each_inner(r->estate, CLAIM_BIT(CLAIM_GIVEN), kinds, look, &o);
}
