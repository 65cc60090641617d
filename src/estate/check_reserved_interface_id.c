/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"
#include "estate/claim_walk.h"

/* The registry of RFC 5453, for /64s. Interface id 0 is another matter: it depends on the length of the link. */
static const struct {
	uint64_t first, last;
	const char *what;
} rows[] = {
	{ UINT64_C(0xfdffffffffffff80), UINT64_C(0xfdffffffffffffff), "reserved for anycast (RFC 2526)" },
	{ UINT64_C(0x02005efffe000000), UINT64_C(0x02005efffeffffff), "reserved by IANA (RFC 5453)" },
};

/* len: of the link; 127 and 128 have no subnet-router anycast address (RFC 6164), so the /64 counts. */
static void look(struct check_run *r, struct ip ip, unsigned len, const struct node *at) {
	const struct prefix subnet = prefix_around(ip, len < 127 ? len : 64);
	const char *what = NULL;
	char text[PREFIX_TEXT_MAX];

	if (!at || ip_is_v4(ip))
		return;
	if (ip_equal(subnet.ip, ip))
		what = "the anycast address of all routers";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (ip.lo >= rows[i].first && ip.lo <= rows[i].last)
			what = rows[i].what;
	if (!what || !usable_for_machines(prefix_host(ip)))
		return;
	(void)prefix_format(subnet, text);
	check_report(r, at, "choose another address in that subnet", "\"%s\" is %s in %s", at->text.s, what, text);
}

static void run(struct check_run *r) {
	const struct estate *e = r->estate;

	LIST_EACH (struct machine, m, &e->machines) {
		look(r, m->ipv6.ip, MAX(m->subnet6.len, 64), m->ipv6.at);
		LIST_EACH (struct other_ip, o, &m->other_ips6)
			look(r, o->address.ip, 64, o->address.at);
	}
	LIST_EACH (struct failover, f, &e->failover)
		LIST_EACH (struct ifaddr, a, &f->ipv6)
			look(r, a->ip, a->len, a->at);
	LIST_EACH (struct vpn, v, &e->vpn)
		LIST_EACH (struct vpn_client, c, &v->clients)
			look(r, c->ipv6.ip, v->ipv6.at ? v->ipv6.prefix.len : 64, c->ipv6.at);
}

const struct check check_reserved_interface_id = {
	.name = "reserved-interface-id",
	.severity = SEVERITY_WARNING,
	.summary = "A host's IPv6 address ends in an interface id that is not for hosts",
	.doc = "The first address of a subnet, whose interface id is zero, belongs to all its routers at once (RFC "
	       "4291 section 2.6.1): each Linux machine that forwards answers for it, and a host with that address "
	       "shares it with them. The ids of RFC 2526 and RFC 5453 are taken in the same way. /127 and /128 have "
	       "none of these (RFC 6164).",
	.run = run,
};
