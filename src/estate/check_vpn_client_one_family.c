/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	LIST_EACH (struct vpn, v, &r->estate->vpn) {
		if (!v->ipv4.at || !v->ipv6.at)
			continue;
		LIST_EACH (struct vpn_client, c, &v->clients)
			if (!c->ipv4.at != !c->ipv6.at)
				check_report(r, c->name.at, c->ipv4.at ? "add \"ipv6: …\"" : "add \"ipv4: …\"",
					     "client %s has a fixed %s address and a changing %s address", c->name.s,
					     c->ipv4.at ? "IPv4" : "IPv6", c->ipv4.at ? "IPv6" : "IPv4");
	}
}

const struct check check_vpn_client_one_family = {
	.name = "vpn-client-one-family",
	.severity = SEVERITY_WARNING,
	.summary = "A VPN client has a fixed address in one family only",
	.doc = "A client gets a fixed address because something elsewhere knows it: a firewall rule, a log, an access "
	       "list. In the other family the client takes any address of the pool, so those apply to it only when it "
	       "happens to use the first. Give it one of each, or none.",
	.run = run,
};
