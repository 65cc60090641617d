/* SPDX-License-Identifier: Apache-2.0 */
#include "render/own.h"

#include "render/data.h"

struct collector {
	struct arena *arena;
	struct value *list;
	enum family family;
};

static bool is_link_local(struct ip ip) {
	return ip.hi >> 54 == 0xfe80 >> 6;
}

static void add(struct collector *c, struct ip ip, const struct node *at) {
	const struct loc loc = at ? at->loc : NO_LOC;

	if (ip_family(ip) != c->family || is_link_local(ip))
		return;
	for (uint32_t i = 0; i < c->list->list.n; i++)
		if (ip_equal(c->list->list.v[i]->str.prefix->ip, ip))
			return;
	value_list_push(c->arena, c->list, value_ip(c->arena, ip, loc));
}

static void add_family(struct collector *c, const struct machine *m) {
	const struct address *main_one = c->family == FAMILY_4 ? &m->ip : &m->ipv6;

	if (main_one->at)
		add(c, main_one->ip, main_one->at);
	LIST_EACH (struct other_ip, o, c->family == FAMILY_4 ? &m->other_ips : &m->other_ips6)
		add(c, o->address.ip, o->address.at);
	for (uint32_t i = 0; i < m->failover_count; i++)
		LIST_EACH (struct ifaddr, a, c->family == FAMILY_4 ? &m->failover[i]->ipv4 : &m->failover[i]->ipv6)
			add(c, a->ip, a->at);
}

const struct value *own_addresses(const struct target_run *r) {
	static const struct ip loopbacks[] = { { 0, IP4_MAPPED_LO | 0x7f000001 }, { 0, 1 } };
	struct collector all = { r->arena, value_list(r->arena, NO_LOC), FAMILY_4 };

	for (size_t i = 0; i < ARRAY_LEN(loopbacks); i++) {
		struct collector one = { r->arena, value_list(r->arena, NO_LOC), ip_family(loopbacks[i]) };

		add_family(&one, r->machine);
		if (!one.list->list.n)
			continue;
		value_list_push(r->arena, all.list, value_ip(r->arena, loopbacks[i], NO_LOC));
		for (uint32_t k = 0; k < one.list->list.n; k++)
			value_list_push(r->arena, all.list, one.list->list.v[k]);
	}
	return all.list;
}
