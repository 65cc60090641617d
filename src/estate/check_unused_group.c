/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void mark(bool *used, const struct list *refs) {
	LIST_EACH (struct ref, ref, refs)
		if (ref->kind == REF_GROUP)
			used[((const struct group *)ref->to)->index] = true;
}

static void mark_all(const struct estate *e, bool *used) {
	LIST_EACH (struct policy, p, &e->policy) {
		mark(used, &p->from);
		mark(used, &p->to);
	}
	LIST_EACH (struct endpoint_name, n, &e->endpoints) {
		mark(used, &n->to);
		mark(used, &n->only);
	}
	if (e->nat64)
		mark(used, &e->nat64->clients);
	if (e->guard)
		mark(used, &e->guard->trusted_proxies);
}

static void run(struct check_run *r) {
	const struct estate *e = r->estate;
	bool *used = arena_array(r->arena, bool, e->groups.n);

	mark_all(e, used);
	LIST_EACH (struct group, g, &e->groups)
		if (!used[g->index] && g->machine_count + g->network_count + g->lan_count == 0)
			check_report(r, g->name.at, "write it into the groups of a machine or network, or delete it",
				     "group %s has no members, and nothing names it", g->name.s);
}

const struct check check_unused_group = {
	.name = "unused-group",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A group has no members and is named nowhere",
	.doc = "A group exists to give roles to its members and a name to the policy; this one does neither. Either "
	       "it is left over, or the machines that should be in it do not say so and run without its roles.",
	.run = run,
};
