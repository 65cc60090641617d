/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that no host may have are the business of broadcast-address and reserved-interface-id. */
#include "estate/check.h"

static void check_address(struct check_run *r, const struct vpn_client *c, const struct address *a,
			  const struct network *n) {
	char text[IP_TEXT_MAX];

	if (!a->at || !n->at || !ip_equal(a->ip, ip_next(prefix_first(n->prefix))))
		return;
	(void)ip_format(a->ip, text);
	check_report(r, a->at, "take a later address of the network", "client %s cannot have %s: the server takes it",
		     c->name.s, text);
}

static void run(struct check_run *r) {
	LIST_EACH (struct vpn, v, &r->estate->vpn)
		LIST_EACH (struct vpn_client, c, &v->clients) {
			check_address(r, c, &c->ipv4, &v->ipv4);
			check_address(r, c, &c->ipv6, &v->ipv6);
		}
}

const struct check check_vpn_server_address = {
	.name = "vpn-server-address",
	.severity = SEVERITY_ERROR,
	.summary = "A VPN client has the address that the server takes",
	.doc = "OpenVPN's server and server-ipv6 take the first usable address of the network, the one after the "
	       "network's own, for the server itself. A client with the same address cannot reach it, and answers for "
	       "it to the other clients.",
	.run = run,
};
