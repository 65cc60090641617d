/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/family.h"

static void run(struct check_run *r) {
	LIST_EACH (struct endpoint_name, n, &r->estate->endpoints) {
		unsigned bits = 0;

		LIST_EACH (struct ref, ref, &n->to)
			bits |= family_target(ref);
		if (bits != HAS_4 && bits != HAS_6)
			continue;
		check_report(r, n->name.at,
			     arena_printf(r->arena, "give %s an %s address", family_names(r->arena, &n->to),
					  family_word(HAS_BOTH & ~bits)),
			     "%s has %s records and no %s records", n->name.s, bits == HAS_4 ? "A" : "AAAA",
			     bits == HAS_4 ? "AAAA" : "A");
	}
}

const struct check check_endpoint_one_family = {
	.name = "endpoint-one-family",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A public name has addresses in one family only",
	.doc = "A name is dual-stack when at least one of its targets has an IPv4 address and one has an IPv6 "
	       "address. Without AAAA records, clients in IPv6-only networks need a translator to reach it; without A "
	       "records, most clients cannot reach it at all.",
	.run = run,
};
