/* SPDX-License-Identifier: Apache-2.0 */
/* Sorted by (address, shorter first): prefixes nest or are disjoint, so what covers a claim stands before it. */
#include "estate/claims.h"

typedef VEC(struct claim) claim_vec;

static void add(claim_vec *v, enum claim_kind kind, struct prefix p, const void *owner, const struct machine *m,
		const char *name, const struct node *at) {
	if (at && name)
		vec_push(v, (struct claim){ p, kind, owner, m, name, at });
}

static void add_routed(claim_vec *v, const struct machine *m, const struct list *networks) {
	LIST_EACH (struct routed, r, networks) {
		add(v, CLAIM_ROUTED, r->network.prefix, r, m, m->name.s, r->network.at);
		if (r->docker_network)
			add(v, CLAIM_DOCKER, r->docker_network->ipv4.prefix, r, m, m->name.s,
			    r->docker_network->ipv4.at);
	}
}

static void add_others(claim_vec *v, const struct machine *m, const struct list *others) {
	LIST_EACH (struct other_ip, o, others)
		add(v, CLAIM_OTHER, prefix_host(o->address.ip), m, m, m->name.s, o->address.at);
}

static void add_machines(claim_vec *v, const struct estate *e) {
	LIST_EACH (struct machine, m, &e->machines) {
		add(v, CLAIM_MACHINE, prefix_host(m->ip.ip), m, m, m->name.s, m->ip.at);
		add(v, CLAIM_MACHINE, prefix_host(m->ipv6.ip), m, m, m->name.s, m->ipv6.at);
		add_others(v, m, &m->other_ips);
		add_others(v, m, &m->other_ips6);
		add_routed(v, m, &m->routed_networks);
		add_routed(v, m, &m->routed_networks6);
	}
}

static void add_vips(claim_vec *v, const struct failover *f, const struct list *vips) {
	LIST_EACH (struct ifaddr, a, vips)
		add(v, CLAIM_FAILOVER, prefix_host(a->ip), f, NULL, f->name.s, a->at);
}

static void add_vpns(claim_vec *v, const struct estate *e) {
	LIST_EACH (struct vpn, n, &e->vpn) {
		add(v, CLAIM_VPN, n->ipv4.prefix, n, NULL, n->name.s, n->ipv4.at);
		add(v, CLAIM_VPN, n->ipv6.prefix, n, NULL, n->name.s, n->ipv6.at);
		LIST_EACH (struct vpn_client, c, &n->clients) {
			add(v, CLAIM_VPN_CLIENT, prefix_host(c->ipv4.ip), c, NULL, c->name.s, c->ipv4.at);
			add(v, CLAIM_VPN_CLIENT, prefix_host(c->ipv6.ip), c, NULL, c->name.s, c->ipv6.at);
		}
	}
}

static int claim_order(const void *pa, const void *pb) {
	const struct claim *a = pa, *b = pb;
	int r = prefix_compare(a->prefix, b->prefix);

	if (r)
		return r;
	if (a->at->loc.file != b->at->loc.file)
		return a->at->loc.file < b->at->loc.file ? -1 : 1;
	if (a->at->loc.line != b->at->loc.line)
		return a->at->loc.line < b->at->loc.line ? -1 : 1;
	return a->at->loc.col < b->at->loc.col ? -1 : a->at->loc.col > b->at->loc.col;
}

void claims_build(struct estate *e) {
	claim_vec v = { 0 };

	LIST_EACH (struct given, g, &e->prefixes)
		add(&v, CLAIM_GIVEN, g->network.prefix, g, NULL, "", g->network.at);
	add_machines(&v, e);
	LIST_EACH (struct failover, f, &e->failover) {
		add_vips(&v, f, &f->ipv4);
		add_vips(&v, f, &f->ipv6);
	}
	add_vpns(&v, e);
	LIST_EACH (struct lan, l, &e->lans) {
		add(&v, CLAIM_LAN, l->ipv4.prefix, l, NULL, l->name.s, l->ipv4.at);
		add(&v, CLAIM_LAN, l->ipv6.prefix, l, NULL, l->name.s, l->ipv6.at);
	}
	if (e->nat64) {
		add(&v, CLAIM_NAT64, e->nat64->prefix.prefix, e->nat64, NULL, "", e->nat64->prefix.at);
		add(&v, CLAIM_NAT64_POOL, e->nat64->ipv4_pool.prefix, e->nat64, NULL, "", e->nat64->ipv4_pool.at);
	}
	if (v.n)
		qsort(v.v, v.n, sizeof(*v.v), claim_order);
	e->claim_count = v.n;
	e->claims = vec_freeze(&v, e->arena);
}

const char *claim_describe(struct arena *a, const struct claim *c) {
	static const char *const formats[_CLAIM_MAX] = {
		[CLAIM_GIVEN] = "the prefix%s",
		[CLAIM_MACHINE] = "machine %s",
		[CLAIM_OTHER] = "a further address of %s",
		[CLAIM_ROUTED] = "a routed network of %s",
		[CLAIM_DOCKER] = "a Docker network of %s",
		[CLAIM_FAILOVER] = "failover entry %s",
		[CLAIM_VPN] = "VPN %s",
		[CLAIM_VPN_CLIENT] = "VPN client %s",
		[CLAIM_LAN] = "LAN %s",
		[CLAIM_NAT64] = "the NAT64 prefix%s",
		[CLAIM_NAT64_POOL] = "the NAT64 pool%s",
	};
	const char *f = formats[c->kind], *slot = strstr(f, "%s");

	return arena_printf(a, "%.*s%s%s", (int)(slot - f), f, c->name, slot + 2);
}

size_t claims_find(const struct estate *e, struct ip ip) {
	size_t low = 0, high = e->claim_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (ip_compare(e->claims[mid].prefix.ip, ip) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
