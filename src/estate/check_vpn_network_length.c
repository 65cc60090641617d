/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

/* The limits of OpenVPN 2.6, as it says itself: server takes /16 to /29, server-ipv6 /64 to /124. */
enum { MIN_4 = 16, MAX_4 = 29, MIN_6 = 64, MAX_6 = 124 };

static void check_network(struct check_run *r, const struct network *n, unsigned min, unsigned max) {
	unsigned len = prefix_text_len(n->prefix);

	if (n->at && (len < min || len > max))
		check_report(r, n->at, arena_printf(r->arena, "take a network from /%u to /%u", min, max),
			     "OpenVPN takes no /%u as its clients' network", len);
}

static void run(struct check_run *r) {
	LIST_EACH (struct vpn, v, &r->estate->vpn) {
		check_network(r, &v->ipv4, MIN_4, MAX_4);
		check_network(r, &v->ipv6, MIN_6, MAX_6);
	}
}

const struct check check_vpn_network_length = {
	.name = "vpn-network-length",
	.severity = SEVERITY_ERROR,
	.summary = "A VPN's network has a length that OpenVPN refuses",
	.doc = "OpenVPN's server directive takes IPv4 networks from /16 to /29, and server-ipv6 takes IPv6 networks "
	       "from /64 to /124. With any other length the server does not start.",
	.run = run,
};
