/* SPDX-License-Identifier: Apache-2.0 */
/* For each resolver that a LAN announces and a machine of the estate has: all policy lines until one lets the LAN ask
 * it. LANs and their resolvers are few. */
#include "estate/check.h"
#include "estate/party.h"

enum { PORT_DNS = 53 };

static const struct machine *owner(const struct estate *e, struct ip ip) {
	for (size_t i = claims_find(e, ip); i < e->claim_count && ip_equal(e->claims[i].prefix.ip, ip); i++)
		if (e->claims[i].prefix.len == 128 && e->claims[i].machine)
			return e->claims[i].machine;
	return NULL;
}

static bool has_port(const struct policy *p) {
	LIST_EACH (struct ref, ref, &p->allow)
		if (ref->to)
			LIST_EACH (struct number, n, &((const struct service *)ref->to)->udp)
				if (n->n == PORT_DNS)
					return true;
	return false;
}

static bool is_from(const struct policy *p, const struct lan *l) {
	LIST_EACH (struct ref, ref, &p->from) {
		if (ref->kind == REF_ANY || ref->kind == REF_ALL)
			return true;
		if (ref->kind == REF_PREFIX && prefix_covers(ref->prefix, l->ipv6.prefix))
			return true;
		LIST_EACH (struct ref, group, &l->groups)
			if (ref->kind == REF_GROUP && group->to == ref->to)
				return true;
	}
	return false;
}

static bool is_to(const struct policy *p, const struct machine *m, struct ip ip) {
	LIST_EACH (struct ref, ref, &p->to)
		if (party_has_machine(ref, m) ||
		    (ref->kind & (REF_ADDRESS | REF_PREFIX) && prefix_has_ip(ref->prefix, ip)))
			return true;
	return false;
}

static bool may_ask(const struct estate *e, const struct lan *l, const struct machine *m, struct ip ip) {
	LIST_EACH (struct policy, p, &e->policy)
		if (has_port(p) && is_from(p, l) && is_to(p, m, ip))
			return true;
	return false;
}

static void run(struct check_run *r) {
	const struct estate *e = r->estate;

	if (!e->policy.n)
		return;
	LIST_EACH (struct lan, l, &e->lans)
		LIST_EACH (struct address, a, &l->rdnss) {
			const struct machine *m = l->ipv6.at ? owner(e, a->ip) : NULL;

			if (m && !may_ask(e, l, m, a->ip))
				check_report(r, a->at,
					     arena_printf(r->arena,
							  "write a policy line from a group of the LAN to %s "
							  "for a service with \"udp: 53\"",
							  m->name.s),
					     "LAN %s announces the resolver %s, but no policy line lets it ask there",
					     l->name.s, m->name.s);
		}
}

const struct check check_resolver_not_allowed = {
	.name = "resolver-not-allowed",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A LAN announces a resolver that its devices may not ask",
	.doc = "Devices take the resolvers that the router announces (RFC 8106), and the firewall of the resolver's "
	       "machine, and "
	       "the resolver's own list of clients, let in whom the policy names. Without a line for it no name "
	       "resolves on the "
	       "LAN. The check is silent while the estate has no policy at all.",
	.run = run,
};
