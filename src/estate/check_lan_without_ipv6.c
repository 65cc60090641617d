/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	LIST_EACH (struct lan, l, &r->estate->lans)
		if (!l->ipv6.at)
			check_report(r, l->name.at, "add \"ipv6: …/64\"",
				     "LAN %s has no IPv6 network: its router has nothing to announce", l->name.s);
}

const struct check check_lan_without_ipv6 = {
	.name = "lan-without-ipv6",
	.severity = SEVERITY_WARNING,
	.summary = "A LAN has no IPv6 network",
	.doc = "People's devices use IPv6 as soon as there is a prefix, and so find the IPv6 mistakes of the services "
	       "they need before customers do. Until then, anything that sends router advertisements can take the LAN "
	       "over (RFC 6104).",
	.run = run,
};
