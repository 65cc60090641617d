/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/family.h"

/* A machine named by an address is policy-literal-host's business: its name may well have both families. */
static bool has_machine_literal(const struct estate *e, const struct list *refs) {
	LIST_EACH (struct ref, ref, refs)
		if (family_literal(e, ref))
			return true;
	return false;
}

static void check_line(struct check_run *r, const uint8_t *groups, const struct policy *p) {
	unsigned from = family_list(groups, &p->from), to = family_list(groups, &p->to), both = from & to;
	const struct list *lacking;
	const char *missing;

	if (both != HAS_4 && both != HAS_6)
		return;
	missing = family_word(HAS_BOTH & ~both);
	lacking = from == both ? &p->from : &p->to;
	if (has_machine_literal(r->estate, lacking))
		return;
	check_report(r, ((const struct ref *)lacking->items)->at,
		     arena_printf(r->arena,
				  "add %s addresses; when one family is meant, say why and write "
				  "\"# hextet: ignore policy-one-family\" here",
				  missing),
		     "over %s \"%s\" allows nothing: there is no %s address in %s%s", missing, p->name.s, missing,
		     family_names(r->arena, lacking),
		     from == to ? arena_printf(r->arena, ", nor in %s", family_names(r->arena, &p->to)) : "");
}

static void run(struct check_run *r) {
	uint8_t *groups = family_groups(r);

	LIST_EACH (struct policy, p, &r->estate->policy)
		check_line(r, groups, p);
}

const struct check check_policy_one_family = {
	.name = "policy-one-family",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A policy line allows something in one family only",
	.doc = "When one side of a line has addresses in one family only, the line opens the firewall in that family "
	       "and stays closed in the other: clients that prefer the other family wait for a timeout. It is never "
	       "widened to \"anyone\". Add the missing addresses, or say in a comment why there are none.",
	.run = run,
};
