/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/family.h"

static const struct word *knot_role(const struct group *g) {
	LIST_EACH (struct word, role, &g->roles)
		if (role->index == ROLE_KNOT)
			return role;
	return NULL;
}

static void run(struct check_run *r) {
	const struct word *first = NULL;
	unsigned bits = 0;

	LIST_EACH (struct group, g, &r->estate->groups) {
		const struct word *role = knot_role(g);
		struct ref ref = { .kind = REF_GROUP, .to = g };

		if (!role || !g->machine_count)
			continue;
		first = first ? first : role;
		bits |= family_target(&ref);
	}
	if (bits == HAS_4 || bits == HAS_6)
		check_report(r, first->at,
			     arena_printf(r->arena, "give a name server an %s address", family_word(HAS_BOTH & ~bits)),
			     "no authoritative name server has an %s address", family_word(HAS_BOTH & ~bits));
}

const struct check check_nameservers_one_family = {
	.name = "nameservers-one-family",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "The name servers can be asked over one family only",
	.doc = "A resolver in an IPv6-only network must find an authoritative server with an IPv6 address, or nothing "
	       "in the zone exists for it, however many AAAA records it has; the same holds for IPv4 (RFC 3901). At "
	       "least one machine with role knot needs each family.",
	.run = run,
};
