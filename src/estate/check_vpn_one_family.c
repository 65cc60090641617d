/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	LIST_EACH (struct vpn, v, &r->estate->vpn) {
		if (v->ipv4.at && v->ipv6.at)
			continue;
		if (!v->ipv4.at && !v->ipv6.at)
			check_report(r, v->name.at, "add \"ipv4: NETWORK\" and \"ipv6: NETWORK\"",
				     "VPN %s has no network for its clients", v->name.s);
		else
			check_report(r, v->name.at, v->ipv4.at ? "add \"ipv6: NETWORK\"" : "add \"ipv4: NETWORK\"",
				     "VPN %s carries %s only: the clients' %s goes past the tunnel", v->name.s,
				     v->ipv4.at ? "IPv4" : "IPv6", v->ipv4.at ? "IPv6" : "IPv4");
	}
}

const struct check check_vpn_one_family = {
	.name = "vpn-one-family",
	.severity = SEVERITY_WARNING,
	.summary = "A VPN carries one family only",
	.doc = "A client whose own network has the other family sends that traffic beside the tunnel, in the clear "
	       "and from an address that the estate's firewalls do not know (RFC 7359). Give the VPN a network in "
	       "each family.",
	.run = run,
};
