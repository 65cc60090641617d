/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

/* Why no client can have the address, or NULL. */
static const char *reserved_for(struct prefix net, struct ip ip) {
	struct ip first = prefix_first(net);

	if (ip_equal(ip, first))
		return ip_is_v4(ip) ? "it stands for the network itself"
				    : "it is the subnet-router anycast address (RFC 4291 section 2.6.1)";
	if (ip_equal(ip, ip_next(first)))
		return "the server takes it";
	return ip_is_v4(ip) && ip_equal(ip, prefix_last(net)) ? "it is the broadcast address" : NULL;
}

static void check_address(struct check_run *r, const struct vpn_client *c, const struct address *a,
			  const struct network *n) {
	const char *why = a->at && n->at && prefix_has_ip(n->prefix, a->ip) ? reserved_for(n->prefix, a->ip) : NULL;
	char text[IP_TEXT_MAX];

	if (!why)
		return;
	(void)ip_format(a->ip, text);
	check_report(r, a->at, "take a later address of the network", "client %s cannot have %s: %s", c->name.s, text,
		     why);
}

static void run(struct check_run *r) {
	LIST_EACH (struct vpn, v, &r->estate->vpn)
		LIST_EACH (struct vpn_client, c, &v->clients) {
			check_address(r, c, &c->ipv4, &v->ipv4);
			check_address(r, c, &c->ipv6, &v->ipv6);
		}
}

const struct check check_vpn_reserved_address = {
	.name = "vpn-reserved-address",
	.severity = SEVERITY_ERROR,
	.summary = "A VPN client has an address that is not for clients",
	.doc = "OpenVPN's server and server-ipv6 take the first usable address of the network for the server. The "
	       "very first address, and in IPv4 the last, belong to the network.",
	.run = run,
};
