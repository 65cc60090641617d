/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/family.h"

static void run(struct check_run *r) {
	uint8_t *groups = family_groups(r);

	LIST_EACH (struct policy, p, &r->estate->policy) {
		unsigned from = family_list(groups, &p->from), to = family_list(groups, &p->to);

		if (!from || !to || (from & to))
			continue;
		check_report(r, ((const struct ref *)p->from.items)->at,
			     arena_printf(r->arena, "add %s addresses to %s, or %s addresses to %s", family_word(to),
					  family_names(r->arena, &p->from), family_word(from),
					  family_names(r->arena, &p->to)),
			     "\"%s\" allows nothing: there are only %s addresses in %s, and only %s addresses in %s",
			     p->name.s, family_word(from), family_names(r->arena, &p->from), family_word(to),
			     family_names(r->arena, &p->to));
	}
}

const struct check check_policy_mixed_families = {
	.name = "policy-mixed-families",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "The two sides of a policy line have no family in common",
	.doc = "An IPv4 source cannot reach an IPv6 destination, so the line allows nothing in either family. Other "
	       "rule compilers drop the side that is empty in a family and so open the port to everyone; hextet "
	       "writes no rule and reports the line.",
	.run = run,
};
