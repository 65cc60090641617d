/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	LIST_EACH (struct vpn, v, &r->estate->vpn) {
		if (!v->ipv4.at || !v->ipv6.at)
			continue;
		LIST_EACH (struct vpn_client, c, &v->clients)
			if (c->ipv4.at && !c->ipv6.at)
				check_report(r, c->name.at, "add \"ipv6: …\"",
					     "client %s has a fixed IPv4 address and gets no IPv6 address", c->name.s);
			else if (c->ipv6.at && !c->ipv4.at)
				check_report(r, c->name.at, "add \"ipv4: …\"",
					     "client %s has a fixed IPv6 address and a changing IPv4 address",
					     c->name.s);
	}
}

const struct check check_vpn_client_one_family = {
	.name = "vpn-client-one-family",
	.severity = SEVERITY_WARNING,
	.summary = "A VPN client has a fixed address in one family only",
	.doc = "OpenVPN has one pool for both families: a client with a fixed IPv4 address takes nothing of it, and is "
	       "without IPv6 in the tunnel. A client with a fixed IPv6 address only takes any IPv4 address of the "
	       "pool, "
	       "so what knows the fixed one (a firewall rule, a log, an access list) applies only when the client "
	       "happens to use IPv6. Give it one of each, or none.",
	.run = run,
};
