/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/claim_walk.h"
#include "estate/outside.h"

static void run(struct check_run *r) {
	outside_report(r,
		       CLAIM_BIT(CLAIM_ROUTED) | CLAIM_BIT(CLAIM_VPN) | CLAIM_BIT(CLAIM_LAN) | CLAIM_BIT(CLAIM_NAT64));
}

const struct check check_network_outside_prefixes = {
	.name = "network-outside-prefixes",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A network is in none of the given prefixes",
	.doc = "A routed network, VPN, LAN or NAT64 prefix of public space outside everything listed under prefixes "
	       "belongs to somebody else or to nobody: answers to it do not come back. Correct it, or list the "
	       "prefix that it was cut from. Private and unique local space needs no prefix; a family in which no "
	       "prefix is listed is not looked at.",
	.run = run,
};
