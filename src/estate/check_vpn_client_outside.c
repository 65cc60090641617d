/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/family.h"

static void check_address(struct check_run *r, const struct vpn *v, const struct vpn_client *c, const struct address *a,
			  const struct network *n) {
	char ip[IP_TEXT_MAX], net[PREFIX_TEXT_MAX];
	const char *family;

	if (!a->at || (n->at && prefix_has_ip(n->prefix, a->ip)))
		return;
	(void)ip_format(a->ip, ip);
	(void)prefix_format(n->prefix, net);
	family = ip_is_v4(a->ip) ? "IPv4" : "IPv6";
	if (n->at)
		check_report(r, a->at, arena_printf(r->arena, "take an address from %s", net),
			     "%s of client %s is not in %s, the %s network of %s", ip, c->name.s, net, family,
			     v->name.s);
	else
		check_report(
			r, a->at,
			arena_printf(r->arena, "give %s an %s network, or take the address out", v->name.s, family),
			"client %s has an %s address, but %s has no %s network", c->name.s, family, v->name.s, family);
}

static void run(struct check_run *r) {
	LIST_EACH (struct vpn, v, &r->estate->vpn)
		LIST_EACH (struct vpn_client, c, &v->clients) {
			check_address(r, v, c, &c->ipv4, &v->ipv4);
			check_address(r, v, c, &c->ipv6, &v->ipv6);
		}
}

const struct check check_vpn_client_outside = {
	.name = "vpn-client-outside",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A VPN client's address is not in the VPN's network",
	.doc = "OpenVPN gives the client the address, but routes only its own network into the tunnel: nothing that "
	       "the client sends is ever answered.",
	.run = run,
};
