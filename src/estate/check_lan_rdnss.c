/* SPDX-License-Identifier: Apache-2.0 */
/* Resolvers elsewhere cannot be told from here; those in the estate's own prefixes can. */
#include "estate/check.h"

static bool is_ours(const struct estate *e, struct ip ip) {
	LIST_EACH (struct given, g, &e->prefixes)
		if (prefix_has_ip(g->network.prefix, ip))
			return true;
	return false;
}

static bool has_owner(const struct estate *e, struct ip ip) {
	for (size_t i = claims_find(e, ip); i < e->claim_count && ip_equal(e->claims[i].prefix.ip, ip); i++)
		if (e->claims[i].prefix.len == 128)
			return true;
	return false;
}

static void run(struct check_run *r) {
	const struct estate *e = r->estate;

	LIST_EACH (struct lan, l, &e->lans)
		LIST_EACH (struct address, a, &l->rdnss)
			if (is_ours(e, a->ip) && !has_owner(e, a->ip))
				check_report(r, a->at, "write the address of a machine that runs a resolver",
					     "LAN %s announces the resolver %s, which no machine has", l->name.s,
					     a->at->text.s);
}

const struct check check_lan_rdnss = {
	.name = "lan-rdnss",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A LAN announces a resolver that does not exist",
	.doc = "Devices take their resolvers from the router's advertisements (RFC 8106). The address lies in a "
	       "prefix of the estate, but no machine and no failover entry has it, so every device on the LAN waits "
	       "for answers that never come.",
	.run = run,
};
