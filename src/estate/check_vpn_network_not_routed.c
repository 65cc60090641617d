/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/family.h"

static bool machine_routes(const struct machine *m, struct prefix p) {
	LIST_EACH (struct routed, n, prefix_family(p) == FAMILY_4 ? &m->routed_networks : &m->routed_networks6)
		if (prefix_covers(n->network.prefix, p))
			return true;
	return false;
}

static void check_network(struct check_run *r, const struct vpn *v, const struct network *n) {
	const struct ref *first = v->machines.items;
	char text[PREFIX_TEXT_MAX];

	if (!n->at || !v->machines.n)
		return;
	LIST_EACH (struct ref, ref, &v->machines)
		if (machine_routes(ref->to, n->prefix))
			return;
	(void)prefix_format(n->prefix, text);
	check_report(r, n->at,
		     arena_printf(r->arena, "add it to the routed_networks%s of %s, with a group for the policy",
				  prefix_family(n->prefix) == FAMILY_4 ? "" : "6", first->s),
		     "%s is not routed to %s", text, family_names(r->arena, &v->machines));
}

static void run(struct check_run *r) {
	LIST_EACH (struct vpn, v, &r->estate->vpn) {
		check_network(r, v, &v->ipv4);
		check_network(r, v, &v->ipv6);
	}
}

const struct check check_vpn_network_not_routed = {
	.name = "vpn-network-not-routed",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A VPN's network is no routed network of its machines",
	.doc = "The clients' network must reach the VPN's machine, and the firewalls must know whose it is. Both come "
	       "from the machine's routed_networks and routed_networks6: without the entry, answers to the clients "
	       "are dropped.",
	.run = run,
};
