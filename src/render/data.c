/* SPDX-License-Identifier: Apache-2.0 */
#include "render/data.h"

#include <string.h>

#include "estate/party.h"

static struct loc at_loc(const struct node *at) {
	return at ? at->loc : NO_LOC;
}

const struct value *data_scalar(struct arena *a, const struct scalar *s) {
	return s->s ? value_text(a, s->s, at_loc(s->at)) : &value_null;
}

const struct value *data_ip(struct arena *a, const struct address *v) {
	return v->at ? value_ip(a, v->ip, v->at->loc) : &value_null;
}

const struct value *data_network(struct arena *a, const struct network *v) {
	return v->at ? value_prefix(a, v->prefix, v->at->loc) : &value_null;
}

const struct value *data_uint(struct arena *a, const struct number *n) {
	return n->at ? value_int(a, (int64_t)n->n, n->at->loc) : &value_null;
}

struct set_walk {
	struct arena *arena;
	struct value *list;
	struct loc loc;
};

static int push_prefix(struct prefix p, void *user) {
	struct set_walk *w = user;

	value_list_push(w->arena, w->list, value_prefix(w->arena, p, w->loc));
	return 0;
}

const struct value *data_set(struct arena *a, const struct prefix_set *set, struct loc loc) {
	struct set_walk w = { a, value_list(a, loc), loc };

	(void)prefix_set_each(set, push_prefix, &w);
	return w.list;
}

static const struct value *list_of_refs(struct arena *a, const struct list *refs) {
	struct value *list = value_list(a, at_loc(refs->at));

	LIST_EACH (struct ref, ref, refs)
		value_list_push(a, list, value_text(a, ref->s, ref->at->loc));
	return list;
}

static const struct value *list_of_scalars(struct arena *a, const struct list *scalars) {
	struct value *list = value_list(a, at_loc(scalars->at));

	LIST_EACH (struct scalar, s, scalars)
		value_list_push(a, list, data_scalar(a, s));
	return list;
}

static const struct value *list_of_numbers(struct arena *a, const struct list *numbers) {
	struct value *list = value_list(a, at_loc(numbers->at));

	LIST_EACH (struct number, n, numbers)
		value_list_push(a, list, data_uint(a, n));
	return list;
}

static const struct value *list_of_roles(struct arena *a, unsigned bits, struct loc loc) {
	struct value *list = value_list(a, loc);

	for (unsigned r = 0; r < _ROLE_MAX; r++)
		if (bits >> r & 1)
			value_list_push(a, list, value_text(a, role_words[r], loc));
	return list;
}

/* A list of interface addresses: {address, prefix, length}. */
static const struct value *list_of_ifaddrs(struct arena *a, const struct list *addrs) {
	struct value *list = value_list(a, at_loc(addrs->at));

	LIST_EACH (struct ifaddr, i, addrs) {
		struct value *d = value_dict(a, i->at->loc);
		const struct prefix link = prefix_around(i->ip, i->len);

		value_dict_set(a, d, "address", value_ip(a, i->ip, i->at->loc));
		value_dict_set(a, d, "length", value_int(a, prefix_text_len(link), i->at->loc));
		value_dict_set(a, d, "network", value_prefix(a, link, i->at->loc));
		value_list_push(a, list, d);
	}
	return list;
}

static const struct value *group_prefixes(const struct group *g, enum family family, struct arena *a) {
	struct prefix_set set = PREFIX_SET_INIT;
	const struct value *list;

	party_group(g, family, NULL, &set);
	prefix_set_normalise(&set);
	list = data_set(a, &set, g->name.at->loc);
	prefix_set_done(&set);
	return list;
}

static const struct value *data_group(const struct group *g, struct arena *a) {
	struct value *d = value_dict(a, g->name.at->loc), *machines = value_list(a, g->name.at->loc);

	for (uint32_t i = 0; i < g->machine_count; i++)
		value_list_push(a, machines, data_scalar(a, &g->machines[i]->name));
	value_dict_set(a, d, "name", data_scalar(a, &g->name));
	value_dict_set(a, d, "comment", data_scalar(a, &g->comment));
	value_dict_set(a, d, "roles", list_of_roles(a, g->role_bits, g->name.at->loc));
	value_dict_set(a, d, "machines", machines);
	value_dict_set(a, d, "ipv4", group_prefixes(g, FAMILY_4, a));
	value_dict_set(a, d, "ipv6", group_prefixes(g, FAMILY_6, a));
	return d;
}

static const struct value *data_service(const struct service *s, struct arena *a) {
	struct value *d = value_dict(a, s->name.at->loc);

	value_dict_set(a, d, "name", data_scalar(a, &s->name));
	value_dict_set(a, d, "tcp", list_of_numbers(a, &s->tcp));
	value_dict_set(a, d, "udp", list_of_numbers(a, &s->udp));
	return d;
}

static const struct value *data_given(const struct given *g, struct arena *a) {
	struct value *d = value_dict(a, g->network.at->loc);

	value_dict_set(a, d, "network", data_network(a, &g->network));
	value_dict_set(a, d, "comment", data_scalar(a, &g->comment));
	value_dict_set(a, d, "site", data_scalar(a, &g->site));
	value_dict_set(a, d, "per_machine", data_uint(a, &g->per_machine));
	value_dict_set(a, d, "gateway", data_ip(a, &g->gateway));
	return d;
}

static const struct value *data_endpoint(const struct endpoint_name *n, struct arena *a) {
	struct value *d = value_dict(a, n->name.at->loc);

	value_dict_set(a, d, "name", data_scalar(a, &n->name));
	value_dict_set(a, d, "to", list_of_refs(a, &n->to));
	value_dict_set(a, d, "service", n->service.s ? value_text(a, n->service.s, n->service.at->loc) : &value_null);
	value_dict_set(a, d, "paths", list_of_scalars(a, &n->paths));
	return d;
}

static const struct value *data_failover(const struct failover *f, struct arena *a) {
	struct value *d = value_dict(a, f->name.at->loc);

	value_dict_set(a, d, "name", data_scalar(a, &f->name));
	value_dict_set(a, d, "machines", list_of_refs(a, &f->machines));
	value_dict_set(a, d, "interface", data_scalar(a, &f->interface));
	value_dict_set(a, d, "vrid", data_uint(a, &f->vrid));
	value_dict_set(a, d, "ipv4", list_of_ifaddrs(a, &f->ipv4));
	value_dict_set(a, d, "ipv6", list_of_ifaddrs(a, &f->ipv6));
	value_dict_set(a, d, "track", list_of_scalars(a, &f->track));
	return d;
}

/* Whom the web servers believe about the client's address: the guard's trusted proxies, else this host alone. */
static const struct value *trusted_proxies(const struct estate *e, struct arena *a) {
	struct prefix_set set = PREFIX_SET_INIT;
	const struct value *list;

	prefix_set_add(&set, prefix_host(ip_from_v4(0x7f000001)));
	prefix_set_add(&set, prefix_host((struct ip){ 0, 1 }));
	if (e->guard)
		LIST_EACH (struct ref, ref, &e->guard->trusted_proxies) {
			party_addresses(e, ref, FAMILY_4, NULL, &set);
			party_addresses(e, ref, FAMILY_6, NULL, &set);
		}
	prefix_set_normalise(&set);
	list = data_set(a, &set, e->guard ? at_loc(e->guard->trusted_proxies.at) : NO_LOC);
	prefix_set_done(&set);
	return list;
}

const struct value *data_estate(const struct estate *e, struct arena *a) {
	struct value *d = value_dict(a, NO_LOC), *groups = value_dict(a, NO_LOC), *services = value_dict(a, NO_LOC);
	struct value *prefixes = value_list(a, NO_LOC), *endpoints = value_list(a, NO_LOC),
		     *failover = value_list(a, NO_LOC);

	LIST_EACH (struct group, g, &e->groups)
		value_dict_set(a, groups, g->name.s, data_group(g, a));
	LIST_EACH (struct service, s, &e->services)
		value_dict_set(a, services, s->name.s, data_service(s, a));
	LIST_EACH (struct given, g, &e->prefixes)
		value_list_push(a, prefixes, data_given(g, a));
	LIST_EACH (struct endpoint_name, n, &e->endpoints)
		value_list_push(a, endpoints, data_endpoint(n, a));
	LIST_EACH (struct failover, f, &e->failover)
		value_list_push(a, failover, data_failover(f, a));
	value_dict_set(a, d, "name", data_scalar(a, &e->name));
	value_dict_set(a, d, "domain", data_scalar(a, &e->domain));
	value_dict_set(a, d, "groups", groups);
	value_dict_set(a, d, "services", services);
	value_dict_set(a, d, "prefixes", prefixes);
	value_dict_set(a, d, "endpoints", endpoints);
	value_dict_set(a, d, "failover", failover);
	value_dict_set(a, d, "trusted_proxies", trusted_proxies(e, a));
	return d;
}

static const struct value *list_of_routed(struct arena *a, const struct list *networks) {
	struct value *list = value_list(a, at_loc(networks->at));

	LIST_EACH (struct routed, n, networks) {
		struct value *d = value_dict(a, n->network.at->loc), *docker = NULL;

		if (n->docker_network) {
			docker = value_dict(a, n->docker_network->name.at->loc);
			value_dict_set(a, docker, "name", data_scalar(a, &n->docker_network->name));
			value_dict_set(a, docker, "ipv4", data_network(a, &n->docker_network->ipv4));
		}
		value_dict_set(a, d, "network", data_network(a, &n->network));
		value_dict_set(a, d, "comment", data_scalar(a, &n->comment));
		value_dict_set(a, d, "groups", list_of_refs(a, &n->groups));
		value_dict_set(a, d, "docker_network", docker ? docker : &value_null);
		value_list_push(a, list, d);
	}
	return list;
}

static const struct value *list_of_others(struct arena *a, const struct list *others) {
	static const char *const words[] = { "ping4", "ping6", "none" };
	struct value *list = value_list(a, at_loc(others->at));

	LIST_EACH (struct other_ip, o, others) {
		struct value *d = value_dict(a, o->address.at->loc);

		value_dict_set(a, d, "address", data_ip(a, &o->address));
		value_dict_set(a, d, "comment", data_scalar(a, &o->comment));
		value_dict_set(a, d, "monitoring",
			       o->monitoring.at ? value_text(a, words[o->monitoring.index], o->monitoring.at->loc)
						: &value_null);
		value_list_push(a, list, d);
	}
	return list;
}

static bool takes_part(const struct failover *f, const struct machine *m) {
	LIST_EACH (struct ref, ref, &f->machines)
		if (ref->to == m)
			return true;
	return false;
}

static const struct value *gateway(struct arena *a, const struct given *g) {
	return g ? data_ip(a, &g->gateway) : &value_null;
}

const struct value *data_machine(const struct estate *e, const struct machine *m, struct arena *a) {
	const struct loc loc = m->name.at->loc;
	struct value *d = value_dict(a, loc), *failover = value_list(a, loc);

	LIST_EACH (struct failover, f, &e->failover)
		if (takes_part(f, m))
			value_list_push(a, failover, data_failover(f, a));
	value_dict_set(a, d, "name", data_scalar(a, &m->name));
	value_dict_set(a, d, "host", value_str(a, m->name.s, strcspn(m->name.s, "."), loc));
	value_dict_set(a, d, "comment", data_scalar(a, &m->comment));
	value_dict_set(a, d, "groups", list_of_refs(a, &m->groups));
	value_dict_set(a, d, "roles", list_of_roles(a, m->role_bits, loc));
	value_dict_set(a, d, "ip", data_ip(a, &m->ip));
	value_dict_set(a, d, "ipv6", data_ip(a, &m->ipv6));
	value_dict_set(a, d, "interface", data_scalar(a, &m->interface));
	value_dict_set(a, d, "mtu", data_uint(a, &m->mtu));
	value_dict_set(a, d, "gateway4", gateway(a, m->given4));
	value_dict_set(a, d, "gateway6", gateway(a, m->given6));
	value_dict_set(a, d, "subnet6", m->ipv6.at ? value_prefix(a, m->subnet6, m->ipv6.at->loc) : &value_null);
	value_dict_set(a, d, "other_ips", list_of_others(a, &m->other_ips));
	value_dict_set(a, d, "other_ips6", list_of_others(a, &m->other_ips6));
	value_dict_set(a, d, "routed_networks", list_of_routed(a, &m->routed_networks));
	value_dict_set(a, d, "routed_networks6", list_of_routed(a, &m->routed_networks6));
	value_dict_set(a, d, "failover", failover);
	return d;
}
