/* SPDX-License-Identifier: Apache-2.0 */
/* Each group once, at its first use: the mistake is one, however many lines name it. */
#include "estate/family.h"

static void check_refs(struct check_run *r, uint8_t *groups, const struct policy *p, const struct list *refs) {
	LIST_EACH (struct ref, ref, refs) {
		const struct group *g = ref->to;

		if (ref->kind != REF_GROUP || groups[g->index])
			continue;
		groups[g->index] = HAS_BOTH;
		check_report(r, ref->at,
			     arena_printf(r->arena,
					  "write %s into the groups of a machine or network, or take it out here",
					  g->name.s),
			     "group %s has no %s: it adds no address to \"%s\"", g->name.s,
			     g->machine_count + g->network_count + g->lan_count ? "address" : "members", p->name.s);
		check_note(r, g->name.at, "the group is here");
	}
}

static void run(struct check_run *r) {
	uint8_t *groups = family_groups(r);

	LIST_EACH (struct policy, p, &r->estate->policy) {
		check_refs(r, groups, p, &p->from);
		check_refs(r, groups, p, &p->to);
	}
}

const struct check check_policy_empty_party = {
	.name = "policy-empty-party",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A group without addresses is used in the policy",
	.doc = "A group without members stands for nobody, so the policy line that names it allows less than it seems "
	       "to, or nothing. Usually the machines were meant to join the group and do not name it.",
	.run = run,
};
