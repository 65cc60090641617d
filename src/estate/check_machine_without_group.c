/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void mark(const struct estate *e, bool *named, const struct ref *ref) {
	if (ref->kind == REF_MACHINE)
		named[(const struct machine *)ref->to - (const struct machine *)e->machines.items] = true;
}

static void mark_list(const struct estate *e, bool *named, const struct list *refs) {
	LIST_EACH (struct ref, ref, refs)
		mark(e, named, ref);
}

/* Machines that something else of the estate names directly. */
static void mark_all(const struct estate *e, bool *named) {
	LIST_EACH (struct policy, p, &e->policy) {
		mark_list(e, named, &p->from);
		mark_list(e, named, &p->to);
	}
	LIST_EACH (struct endpoint_name, n, &e->endpoints)
		mark_list(e, named, &n->to);
	LIST_EACH (struct failover, f, &e->failover)
		mark_list(e, named, &f->machines);
	LIST_EACH (struct vpn, v, &e->vpn)
		mark_list(e, named, &v->machines);
	LIST_EACH (struct lan, l, &e->lans)
		mark(e, named, &l->router);
	if (e->nat64)
		mark_list(e, named, &e->nat64->machines);
}

static void run(struct check_run *r) {
	const struct estate *e = r->estate;
	bool *named = arena_array(r->arena, bool, e->machines.n);
	uint32_t i = 0;

	mark_all(e, named);
	LIST_EACH (struct machine, m, &e->machines)
		if (!named[i++] && !m->groups.n)
			check_report(r, m->name.at, "add \"groups: [GROUP]\"",
				     "%s is in no group: it gets no role, and no policy line is about it", m->name.s);
}

const struct check check_machine_without_group = {
	.name = "machine-without-group",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A machine is in no group and named nowhere",
	.doc = "Groups give a machine its roles, and with them its configuration files, and a place in the policy. A "
	       "machine that is in none and that nothing else names gets a firewall that lets in what is allowed to "
	       "\"all\", and nothing else.",
	.run = run,
};
