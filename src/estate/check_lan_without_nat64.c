/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static bool is_client(const struct nat64 *n, const struct lan *l) {
	LIST_EACH (struct ref, client, &n->clients)
		LIST_EACH (struct ref, group, &l->groups)
			if (client->to == group->to)
				return true;
	return false;
}

static bool has_ip6(const struct machine *m, struct ip ip) {
	if (m->ipv6.at && ip_equal(m->ipv6.ip, ip))
		return true;
	LIST_EACH (struct other_ip, o, &m->other_ips6)
		if (ip_equal(o->address.ip, ip))
			return true;
	return false;
}

static bool asks_dns64(const struct nat64 *n, const struct lan *l) {
	LIST_EACH (struct address, a, &l->rdnss)
		LIST_EACH (struct ref, ref, &n->machines)
			if (has_ip6(ref->to, a->ip))
				return true;
	return false;
}

static void run(struct check_run *r) {
	const struct nat64 *n = r->estate->nat64;

	LIST_EACH (struct lan, l, &r->estate->lans) {
		const struct address *first = l->rdnss.items;

		if (l->ipv4.at || !l->ipv6.at)
			continue;
		if (!n || !is_client(n, l))
			check_report(r, l->name.at, "name its group in \"clients\" of nat64, or add \"ipv4: NETWORK\"",
				     "LAN %s is IPv6-only and is no client of NAT64", l->name.s);
		else if (!asks_dns64(n, l))
			check_report(r, l->rdnss.n ? first->at : l->name.at,
				     "announce the address of a machine of nat64 in \"rdnss\"",
				     "LAN %s is IPv6-only, but asks no resolver of nat64", l->name.s);
	}
}

const struct check check_lan_without_nat64 = {
	.name = "lan-without-nat64",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "An IPv6-only LAN has no way to IPv4",
	.doc = "Many names have no AAAA record. Devices without IPv4 reach them through NAT64 (RFC 6146), and only "
	       "when they ask a resolver that makes AAAA records for it, DNS64 (RFC 6147).",
	.run = run,
};
