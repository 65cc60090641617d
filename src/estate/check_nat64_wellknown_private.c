/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"
#include "estate/party.h"

/* A machine that NAT64 clients can only reach through the translator, and whose address is private. */
static const struct machine *find_private(const struct estate *e) {
	LIST_EACH (struct machine, m, &e->machines)
		if (m->ip.at && !m->ipv6.at && party_is_private(prefix_host(m->ip.ip)))
			return m;
	return NULL;
}

static void run(struct check_run *r) {
	const struct nat64 *n = r->estate->nat64;
	const struct machine *m;

	if (!n || !n->prefix.at || n->prefix.prefix.ip.hi != UINT64_C(0x0064ff9b00000000) || n->prefix.prefix.ip.lo)
		return;
	m = find_private(r->estate);
	if (!m)
		return;
	check_report(r, n->prefix.at, "take a /96 of your own space for NAT64, or give the machine an IPv6 address",
		     "%s is not for private IPv4 addresses, and %s has no other: NAT64 clients cannot reach it",
		     n->prefix.at->text.s, m->name.s);
	check_note(r, m->ip.at, "%s is private", m->ip.at->text.s);
}

const struct check check_nat64_wellknown_private = {
	.name = "nat64-wellknown-private",
	.severity = SEVERITY_ERROR,
	.summary = "The well-known NAT64 prefix, and a machine with nothing but a private IPv4 address",
	.doc = "64:ff9b::/96 must not stand for addresses that are not global, such as those of RFC 1918 (RFC 6052 "
	       "section 3.1); tayga drops such packets. A network that has private machines without IPv6 behind its "
	       "NAT64 uses a prefix of its own. Reported once, with the first such machine.",
	.run = run,
};
