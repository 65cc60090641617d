/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void check_networks(struct check_run *r, const struct machine *m, const struct list *networks) {
	LIST_EACH (struct routed, n, networks)
		if (n->docker_network && n->docker_network->name.at)
			check_report(r, n->docker_network->name.at, "put the machine into a group with role docker",
				     "%s has the Docker network %s, but does not run Docker", m->name.s,
				     n->docker_network->name.s);
}

static void run(struct check_run *r) {
	LIST_EACH (struct machine, m, &r->estate->machines) {
		if (machine_has_role(m, ROLE_DOCKER))
			continue;
		check_networks(r, m, &m->routed_networks);
		check_networks(r, m, &m->routed_networks6);
	}
}

const struct check check_docker_network_without_role = {
	.name = "docker-network-without-role",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A machine has a Docker network and no role docker",
	.doc = "Docker's configuration and its networks are made on machines with role docker only, so nothing will "
	       "create this network. Roles come from groups: put the machine into one that has the role.",
	.run = run,
};
