/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/family.h"

static void check_refs(struct check_run *r, const struct list *refs) {
	LIST_EACH (struct ref, ref, refs) {
		const struct machine *m = family_literal(r->estate, ref);

		if (m)
			check_report(r, ref->at, arena_printf(r->arena, "write %s, or one of its groups", m->name.s),
				     "%s is an address of machine %s: it stands for one family, and goes stale", ref->s,
				     m->name.s);
	}
}

static void run(struct check_run *r) {
	LIST_EACH (struct policy, p, &r->estate->policy) {
		check_refs(r, &p->from);
		check_refs(r, &p->to);
	}
}

const struct check check_policy_literal_host = {
	.name = "policy-literal-host",
	.severity = SEVERITY_WARNING,
	.summary = "A policy line names a machine of the estate by its address",
	.doc = "An address stands for one family and stays behind when the machine is renumbered; a name stands for "
	       "all its addresses in both families. Keep literal addresses for what is outside of the estate.",
	.run = run,
};
