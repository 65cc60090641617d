/* SPDX-License-Identifier: Apache-2.0 */
#include "addr/set.h"
#include "estate/check.h"

/* Networks of VPN clients are routed to a machine too, and are not Docker's. */
static void add_vpns(const struct estate *e, struct prefix_set *set) {
	LIST_EACH (struct vpn, v, &e->vpn)
		if (v->ipv6.at)
			prefix_set_add(set, v->ipv6.prefix);
	prefix_set_normalise(set);
}

static void check_machine(struct check_run *r, const struct machine *m, const struct prefix_set *vpns) {
	const struct routed *first = NULL;

	LIST_EACH (struct routed, n, &m->routed_networks6) {
		if (n->docker_network || prefix_set_covers(vpns, n->network.prefix))
			continue;
		if (first) {
			check_report(r, n->network.at, "give one of them a docker_network",
				     "two networks of %s could be the one of Docker's default bridge", m->name.s);
			check_note(r, first->network.at, "the first one is here");
			return;
		}
		first = n;
	}
	if (!first && m->ipv6.at)
		check_report(r, m->name.at, "add one to its routed_networks6, without a docker_network",
			     "%s runs Docker, but has no IPv6 network for its default bridge", m->name.s);
}

static void run(struct check_run *r) {
	struct prefix_set vpns = PREFIX_SET_INIT;

	add_vpns(r->estate, &vpns);
	LIST_EACH (struct machine, m, &r->estate->machines)
		if (machine_has_role(m, ROLE_DOCKER))
			check_machine(r, m, &vpns);
	prefix_set_done(&vpns);
}

const struct check check_docker_default_network = {
	.name = "docker-default-network",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "Docker's default bridge has no IPv6 network, or more than one",
	.doc = "Docker with \"ipv6\": true refuses to start without \"fixed-cidr-v6\". That is the one routed IPv6 "
	       "network of the machine that has no docker_network; VPN clients' networks do not count. A machine "
	       "without an IPv6 address is left to the check single-family.",
	.run = run,
};
