/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The definitions of policy_flows.h as set algebra. A line's sides are made once per family as everybody sees them and
 * shared by all machines; what a machine sees differently (its own networks behind NAT) is a second, small set, so that
 * the cost of a machine does not depend on how large the parties are.
 */
#include "render/policy_flows.h"

#include <netinet/in.h>
#include <string.h>

#include "estate/party.h"
#include "render/policy_nat64.h"

enum { V4, V6, FAMILY_COUNT };

/* One side of a line. */
struct side {
	const struct list *refs;
	bool any;                                /* "any" is among them */
	bool made[FAMILY_COUNT];                 /* whether the sets are filled */
	struct prefix_set outside[FAMILY_COUNT]; /* all of it, as everybody sees it */
	struct prefix_set single[FAMILY_COUNT];  /* of that, machines, addresses and prefixes written singly */
};

struct line {
	struct side from, to;
};

struct place {
	struct policy_place public;
	struct prefix_set inside[FAMILY_COUNT];  /* networks behind the machine, as it sees them */
	struct prefix_set visible[FAMILY_COUNT]; /* those of them that everybody sees */
	struct prefix_set host4;                 /* its main IPv4 address, or empty */
};

struct section_ref {
	const struct lan *lan;
	const struct vpn *vpn;
	bool translates;
	struct section_ref *next;
};

struct policy_model {
	const struct estate *e;
	struct arena *arena;
	struct line *lines;            /* by position in estate.policy */
	struct place **places;         /* by position in estate.machines; NULL: not made yet */
	struct section_ref **sections; /* the same: what the sections say about the machine */
	struct prefix_set everything[FAMILY_COUNT];
};

static unsigned index_of(enum family f) {
	return f == FAMILY_4 ? V4 : V6;
}

static enum family family_of(unsigned f) {
	return f == V4 ? FAMILY_4 : FAMILY_6;
}

/* Normalises and moves the ranges to the arena. */
static void settle(struct arena *a, struct prefix_set *s) {
	size_t n;

	prefix_set_normalise(s);
	n = s->ranges.n;
	s->ranges.v = vec_freeze(&s->ranges, a);
	s->ranges.n = s->ranges.cap = n;
}

static const struct prefix_set *keep(struct arena *a, struct prefix_set s) {
	struct prefix_set *kept = arena_new(a, struct prefix_set);

	settle(a, &s);
	*kept = s;
	return kept;
}

/* Adds what a large and a small set share, both normal: a search for each range of the small one. */
static void add_common(struct prefix_set *s, const struct prefix_set *large, const struct prefix_set *small) {
	for (size_t i = 0; i < small->ranges.n; i++) {
		struct range r = small->ranges.v[i];

		for (size_t at = prefix_set_find(large, r.first); at < large->ranges.n; at++) {
			struct range l = large->ranges.v[at];

			if (ip_is_v4(l.first) != ip_is_v4(r.first) || ip_compare(l.first, r.last) > 0)
				break;
			if (ip_compare(l.first, r.first) < 0)
				l.first = r.first;
			if (ip_compare(l.last, r.last) > 0)
				l.last = r.last;
			prefix_set_add_range(s, l);
		}
	}
}

static const struct side *side_of(struct policy_model *pm, struct side *s, unsigned f) {
	if (s->made[f])
		return s;
	s->made[f] = true;
	LIST_EACH (struct ref, ref, s->refs) {
		party_addresses(pm->e, ref, family_of(f), NULL, &s->outside[f]);
		if (ref->kind & (REF_MACHINE | REF_ADDRESS | REF_PREFIX))
			party_addresses(pm->e, ref, family_of(f), NULL, &s->single[f]);
	}
	if (s->any)
		prefix_set_add_set(&s->outside[f], &pm->everything[f]);
	settle(pm->arena, &s->outside[f]);
	settle(pm->arena, &s->single[f]);
	return s;
}

static void init_side(struct side *s, const struct list *refs) {
	s->refs = refs;
	LIST_EACH (struct ref, ref, refs)
		s->any |= party_is_any(ref);
}

static struct section_ref *add_section(struct policy_model *pm, const struct machine *m) {
	struct section_ref **slot = &pm->sections[m - (const struct machine *)pm->e->machines.items];
	struct section_ref *s = arena_new(pm->arena, struct section_ref);

	s->next = *slot;
	*slot = s;
	return s;
}

static void find_sections(struct policy_model *pm) {
	const struct estate *e = pm->e;

	LIST_EACH (struct lan, l, &e->lans)
		if (l->router.to)
			add_section(pm, l->router.to)->lan = l;
	LIST_EACH (struct vpn, v, &e->vpn)
		LIST_EACH (struct ref, ref, &v->machines)
			add_section(pm, ref->to)->vpn = v;
	if (e->nat64)
		LIST_EACH (struct ref, ref, &e->nat64->machines)
			add_section(pm, ref->to)->translates = true;
}

struct policy_model *policy_model_new(const struct estate *e, struct arena *a) {
	struct policy_model *pm = arena_new(a, struct policy_model);
	uint32_t i = 0;

	*pm = (struct policy_model){
		.e = e,
		.arena = a,
		.lines = arena_array(a, struct line, e->policy.n),
		.places = arena_array(a, struct place *, e->machines.n),
		.sections = arena_array(a, struct section_ref *, e->machines.n),
	};
	prefix_set_add(&pm->everything[V4], (struct prefix){ ip_from_v4(0), 96 });
	prefix_set_add(&pm->everything[V6], (struct prefix){ 0 });
	LIST_EACH (struct policy, p, &e->policy) {
		init_side(&pm->lines[i].from, &p->from);
		init_side(&pm->lines[i++].to, &p->to);
	}
	find_sections(pm);
	return pm;
}

void policy_model_done(struct policy_model *pm) {
	for (unsigned f = V4; f < FAMILY_COUNT; f++)
		prefix_set_done(&pm->everything[f]);
}

typedef VEC(struct policy_behind) behind_list;

static const struct prefix *net_of(const struct network *n) {
	return n->at ? &n->prefix : NULL;
}

/* What everybody else sees only as the machine in front of it, in IPv4. */
static bool is_hidden(const struct prefix *net4) {
	return !net4 || party_is_private(*net4);
}

static void find_routed(const struct machine *m, behind_list *list) {
	LIST_EACH (struct routed, n, &m->routed_networks)
		vec_push(list, (struct policy_behind){ .kind = BEHIND_ROUTED,
						       .net4 = net_of(&n->network),
						       .translated = is_hidden(net_of(&n->network)),
						       .groups = &n->groups,
						       .routed = n,
						       .machine = m });
	LIST_EACH (struct routed, n, &m->routed_networks6)
		vec_push(list,
			 (struct policy_behind){ .kind = BEHIND_ROUTED,
						 .net4 = n->docker_network ? net_of(&n->docker_network->ipv4) : NULL,
						 .net6 = net_of(&n->network),
						 .translated = true,
						 .groups = &n->groups,
						 .routed = n,
						 .machine = m });
}

static void find_behind(const struct policy_model *pm, const struct machine *m, behind_list *list) {
	find_routed(m, list);
	for (const struct section_ref *s = pm->sections[m - (const struct machine *)pm->e->machines.items]; s;
	     s = s->next) {
		const struct nat64 *nat64 = pm->e->nat64;

		if (s->lan)
			vec_push(list, (struct policy_behind){ .kind = BEHIND_LAN,
							       .net4 = net_of(&s->lan->ipv4),
							       .net6 = net_of(&s->lan->ipv6),
							       .translated = is_hidden(net_of(&s->lan->ipv4)),
							       .groups = &s->lan->groups,
							       .machine = m });
		if (s->vpn)
			vec_push(list, (struct policy_behind){ .kind = BEHIND_VPN,
							       .net4 = net_of(&s->vpn->ipv4),
							       .net6 = net_of(&s->vpn->ipv6),
							       .translated = is_hidden(net_of(&s->vpn->ipv4)),
							       .machine = m });
		if (s->translates)
			vec_push(list, (struct policy_behind){ .kind = BEHIND_POOL,
							       .net4 = net_of(&nat64->ipv4_pool),
							       .translated = true,
							       .groups = &nat64->clients,
							       .machine = m });
	}
}

static struct place *place_of(struct policy_model *pm, const struct machine *m) {
	struct place **slot = &pm->places[m - (const struct machine *)pm->e->machines.items];
	behind_list list = { 0 };
	struct place *p;

	p = *slot;
	if (p)
		return p;
	*slot = p = arena_new(pm->arena, struct place);
	party_machine(m, FAMILY_4, &p->public.own4);
	party_machine(m, FAMILY_6, &p->public.own6);
	find_behind(pm, m, &list);
	for (size_t i = 0; i < list.n; i++) {
		const struct policy_behind *b = &list.v[i];

		if (b->net4)
			prefix_set_add(&p->inside[V4], *b->net4);
		if (b->net4 && !b->translated)
			prefix_set_add(&p->visible[V4], *b->net4);
		if (b->net6) {
			prefix_set_add(&p->inside[V6], *b->net6);
			prefix_set_add(&p->visible[V6], *b->net6);
		}
	}
	if (m->ip.at)
		prefix_set_add(&p->host4, prefix_host(m->ip.ip));
	settle(pm->arena, &p->public.own4);
	settle(pm->arena, &p->public.own6);
	settle(pm->arena, &p->host4);
	for (unsigned f = V4; f < FAMILY_COUNT; f++) {
		settle(pm->arena, &p->inside[f]);
		settle(pm->arena, &p->visible[f]);
	}
	p->public.n = (uint32_t)list.n;
	p->public.behind = vec_freeze(&list, pm->arena);
	return p;
}

const struct policy_place *policy_place(struct policy_model *pm, const struct machine *m) {
	return &place_of(pm, m)->public;
}

/* Whether something behind a machine is a member of the party by its groups; VPN sections have none. */
static bool is_member(const struct policy_behind *b, const struct ref *ref) {
	if (!b->groups)
		return false;
	if (ref->kind == REF_ALL || ref->kind == REF_ANY)
		return true;
	LIST_EACH (struct ref, g, b->groups)
		if (ref->kind == REF_GROUP && g->to == ref->to)
			return true;
	return false;
}

/* IPv4 only: members of the side behind this machine's NAT, as the machine sees them. "any" has them already. */
static void add_hidden(const struct place *p, const struct side *s, struct prefix_set *set) {
	LIST_EACH (struct ref, ref, s->refs)
		for (uint32_t i = 0; i < p->public.n && ref->kind != REF_ANY; i++) {
			const struct policy_behind *b = &p->public.behind[i];

			if (b->translated && b->net4 && is_member(b, ref))
				prefix_set_add(set, *b->net4);
		}
}

/* Whether a network behind the machine's NAT is in the side, so that the machine's address stands for it. */
static bool stands_for(const struct place *p, const struct side *s) {
	LIST_EACH (struct ref, ref, s->refs)
		for (uint32_t i = 0; i < p->public.n; i++) {
			const struct policy_behind *b = &p->public.behind[i];

			if (b->translated && b->kind != BEHIND_POOL && is_member(b, ref))
				return true;
		}
	return false;
}

/* What a rectangle is made for. */
struct context {
	struct policy_model *pm;
	const struct policy *line;
	const struct place *place;
	struct line *sides;
	unsigned f;
	struct arena *arena; /* for sets of this machine alone */
	struct policy_rects *out;
};

static void add_rect(const struct context *c, const struct prefix_set *from, const struct prefix_set *to,
		     bool translated) {
	if (from->ranges.n && to->ranges.n)
		vec_push(&c->out->list, (struct policy_rect){ from, to, translated, c->line });
}

/* From all of the line's sources, as this machine sees them. */
static void from_sources(const struct context *c, const struct prefix_set *to, bool translated) {
	const struct side *from = side_of(c->pm, &c->sides->from, c->f);
	struct prefix_set hidden = PREFIX_SET_INIT;

	if (!to->ranges.n)
		return;
	add_rect(c, &from->outside[c->f], to, translated);
	if (c->f == V4 && !from->any)
		add_hidden(c->place, from, &hidden);
	if (hidden.ranges.n)
		add_rect(c, keep(c->arena, hidden), to, translated);
}

static void input(const struct context *c, const struct machine *m) {
	const struct prefix_set *own = c->f == V4 ? &c->place->public.own4 : &c->place->public.own6;
	struct prefix_set to = PREFIX_SET_INIT;

	if (!own->ranges.n)
		return;
	LIST_EACH (struct ref, ref, c->sides->to.refs)
		if (party_has_machine(ref, m)) {
			from_sources(c, &c->pm->everything[c->f], false);
			return;
		}
	add_common(&to, &side_of(c->pm, &c->sides->to, c->f)->single[c->f], own);
	if (c->f == V4 && stands_for(c->place, &c->sides->to))
		prefix_set_add_set(&to, &c->place->host4);
	if (to.ranges.n)
		from_sources(c, keep(c->arena, to), false);
}

/* Which addresses behind the machine are on a side, for senders outside or for what is behind the machine itself. */
static const struct prefix_set *inside_part(const struct context *c, struct side *s, bool from_outside) {
	struct prefix_set set = PREFIX_SET_INIT;

	if (s->any && !from_outside)
		return &c->place->inside[c->f];
	if (s->any) {
		/* Members by name and single addresses still count where "any" does not reach. */
		prefix_set_add_set(&set, &c->place->visible[c->f]);
		LIST_EACH (struct ref, ref, s->refs)
			party_addresses(c->pm->e, ref, family_of(c->f), NULL, &set);
		prefix_set_intersect(&set, &c->place->inside[c->f]);
	} else
		add_common(&set, &side_of(c->pm, s, c->f)->outside[c->f], &c->place->inside[c->f]);
	if (c->f == V4 && !from_outside) {
		prefix_set_normalise(&set);
		add_hidden(c->place, s, &set);
	}
	return keep(c->arena, set);
}

static void to_destinations(const struct context *c, const struct prefix_set *from) {
	const struct side *to = side_of(c->pm, &c->sides->to, c->f);
	struct prefix_set hidden = PREFIX_SET_INIT;

	if (!from->ranges.n)
		return;
	add_rect(c, from, &to->outside[c->f], false);
	if (c->f == V4 && !to->any)
		add_hidden(c->place, to, &hidden);
	if (hidden.ranges.n)
		add_rect(c, from, keep(c->arena, hidden), false);
}

static void translator(const struct context *c) {
	const struct nat64 *nat64 = c->pm->e->nat64;
	const struct prefix prefix = nat64->prefix.prefix;
	struct prefix_set from = PREFIX_SET_INIT, to = PREFIX_SET_INIT;

	if (!nat64->prefix.at || !policy_nat64_valid(prefix))
		return;
	LIST_EACH (struct ref, ref, &nat64->clients)
		party_addresses(c->pm->e, ref, FAMILY_6, NULL, &from);
	prefix_set_intersect(&from, &side_of(c->pm, &c->sides->from, V6)->outside[V6]);
	if (c->sides->to.any)
		prefix_set_add(&to, prefix);
	else
		policy_embed(prefix, &side_of(c->pm, &c->sides->to, V4)->outside[V4], &to);
	add_rect(c, keep(c->arena, from), keep(c->arena, to), false);
}

static bool translates(const struct place *p) {
	for (uint32_t i = 0; i < p->public.n; i++)
		if (p->public.behind[i].kind == BEHIND_POOL)
			return true;
	return false;
}

static bool routes(const struct place *p) {
	return p->inside[V4].ranges.n || p->inside[V6].ranges.n || translates(p);
}

static void forward(const struct context *c) {
	if (c->place->inside[c->f].ranges.n) {
		from_sources(c, inside_part(c, &c->sides->to, true), false);
		to_destinations(c, inside_part(c, &c->sides->from, false));
	}
	if (c->f == V4 && routes(c->place) && stands_for(c->place, &c->sides->to))
		from_sources(c, &c->place->host4, true);
	if (c->f == V6 && translates(c->place))
		translator(c);
}

static void links(const struct context *c, const struct machine *m) {
	for (uint32_t i = 0; i < c->place->public.n && machine_has_role(m, ROLE_DOCKER); i++) {
		const struct policy_behind *b = &c->place->public.behind[i];
		const struct prefix *net = c->f == V4 ? b->net4 : b->net6;
		struct prefix_set set = PREFIX_SET_INIT;
		const struct prefix_set *link;

		if (b->kind != BEHIND_ROUTED || !b->net6 || !net)
			continue;
		prefix_set_add(&set, *net);
		link = keep(c->arena, set);
		add_rect(c, link, link, false);
	}
}

void policy_rects(struct policy_model *pm, const struct machine *m, enum flow_chain chain, enum family family,
		  const struct policy *line, struct arena *a, struct policy_rects *rects) {
	struct context c = {
		.pm = pm,
		.line = line,
		.place = place_of(pm, m),
		.f = index_of(family),
		.arena = a,
		.out = rects,
	};

	if (line)
		c.sides = &pm->lines[line - (const struct policy *)pm->e->policy.items];
	if (line && chain == FLOW_INPUT)
		input(&c, m);
	else if (line)
		forward(&c);
	else if (chain == FLOW_FORWARD)
		links(&c, m);
}

static int compare_ports(const void *a, const void *b) {
	const uint16_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Adds a rectangle with the ports of one protocol, neighbouring ports together. */
static void add_ports(struct flows *f, struct flow_box box, const struct policy *line, bool udp) {
	VEC(uint16_t) ports = { 0 };

	LIST_EACH (struct ref, ref, &line->allow) {
		const struct service *s = ref->to;

		LIST_EACH (struct number, n, udp ? &s->udp : &s->tcp)
			vec_push(&ports, (uint16_t)n->n);
	}
	if (ports.n)
		qsort(ports.v, ports.n, sizeof(*ports.v), compare_ports);
	box.protocol = udp ? IPPROTO_UDP : IPPROTO_TCP;
	for (size_t i = 0; i < ports.n; i++) {
		box.port_first = ports.v[i];
		while (i + 1 < ports.n && ports.v[i + 1] - ports.v[i] <= 1)
			i++;
		box.port_last = ports.v[i];
		flows_add(f, &box);
	}
	vec_done(&ports);
}

static void add_boxes(struct flows *f, enum flow_chain chain, enum family family, const struct policy_rect *r) {
	struct flow_box box = {
		.chain = chain,
		.family = family,
		.port_last = UINT16_MAX,
		.translated = r->translated,
		.from = *r->from,
		.to = *r->to,
		.origin = r->line,
	};

	for (unsigned udp = 0; udp < 2; udp++)
		if (r->line)
			add_ports(f, box, r->line, udp);
		else {
			box.protocol = udp ? IPPROTO_UDP : IPPROTO_TCP;
			flows_add(f, &box);
		}
}

void policy_flows(struct policy_model *pm, const struct machine *m, struct flows *ret) {
	struct policy_rects rects = { 0 };

	for (enum flow_chain chain = FLOW_INPUT; chain < _FLOW_CHAIN_MAX; chain++)
		for (unsigned f = V4; f < FAMILY_COUNT; f++) {
			rects.list.n = 0;
			LIST_EACH (struct policy, p, &pm->e->policy)
				policy_rects(pm, m, chain, family_of(f), p, ret->arena, &rects);
			policy_rects(pm, m, chain, family_of(f), NULL, ret->arena, &rects);
			for (size_t i = 0; i < rects.list.n; i++)
				add_boxes(ret, chain, family_of(f), &rects.list.v[i]);
		}
	vec_done(&rects.list);
}
