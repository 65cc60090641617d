/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/family.h"

static void run(struct check_run *r) {
	const uint8_t *groups = family_groups(r);

	LIST_EACH (struct endpoint_name, n, &r->estate->endpoints) {
		unsigned name = 0, clients;

		if (!n->only.at)
			continue;
		LIST_EACH (struct ref, ref, &n->to)
			name |= family_target(ref);
		clients = family_list(groups, &n->only);
		if (name != HAS_BOTH || (clients != HAS_4 && clients != HAS_6))
			continue;
		check_report(r, n->only.at,
			     arena_printf(r->arena, "add the clients' %s addresses", family_word(HAS_BOTH & ~clients)),
			     "%s has both A and AAAA records, but is for %s clients only: over %s everybody is refused",
			     n->name.s, family_word(clients), family_word(HAS_BOTH & ~clients));
	}
}

const struct check check_endpoint_only_one_family = {
	.name = "endpoint-only-one-family",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A dual-stack name is for clients of one family only",
	.doc = "Those that \"only\" names have addresses in one family. They choose themselves over which one they "
	       "come: "
	       "a client with both is refused whenever it takes the other, which most do for IPv6.",
	.run = run,
};
