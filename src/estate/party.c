/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/party.h"

#include "addr/special.h"

bool party_is_private(struct prefix p) {
	const struct special *s = prefix_family(p) == FAMILY_4 ? special_of_prefix(p) : NULL;

	return s && (strcmp(s->kind, "private") == 0 || strcmp(s->kind, "shared") == 0);
}

static void add_host(const struct address *a, struct prefix_set *set) {
	if (a->at)
		prefix_set_add(set, prefix_host(a->ip));
}

void party_machine_own(const struct machine *m, enum family family, struct prefix_set *set) {
	add_host(family == FAMILY_4 ? &m->ip : &m->ipv6, set);
	LIST_EACH (struct other_ip, o, family == FAMILY_4 ? &m->other_ips : &m->other_ips6)
		add_host(&o->address, set);
}

void party_machine(const struct machine *m, enum family family, struct prefix_set *set) {
	static const struct prefix link_local = { { UINT64_C(0xfe80) << 48, 0 }, 10 };

	party_machine_own(m, family, set);
	for (uint32_t i = 0; i < m->failover_count; i++)
		LIST_EACH (struct ifaddr, a, family == FAMILY_4 ? &m->failover[i]->ipv4 : &m->failover[i]->ipv6)
			if (a->at && !prefix_has_ip(link_local, a->ip))
				prefix_set_add(set, prefix_host(a->ip));
}

/* A network as its own machine sees it: no NAT in between. */
static void add_inside(const struct routed *n, enum family family, struct prefix_set *set) {
	if (prefix_family(n->network.prefix) == family)
		prefix_set_add(set, n->network.prefix);
	else if (family == FAMILY_4 && n->docker_network && n->docker_network->ipv4.at)
		prefix_set_add(set, n->docker_network->ipv4.prefix);
}

void party_network(const struct routed *n, enum family family, const struct machine *seen_from,
		   struct prefix_set *set) {
	if (n->machine == seen_from ||
	    (prefix_family(n->network.prefix) == family && !party_is_private(n->network.prefix)))
		add_inside(n, family, set);
	else if (family == FAMILY_4)
		add_host(&n->machine->ip, set);
}

static void add_lan(const struct lan *l, enum family family, const struct machine *seen_from, struct prefix_set *set) {
	const struct machine *router = l->router.to;
	const struct network *n = family == FAMILY_4 ? &l->ipv4 : &l->ipv6;

	if (n->at && (router == seen_from || !party_is_private(n->prefix)))
		prefix_set_add(set, n->prefix);
	else if (family == FAMILY_4 && router)
		add_host(&router->ip, set);
}

void party_group(const struct group *g, enum family family, const struct machine *seen_from, struct prefix_set *set) {
	for (uint32_t i = 0; i < g->machine_count; i++)
		party_machine(g->machines[i], family, set);
	for (uint32_t i = 0; i < g->network_count; i++)
		party_network(g->networks[i], family, seen_from, set);
	for (uint32_t i = 0; i < g->lan_count; i++)
		add_lan(g->lans[i], family, seen_from, set);
}

static void add_all(const struct estate *e, enum family family, const struct machine *seen_from,
		    struct prefix_set *set) {
	LIST_EACH (struct machine, m, &e->machines) {
		party_machine(m, family, set);
		LIST_EACH (struct routed, n, &m->routed_networks)
			party_network(n, family, seen_from, set);
		LIST_EACH (struct routed, n, &m->routed_networks6)
			party_network(n, family, seen_from, set);
	}
	LIST_EACH (struct lan, l, &e->lans)
		add_lan(l, family, seen_from, set);
}

void party_addresses(const struct estate *e, const struct ref *ref, enum family family, const struct machine *seen_from,
		     struct prefix_set *set) {
	switch (ref->kind) {
	case REF_ALL:
		add_all(e, family, seen_from, set);
		break;
	case REF_GROUP:
		party_group(ref->to, family, seen_from, set);
		break;
	case REF_MACHINE:
		party_machine(ref->to, family, set);
		break;
	case REF_ADDRESS:
	case REF_PREFIX:
		if (prefix_family(ref->prefix) == family)
			prefix_set_add(set, ref->prefix);
		break;
	default:
		break;
	}
}

static bool in_group(const struct list *groups, const struct group *g) {
	LIST_EACH (struct ref, ref, groups)
		if (ref->kind == REF_GROUP && ref->to == g)
			return true;
	return false;
}

bool party_has_machine(const struct ref *ref, const struct machine *m) {
	switch (ref->kind) {
	case REF_ANY:
	case REF_ALL:
		return true;
	case REF_GROUP:
		return in_group(&m->groups, ref->to);
	case REF_MACHINE:
		return ref->to == m;
	default:
		return false;
	}
}

bool party_has_network(const struct ref *ref, const struct routed *n) {
	switch (ref->kind) {
	case REF_ANY:
	case REF_ALL:
		return true;
	case REF_GROUP:
		return in_group(&n->groups, ref->to);
	default:
		return false;
	}
}
