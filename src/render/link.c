/* SPDX-License-Identifier: Apache-2.0 */
#include "render/link.h"

#include <string.h>

#include "addr/digit.h"
#include "estate/party.h"

enum { INTERFACE_NAME_MAX = 15, VLAN_MAX = 4094, LEN_SLAAC = 64 };

/* One thing that a machine has to do with. */
struct use {
	const struct lan *lan;
	const struct failover *failover;
	const struct network *networks[2]; /* routed to it: a LAN's, a VPN's, a translator's */
	struct use *next;
};

struct link_index {
	struct use **of; /* by the machine's place in the estate */
};

static void add_use(struct use **of, const struct estate *e, const struct machine *m, struct use what,
		    struct arena *a) {
	struct use *u = arena_new(a, struct use), **head = &of[m - (const struct machine *)e->machines.items];

	*u = what;
	u->next = *head;
	*head = u;
}

/* Walks backwards, for each use is put in front. */
const struct link_index *link_index_build(const struct estate *e, struct arena *a) {
	struct link_index *index = arena_new(a, struct link_index);
	const struct lan *lans = e->lans.items;
	const struct failover *failover = e->failover.items;

	index->of = arena_array(a, struct use *, e->machines.n);
	for (uint32_t i = e->failover.n; i-- > 0;)
		LIST_EACH (struct ref, ref, &failover[i].machines)
			if (ref->to)
				add_use(index->of, e, ref->to, (struct use){ .failover = &failover[i] }, a);
	for (uint32_t i = e->lans.n; i-- > 0;)
		if (lans[i].router.to)
			add_use(index->of, e, lans[i].router.to,
				(struct use){ .lan = &lans[i], .networks = { &lans[i].ipv4, &lans[i].ipv6 } }, a);
	LIST_EACH (struct vpn, v, &e->vpn)
		LIST_EACH (struct ref, ref, &v->machines)
			if (ref->to)
				add_use(index->of, e, ref->to, (struct use){ .networks = { &v->ipv4, &v->ipv6 } }, a);
	if (e->nat64)
		LIST_EACH (struct ref, ref, &e->nat64->machines)
			if (ref->to)
				add_use(index->of, e, ref->to,
					(struct use){ .networks = { &e->nat64->prefix, &e->nat64->ipv4_pool } }, a);
	return index;
}

const char *link_name_fault(const char *name) {
	if (strlen(name) > INTERFACE_NAME_MAX)
		return "is longer than 15 characters";
	if (strcmp(name, "all") == 0 || strcmp(name, "default") == 0)
		return "is a word of the kernel's own";
	return NULL;
}

/* "eth0.4001" is VLAN 4001 on eth0: the id, and the length of the parent's name; -1 for any other name. */
static int vlan_of(const char *name, size_t *ret_parent_len) {
	const char *dot = strrchr(name, '.');
	uint32_t id;
	size_t digits;

	if (!dot || dot == name)
		return -1;
	digits = digit_number(dot + 1, strlen(dot + 1), VLAN_MAX, &id);
	if (!digits || dot[1 + digits] || id == 0)
		return -1;
	*ret_parent_len = (size_t)(dot - name);
	return (int)id;
}

struct builder {
	const struct machine *machine;
	const struct use *uses;
	struct arena *arena;
	struct links *links;
};

static struct link *get_link(struct builder *b, const char *name, const struct node *at) {
	struct link **end = &b->links->first, *l, *parent, **vlan;
	size_t parent_len;

	for (; *end; end = &(*end)->next)
		if (strcmp((*end)->name, name) == 0)
			return *end;
	l = *end = arena_new(b->arena, struct link);
	*l = (struct link){ .name = name, .at = at, .vlan = vlan_of(name, &parent_len) };
	if (l->vlan < 0)
		return l;
	parent = get_link(b, arena_dup(b->arena, name, parent_len), at);
	for (vlan = &parent->first_vlan; *vlan; vlan = &(*vlan)->next_vlan)
		;
	*vlan = l;
	return l;
}

/* Appends to one of a link's lists, by its name. */
#define APPEND(b, link, list, ...)                                                                                     \
	do {                                                                                                           \
		__typeof__((link)->list) _item = arena_alloc((b)->arena, sizeof(*_item));                              \
		*_item = (__typeof__(*_item))__VA_ARGS__;                                                              \
		*((link)->list##_end ? (link)->list##_end : &(link)->list) = _item;                                    \
		(link)->list##_end = &_item->next;                                                                     \
	} while (0)

static void add_address(struct builder *b, struct link *l, struct ip ip, unsigned len, const struct scalar *comment,
			const struct node *at) {
	APPEND(b, l, addresses, { ip, (uint8_t)len, comment, at, NULL });
}

static void add_note(struct builder *b, struct link *l, const char *text) {
	APPEND(b, l, notes, { text, NULL });
}

static const struct network *lan_network(const struct lan *lan, enum family family) {
	return family == FAMILY_4 ? &lan->ipv4 : &lan->ipv6;
}

/* Puts an address that lies in a LAN of this router on the LAN's interface; false for any other. */
static bool put_on_lan(struct builder *b, const struct address *a, const struct scalar *comment) {
	for (const struct use *u = b->uses; u; u = u->next) {
		const struct network *n = u->lan ? lan_network(u->lan, ip_family(a->ip)) : NULL;

		if (!n || !n->at || !prefix_has_ip(n->prefix, a->ip))
			continue;
		add_address(b, get_link(b, u->lan->interface.s, u->lan->interface.at), a->ip, n->prefix.len, comment,
			    a->at);
		return true;
	}
	return false;
}

static bool is_link_local(struct ip ip) {
	return ip.hi >> 54 == 0xfe80 >> 6;
}

static void add_gateway(struct builder *b, struct link *l, const struct given *g, struct ip own, struct prefix link) {
	const unsigned family = ip_family(own);
	char network[PREFIX_TEXT_MAX], text[IP_TEXT_MAX];

	if (!g) {
		(void)ip_format(own, text);
		add_note(b, l,
			 arena_printf(b->arena, "No IPv%u default route: no entry of prefixes: holds %s.", family,
				      text));
		return;
	}
	(void)prefix_format(g->network.prefix, network);
	if (!g->gateway.at)
		add_note(b, l,
			 arena_printf(b->arena, "No IPv%u default route: write prefixes.%s.gateway.", family, network));
	else if (ip_equal(g->gateway.ip, own))
		add_note(b, l,
			 arena_printf(b->arena, "No IPv%u default route: this machine is the gateway of %s.", family,
				      network));
	else if (ip_family(g->gateway.ip) != ip_family(own))
		add_note(b, l,
			 arena_printf(b->arena, "No IPv%u default route: prefixes.%s.gateway is not IPv%u.", family,
				      network, family));
	else
		APPEND(b, l, routes,
		       {
			       .kind = LINK_ROUTE_DEFAULT,
			       .gateway = g->gateway.ip,
			       .gateway_on_link = !is_link_local(g->gateway.ip) && !prefix_has_ip(link, g->gateway.ip),
			       .at = g->gateway.at,
		       });
}

static void add_main(struct builder *b, struct link *l, const struct address *a, const struct given *g) {
	struct prefix link = prefix_host(a->ip);

	if (!a->at || put_on_lan(b, a, NULL))
		return;
	if (g && !g->per_machine.at)
		link = prefix_around(a->ip, ip_is_v4(a->ip) ? g->network.prefix.len
							    : MAX(g->network.prefix.len, (unsigned)LEN_SLAAC));
	add_address(b, l, a->ip, link.len, NULL, a->at);
	add_gateway(b, l, g, a->ip, link);
}

static void add_others(struct builder *b, struct link *l, const struct list *others) {
	LIST_EACH (struct other_ip, o, others)
		if (!put_on_lan(b, &o->address, &o->comment))
			add_address(b, l, o->address.ip, 128, &o->comment, o->address.at);
}

/*
 * What is routed to this machine and nobody here has (a container network whose Docker is down, an address without a
 * container) would go back by the default route, and come again, until its hop limit ends it. A network's own interface
 * has a route of the same or a longer length and a better metric while it is up.
 */
static void add_unreachable(struct builder *b, struct link *l, struct prefix p, const struct node *at) {
	const struct machine *m = b->machine;

	if (!at || party_is_private(p))
		return;
	for (const struct link_route *r = l->routes; r; r = r->next)
		if (r->kind == LINK_ROUTE_UNREACHABLE && prefix_covers(r->destination, p))
			return;
	if (p.len == 128 && (ip_equal(p.ip, m->ip.ip) || ip_equal(p.ip, m->ipv6.ip)))
		return;
	APPEND(b, l, routes, { .kind = LINK_ROUTE_UNREACHABLE, .destination = p, .at = at });
}

static void add_all_unreachable(struct builder *b, struct link *l) {
	const struct machine *m = b->machine;

	if (m->ipv6.at && m->subnet6.len < 128)
		add_unreachable(b, l, m->subnet6, m->given6->per_machine.at);
	LIST_EACH (struct routed, n, &m->routed_networks)
		add_unreachable(b, l, n->network.prefix, n->network.at);
	LIST_EACH (struct routed, n, &m->routed_networks6)
		add_unreachable(b, l, n->network.prefix, n->network.at);
	for (const struct use *u = b->uses; u; u = u->next)
		for (size_t i = 0; i < ARRAY_LEN(u->networks) && u->networks[i]; i++)
			add_unreachable(b, l, u->networks[i]->prefix, u->networks[i]->at);
}

static bool has_address_in(const struct link *l, struct prefix p) {
	for (const struct link_address *a = l->addresses; a; a = a->next)
		if (prefix_has_ip(p, a->ip))
			return true;
	return false;
}

static void add_lan(struct builder *b, struct link *l, const struct network *n) {
	char text[PREFIX_TEXT_MAX];

	if (!n->at || has_address_in(l, n->prefix))
		return;
	(void)prefix_format(n->prefix, text);
	add_note(b, l,
		 arena_printf(b->arena, "The router has no address in %s: write one under %s of %s to give it one.",
			      text, prefix_family(n->prefix) == FAMILY_4 ? "other_ips" : "other_ips6",
			      b->machine->name.s));
	APPEND(b, l, routes, { .kind = LINK_ROUTE_ON_LINK, .destination = n->prefix, .at = n->at });
}

void links_build(const struct estate *e, const struct link_index *index, const struct machine *m, struct arena *a,
		 struct links *ret_l) {
	struct links links = { 0 };
	struct builder b = { m, index->of[m - (const struct machine *)e->machines.items], a, &links };
	struct link *uplink = get_link(&b, m->interface.s, m->interface.at ? m->interface.at : m->name.at);

	uplink->is_uplink = true;
	links.forwards = m->routed_networks.n || m->routed_networks6.n;
	add_main(&b, uplink, &m->ip, m->given4);
	add_others(&b, uplink, &m->other_ips);
	add_main(&b, uplink, &m->ipv6, m->given6);
	add_others(&b, uplink, &m->other_ips6);
	add_all_unreachable(&b, uplink);
	for (const struct use *u = b.uses; u; u = u->next) {
		links.forwards |= u->networks[0] != NULL;
		if (u->failover)
			get_link(&b, u->failover->interface.s, u->failover->interface.at)->has_failover = true;
		if (u->lan) {
			struct link *l = get_link(&b, u->lan->interface.s, u->lan->interface.at);

			l->is_lan = l != uplink;
			add_lan(&b, l, &u->lan->ipv4);
			add_lan(&b, l, &u->lan->ipv6);
		}
	}
	*ret_l = links;
}
