/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static const char hint[] = "add \"groups: [GROUP]\"";

static void check_networks(struct check_run *r, const struct machine *m, const struct list *networks) {
	LIST_EACH (struct routed, n, networks) {
		char text[PREFIX_TEXT_MAX];

		if (n->groups.n || !n->network.at)
			continue;
		(void)prefix_format(n->network.prefix, text);
		check_report(r, n->network.at, hint, "%s behind %s is in no group: no policy line can name it", text,
			     m->name.s);
	}
}

static void run(struct check_run *r) {
	LIST_EACH (struct machine, m, &r->estate->machines) {
		check_networks(r, m, &m->routed_networks);
		check_networks(r, m, &m->routed_networks6);
	}
	LIST_EACH (struct lan, l, &r->estate->lans)
		if (!l->groups.n)
			check_report(r, l->name.at, hint, "LAN %s is in no group: no policy line can name it",
				     l->name.s);
}

const struct check check_network_without_group = {
	.name = "network-without-group",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A routed network or LAN is in no group",
	.doc = "Containers, VPN clients and LANs have no machine name, so a group is the only name that the policy "
	       "has for them. A network without one can reach nothing but what is allowed from \"all\" and \"any\".",
	.run = run,
};
