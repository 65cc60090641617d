/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"
#include "estate/claim_walk.h"

enum { OUTER = CLAIM_BIT(CLAIM_GIVEN) | CLAIM_BIT(CLAIM_LAN) | CLAIM_BIT(CLAIM_VPN), LEN31 = 96 + 31 };

static bool look(const struct claim *outer, const struct claim *host, void *user) {
	struct check_run *r = user;
	const struct prefix p = outer ? outer->prefix : prefix_host(host->prefix.ip);
	const char *what;

	/* With per_machine the subnets are smaller than the prefix, and their ends elsewhere. */
	if (p.len >= LEN31 || claim_family(host) == FAMILY_6 ||
	    (outer->kind == CLAIM_GIVEN && ((const struct given *)outer->owner)->per_machine.at))
		return true;
	if (ip_equal(host->prefix.ip, prefix_first(p)))
		what = "the address of the network";
	else if (ip_equal(host->prefix.ip, prefix_last(p)))
		what = "the broadcast address of";
	else
		return false;
	check_report(r, host->at, "choose an address between the first and the last",
		     "%s is %s %s: no host can have it", host->at->text.s, what, outer->at->text.s);
	return true;
}

static void run(struct check_run *r) {
	claims_each_inner(r->estate, OUTER, CLAIM_HOSTS, look, r);
}

const struct check check_broadcast_address = {
	.name = "broadcast-address",
	.severity = SEVERITY_WARNING,
	.summary = "A host has the first or the last address of an IPv4 network",
	.doc = "In an IPv4 network the first address names the network and the last one is everybody (RFC 1122 "
	       "section 3.2.1.3); hosts and routers on the link do not answer to them. /31 and /32 have neither (RFC "
	       "3021). A prefix of which each machine gets a subnet (per_machine) is not looked at, nor is IPv6, "
	       "which has no broadcast.",
	.run = run,
};
