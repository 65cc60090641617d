/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IPv4 subnet of a Docker network is known on its own machine only, so any number of machines may use the same one.
 * But there it hides everything else with these addresses.
 */
#include "estate/check.h"
#include "estate/claim_walk.h"

enum {
	DOCKER = CLAIM_BIT(CLAIM_DOCKER),
	NETWORKS = CLAIM_BIT(CLAIM_VPN) | CLAIM_BIT(CLAIM_LAN),
	ELSEWHERE = NETWORKS | CLAIM_BIT(CLAIM_MACHINE) | CLAIM_BIT(CLAIM_FAILOVER),
};

struct state {
	struct check_run *run;
	struct prefix last; /* reported: what lies in it is the same mistake */
};

static void report(const struct claim *outer, const struct claim *inner, void *user) {
	struct state *s = user;

	check_report(s->run, inner->at, "give the Docker network a subnet that nothing else uses", "%s is %s",
		     inner->at->text.s, claim_relation(s->run->arena, outer, inner));
	check_note(s->run, outer->at, "the other one is here");
}

static bool look_in_docker(const struct claim *docker, const struct claim *c, void *user) {
	struct state *s = user;

	if (docker && !prefix_covers(s->last, c->prefix)) {
		s->last = c->prefix;
		report(docker, c, user);
	}
	return true;
}

static bool look_at_docker(const struct claim *outer, const struct claim *docker, void *user) {
	if (outer)
		report(outer, docker, user);
	return true;
}

static void run(struct check_run *r) {
	struct state s = { .run = r, .last = { { 0, 0 }, 128 } };

	claims_each_nested(r->estate, DOCKER, r->arena, report, &s);
	claims_each_inner(r->estate, DOCKER, ELSEWHERE, look_in_docker, &s);
	claims_each_inner(r->estate, NETWORKS, DOCKER, look_at_docker, &s);
}

const struct check check_docker_network_overlap = {
	.name = "docker-network-overlap",
	.severity = SEVERITY_ERROR,
	.summary = "A Docker network's IPv4 subnet is used by something else",
	.doc = "Docker puts the subnet on a bridge of its host, and from then on the host sends everything for these "
	       "addresses there: other machines, VPN clients and LANs with the same addresses cannot be reached from "
	       "that host or its containers. Docker itself notices only an overlap with its own networks, and only "
	       "when the second one is created. The same subnet on different hosts is fine.",
	.run = run,
};
