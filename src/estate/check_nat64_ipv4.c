/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	const struct nat64 *n = r->estate->nat64;
	bool tayga = false;

	if (!n)
		return;
	LIST_EACH (struct ref, ref, &n->machines) {
		const struct machine *m = ref->to;

		tayga |= machine_has_role(m, ROLE_TAYGA);
		if (!m->ip.at)
			check_report(r, ref->at,
				     arena_printf(r->arena, "give %s an \"ip\", or name another machine", m->name.s),
				     "%s translates to IPv4, but has no IPv4 address", m->name.s);
	}
	if (tayga && !n->ipv4_pool.at)
		check_report(r, n->prefix.at, "add \"ipv4_pool: NETWORK\" beside it",
			     "tayga has no IPv4 addresses to give to its clients");
}

const struct check check_nat64_ipv4 = {
	.name = "nat64-ipv4",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "NAT64 has no IPv4 address to translate to",
	.doc = "The translator sends its clients' packets from an IPv4 address of its own. jool takes the machine's; "
	       "tayga is stateless and gives each client one of a private pool, which the machine then hides behind "
	       "its address.",
	.run = run,
};
