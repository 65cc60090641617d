/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"
#include "estate/claim_walk.h"

static bool look(const struct claim *outer, const struct claim *vip, void *user) {
	struct check_run *r = user;
	const struct given *g = outer ? outer->owner : NULL;

	if (!g || !g->per_machine.at)
		return true;
	check_report(r, vip->at, "use a prefix that is on the link of all its machines, one without per_machine",
		     "%s is in %s, whose subnets are routed to one machine each: it cannot move", vip->at->text.s,
		     g->network.at->text.s);
	check_note(r, g->per_machine.at, "the prefix is cut up here");
	return true;
}

static void run(struct check_run *r) {
	claims_each_inner(r->estate, CLAIM_BIT(CLAIM_GIVEN), CLAIM_BIT(CLAIM_FAILOVER), look, r);
}

const struct check check_vip_in_machine_subnet = {
	.name = "vip-in-machine-subnet",
	.severity = SEVERITY_ERROR,
	.summary = "A failover address lies in a prefix that is routed machine by machine",
	.doc = "VRRP moves an address between machines on one link by telling the neighbours on that link. A subnet "
	       "that the provider routes to one machine does not move with it: after the failover the packets still "
	       "go to the machine that failed. Failover addresses need a prefix of their own on a common link.",
	.run = run,
};
