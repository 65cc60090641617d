/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"
#include "estate/claim_walk.h"
#include "estate/party.h"

enum { OUTER = CLAIM_BIT(CLAIM_ROUTED) | CLAIM_BIT(CLAIM_NAT64) };

/* The inner end of a routed network is its machine's as well: the bridge's address, the VPN server's. Of private
 * networks, which many machines may have, only the first is known here. */
static bool is_inner_end(const struct claim *network, const struct claim *host) {
	return host->kind == CLAIM_OTHER && (host->machine == network->machine || party_is_private(host->prefix));
}

static bool look(const struct claim *network, const struct claim *host, void *user) {
	struct check_run *r = user;

	if (!network || is_inner_end(network, host))
		return true;
	check_report(r, host->at,
		     network->machine == host->machine && host->machine
			     ? "route a part of the subnet that the machine's own address is not in"
			     : "change one of the two",
		     "%s is %s", host->at->text.s, claim_relation(r->arena, network, host));
	check_note(r, network->at, "the network is here");
	return true;
}

static void run(struct check_run *r) {
	claims_each_inner(r->estate, OUTER, CLAIM_HOSTS & ~CLAIM_BIT(CLAIM_VPN_CLIENT), look, r);
}

const struct check check_host_address_in_routed_network = {
	.name = "host-address-in-routed-network",
	.severity = SEVERITY_ERROR,
	.summary = "A machine's address or a failover address lies in a routed network",
	.doc = "What is sent to a routed network goes through its machine to a bridge or a tunnel: an address of the "
	       "machine itself or of another one in there is not reached any more, or only from some places. Choose "
	       "the network so that it leaves the hosts' addresses out. Further addresses of the same machine "
	       "(other_ips, other_ips6) may be in it: that is the inner end. The same holds for the NAT64 prefix.",
	.run = run,
};
