/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints are taken service by service. For one service, the policy lines that allow all its ports are painted onto
 * groups and machines as family bits of their sources; then each target of each endpoint is looked up, and the same
 * lines are painted over with zero for the next service.
 */
#include "addr/set.h"
#include "estate/family.h"

struct paint {
	const struct estate *e;
	const uint8_t *sources;        /* families of every group, as a source */
	uint8_t everything;            /* to: any, all */
	uint8_t *groups, *machines;    /* by index */
	struct prefix_set literals;    /* to: an address or a prefix, in a family that its line lets in */
	uint64_t ports[2][65536 / 64]; /* scratch, zero between uses */
	bool *related;                 /* services that share a port with the present one, by index */
};

static void set_ports(uint64_t *bits, const struct list *ports, bool on) {
	LIST_EACH (struct number, port, ports) {
		uint64_t *word = &bits[port->n / 64 % 1024], bit = UINT64_C(1) << port->n % 64;

		*word = on ? *word | bit : *word & ~bit;
	}
}

static void set_services(struct paint *x, const struct policy *p, bool on) {
	LIST_EACH (struct ref, ref, &p->allow) {
		const struct service *s = ref->to;

		set_ports(x->ports[0], &s->tcp, on);
		set_ports(x->ports[1], &s->udp, on);
	}
}

static bool has_any_port(const uint64_t *bits, const struct list *ports) {
	LIST_EACH (struct number, port, ports)
		if (bits[port->n / 64 % 1024] >> port->n % 64 & 1)
			return true;
	return false;
}

/* Most lines are about other services: this tells them apart without looking at ports again. */
static void find_related(struct paint *x, const struct service *s) {
	bool *related = x->related;

	set_ports(x->ports[0], &s->tcp, true);
	set_ports(x->ports[1], &s->udp, true);
	LIST_EACH (struct service, other, &x->e->services)
		*related++ = has_any_port(x->ports[0], &other->tcp) || has_any_port(x->ports[1], &other->udp);
	set_ports(x->ports[0], &s->tcp, false);
	set_ports(x->ports[1], &s->udp, false);
}

static bool is_related(const struct paint *x, const struct policy *p) {
	LIST_EACH (struct ref, ref, &p->allow)
		if (x->related[(const struct service *)ref->to - (const struct service *)x->e->services.items])
			return true;
	return false;
}

static bool has_ports(const uint64_t *bits, const struct list *ports) {
	LIST_EACH (struct number, port, ports)
		if (!(bits[port->n / 64 % 1024] >> port->n % 64 & 1))
			return false;
	return ports->n;
}

/* UDP counts only where there is no TCP: without QUIC a site still answers. */
static bool line_allows(struct paint *x, const struct policy *p, const struct service *s) {
	bool all;

	set_services(x, p, true);
	all = s->tcp.n ? has_ports(x->ports[0], &s->tcp) : has_ports(x->ports[1], &s->udp);
	set_services(x, p, false);
	return all;
}

static size_t machine_index(const struct paint *x, const struct machine *m) {
	return (size_t)(m - (const struct machine *)x->e->machines.items);
}

static void paint_line(struct paint *x, const struct policy *p, bool on) {
	unsigned bits = family_list(x->sources, &p->from);

	LIST_EACH (struct ref, to, &p->to) {
		uint8_t *spot = &x->everything;

		if (to->kind == REF_GROUP)
			spot = &x->groups[((const struct group *)to->to)->index];
		else if (to->kind == REF_MACHINE)
			spot = &x->machines[machine_index(x, to->to)];
		else if (to->kind & (REF_ADDRESS | REF_PREFIX)) {
			if (on && bits & (prefix_family(to->prefix) == FAMILY_4 ? HAS_4 : HAS_6))
				prefix_set_add(&x->literals, to->prefix);
			continue;
		}
		*spot = on ? (uint8_t)(*spot | bits) : 0;
	}
}

static void paint_service(struct paint *x, const struct service *s, bool on) {
	prefix_set_done(&x->literals);
	LIST_EACH (struct policy, p, &x->e->policy)
		if (is_related(x, p) && line_allows(x, p, s))
			paint_line(x, p, on);
	prefix_set_normalise(&x->literals);
}

static unsigned machine_open(const struct paint *x, const struct machine *m) {
	unsigned bits = x->everything | x->machines[machine_index(x, m)];

	LIST_EACH (struct ref, ref, &m->groups)
		bits |= x->groups[((const struct group *)ref->to)->index];
	if (m->ip.at && prefix_set_has_ip(&x->literals, m->ip.ip))
		bits |= HAS_4;
	if (m->ipv6.at && prefix_set_has_ip(&x->literals, m->ipv6.ip))
		bits |= HAS_6;
	return bits;
}

/* The families that DNS will publish for a target and that some machine behind it drops. */
static unsigned target_closed(const struct paint *x, const struct ref *to, const struct machine **ret_m) {
	const struct group *g = to->to;
	const struct failover *f = to->to;
	unsigned closed = 0;

	if (to->kind == REF_MACHINE) {
		*ret_m = to->to;
		return family_target(to) & ~machine_open(x, to->to);
	}
	if (to->kind == REF_GROUP)
		for (uint32_t i = 0; i < g->machine_count && !closed; i++) {
			*ret_m = g->machines[i];
			closed = ((*ret_m)->ip.at ? HAS_4 : 0) | ((*ret_m)->ipv6.at ? HAS_6 : 0);
			closed &= ~machine_open(x, *ret_m);
		}
	if (to->kind == REF_FAILOVER)
		for (uint32_t i = 0; i < f->machines.n && !closed; i++) {
			*ret_m = ((const struct ref *)f->machines.items)[i].to;
			closed = family_vips(f) & ~machine_open(x, *ret_m);
		}
	return closed;
}

static void check_endpoint(struct check_run *r, const struct paint *x, const struct endpoint_name *n) {
	LIST_EACH (struct ref, to, &n->to) {
		const struct machine *m = NULL;
		unsigned closed = target_closed(x, to, &m);

		if (!closed)
			continue;
		check_report(r, to->at,
			     arena_printf(r->arena, "write a policy line for it with \"allow: %s\"", n->service.s),
			     "%s will be published in %s, but no policy line lets %s reach %s on %s", n->name.s,
			     closed == HAS_BOTH ? "both families" : family_word(closed),
			     closed == HAS_BOTH ? "anyone" : arena_printf(r->arena, "%s clients", family_word(closed)),
			     m->name.s, n->service.s);
	}
}

static int by_service(const void *pa, const void *pb) {
	const struct endpoint_name *const *a = pa, *const *b = pb;
	uintptr_t sa = (uintptr_t)(*a)->service.to, sb = (uintptr_t)(*b)->service.to;

	return sa < sb ? -1 : sa > sb;
}

static void run(struct check_run *r) {
	const struct estate *e = r->estate;
	const struct endpoint_name **sorted = arena_array(r->arena, const struct endpoint_name *, e->endpoints.n);
	struct paint *x = arena_new(r->arena, struct paint);
	const struct service *now = NULL;
	uint32_t n = 0;

	if (!e->policy.n)
		return;
	x->e = e;
	x->sources = family_groups(r);
	x->groups = arena_array(r->arena, uint8_t, e->groups.n);
	x->machines = arena_array(r->arena, uint8_t, e->machines.n);
	x->related = arena_array(r->arena, bool, e->services.n);
	LIST_EACH (struct endpoint_name, name, &e->endpoints)
		if (name->service.to)
			sorted[n++] = name;
	qsort(sorted, n, sizeof(*sorted), by_service);
	for (uint32_t i = 0; i < n; i++) {
		if (sorted[i]->service.to != now) {
			if (now)
				paint_service(x, now, false);
			x->everything = 0;
			now = sorted[i]->service.to;
			find_related(x, now);
			paint_service(x, now, true);
		}
		check_endpoint(r, x, sorted[i]);
	}
	prefix_set_done(&x->literals);
}

const struct check check_endpoint_not_allowed = {
	.name = "endpoint-not-allowed",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A public name is published in a family that the firewall drops",
	.doc = "An AAAA record that leads to a closed port is worse than none: clients try IPv6 first and wait, and "
	       "Happy Eyeballs (RFC 8305) hides it from whoever tests with a browser. For each family that a target "
	       "has, some policy line must let someone with that family reach it on the endpoint's service. The check "
	       "is silent while the estate has no policy at all.",
	.run = run,
};
