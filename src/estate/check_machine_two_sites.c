/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	LIST_EACH (struct machine, m, &r->estate->machines) {
		if (!m->given4 || !m->given6 || !m->given4->site.s || !m->given6->site.s ||
		    strcmp(m->given4->site.s, m->given6->site.s) == 0)
			continue;
		check_report(r, m->ipv6.at, arena_printf(r->arena, "use a prefix of site %s", m->given4->site.s),
			     "%s has its IPv4 address in site %s and its IPv6 address in site %s", m->name.s,
			     m->given4->site.s, m->given6->site.s);
		check_note(r, m->ip.at, "its IPv4 address is here");
	}
}

const struct check check_machine_two_sites = {
	.name = "machine-two-sites",
	.severity = SEVERITY_WARNING,
	.summary = "A machine's two addresses are in prefixes of different sites",
	.doc = "A machine stands in one place, so both its addresses come from prefixes of that site. An IPv6 address "
	       "that "
	       "was copied from a machine of another site is routed to that site, and the machine answers over IPv4 "
	       "only.",
	.run = run,
};
