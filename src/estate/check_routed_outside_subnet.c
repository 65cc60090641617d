/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

/* A further address shows that the provider routes its share to the machine too. */
static bool has_address_in(const struct machine *m, struct prefix share) {
	if (prefix_has_ip(share, m->ipv6.ip))
		return true;
	LIST_EACH (struct other_ip, o, &m->other_ips6)
		if (prefix_has_ip(share, o->address.ip))
			return true;
	return false;
}

static void look(struct check_run *r, const struct machine *m, const struct routed *n) {
	const struct given *g = m->given6;
	const struct prefix p = n->network.prefix;
	char share[PREFIX_TEXT_MAX];

	if (!prefix_covers(g->network.prefix, p))
		return;
	if (p.len >= m->subnet6.len && has_address_in(m, prefix_around(p.ip, m->subnet6.len)))
		return;
	(void)prefix_format(m->subnet6, share);
	check_report(r, n->network.at, arena_printf(r->arena, "take a network out of %s", share),
		     "%s is not in %s, the share that is routed to %s", n->network.at->text.s, share, m->name.s);
	check_note(r, g->per_machine.at, "each machine gets a /%u of %s", m->subnet6.len, g->network.at->text.s);
}

static void run(struct check_run *r) {
	LIST_EACH (struct machine, m, &r->estate->machines)
		if (m->given6 && m->given6->per_machine.at)
			LIST_EACH (struct routed, n, &m->routed_networks6)
				look(r, m, n);
}

const struct check check_routed_outside_subnet = {
	.name = "routed-outside-subnet",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A routed IPv6 network outside the machine's share of its prefix",
	.doc = "With per_machine the provider routes one subnet to each machine, chosen by the machine's address. A "
	       "network elsewhere in the same prefix is sent to another machine or to nobody: its containers can "
	       "send but never hear an answer.",
	.run = run,
};
