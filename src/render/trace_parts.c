/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A prefix is cut along what the tries hold inside it and around it: machines' own addresses first, then networks with
 * the more specific ones taken out, and what is left is outside of the estate. The same address may have several uses
 * (a failover address, a private network behind several machines): each is a part.
 */
#include "render/trace_parts.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "estate/party.h"

void trace_settle(struct prefix_set *s, struct arena *a) {
	size_t n;

	prefix_set_normalise(s);
	n = s->ranges.n;
	s->ranges.v = vec_freeze(&s->ranges, a);
	s->ranges.n = s->ranges.cap = n;
}

static void add_use(struct tracer *t, struct trie *trie, struct prefix p, struct trace_use u) {
	struct trace_use *use = arena_new(t->arena, struct trace_use), *first;

	*use = u;
	first = trie_add(trie, p, use);
	if (!first || first == use)
		return;
	/* Machines come one after another: this one's last use is the first of the list or the newest, behind it. */
	for (const struct trace_use *old = first; old; old = old == first ? first->next : NULL)
		if (u.net ? old->net->machine == u.net->machine : old->own == u.own)
			return; /* a VPN's network is a routed network as well */
	use->next = first->next;
	first->next = use;
}

static void add_own(struct tracer *t, const struct machine *m, const struct prefix_set *own) {
	for (size_t i = 0; i < own->ranges.n; i++) {
		struct range r = own->ranges.v[i];
		struct prefix p;

		for (struct ip ip = r.first;; ip = ip_next(ip)) {
			p = prefix_host(ip);
			add_use(t, &t->own, p, (struct trace_use){ .own = m });
			if (ip_equal(ip, r.last))
				break;
		}
	}
}

struct tracer *tracer_new(const struct estate *e, struct arena *a) {
	struct tracer *t = arena_new(a, struct tracer);

	*t = (struct tracer){ .e = e, .arena = a, .model = policy_model_new(e, a) };
	trie_init(&t->own, a);
	trie_init(&t->nets, a);
	LIST_EACH (struct machine, m, &e->machines) {
		const struct policy_place *p = policy_place(t->model, m);

		add_own(t, m, &p->own4);
		add_own(t, m, &p->own6);
		for (uint32_t i = 0; i < p->n; i++) {
			const struct policy_behind *b = &p->behind[i];

			if (b->net4)
				add_use(t, &t->nets, *b->net4, (struct trace_use){ .net = b });
			if (b->net6)
				add_use(t, &t->nets, *b->net6, (struct trace_use){ .net = b });
		}
	}
	return t;
}

void tracer_done(struct tracer *t) {
	policy_model_done(t->model);
}

/* What is collected, for one end and family. */
struct collect {
	struct tracer *t;
	struct arena *a;
	enum family f;
	bool source;
	struct trace_parts *parts;
	struct prefix_set direct; /* sources that no firewall is in front of */
	struct prefix_set known;  /* what of the prefix at hand has been found */
};

/* Whether others see a source there only as the machine in front, which needs an address for that. */
static bool hides(const struct collect *c, const struct policy_behind *b) {
	return c->source && c->f == FAMILY_4 && b->translated && b->machine->ip.at;
}

static void add_part(struct collect *c, struct trace_part part) {
	trace_settle(&part.set, c->a);
	if (part.set.ranges.n)
		vec_push(&c->parts->list, part);
}

/* One address of machines: its uses, and the network that it lies in, which is not the machine's own. */
static int add_address(struct prefix p, void *value, void *user) {
	struct collect *c = user;
	const struct trace_use *net = trie_lookup(&c->t->nets, p.ip, NULL);

	prefix_set_add(&c->known, p);
	for (const struct trace_use *u = value; u; u = u->next) {
		struct trace_part part = { .own = u->own };

		if (net && net->net->machine != u->own) {
			part.net = net->net;
			part.hidden = hides(c, net->net);
		}
		if (c->source && !part.net) {
			prefix_set_add(&c->direct, p);
			continue;
		}
		prefix_set_add(&part.set, p);
		add_part(c, part);
	}
	return 0;
}

struct hole {
	struct prefix outer;
	struct prefix_set set;
};

static int add_hole(struct prefix p, void *value, void *user) {
	struct hole *h = user;

	(void)value;
	if (!prefix_equal(p, h->outer))
		prefix_set_add(&h->set, p);
	return 0;
}

/* A network, or that part of it which lies in `within`, without what belongs to somebody more specific. */
static void add_net(struct collect *c, struct prefix net, const struct trace_use *uses, struct prefix within) {
	struct hole h = { .outer = net };

	if (net.len > within.len)
		within = net;
	(void)trie_each_inside(&c->t->own, within, add_hole, &h);
	(void)trie_each_inside(&c->t->nets, within, add_hole, &h);
	for (const struct trace_use *u = uses; u; u = u->next) {
		struct trace_part part = { .net = u->net, .hidden = hides(c, u->net) };

		prefix_set_add(&part.set, within);
		prefix_set_subtract(&part.set, &h.set);
		add_part(c, part);
	}
	prefix_set_add(&c->known, within);
	prefix_set_done(&h.set);
}

struct nets_in {
	struct collect *c;
	struct prefix within;
};

static int add_net_inside(struct prefix p, void *value, void *user) {
	const struct nets_in *n = user;

	add_net(n->c, p, value, n->within);
	return 0;
}

/* Destinations behind the translation prefix. */
static void add_translated(struct collect *c, struct prefix p) {
	const struct nat64 *n = c->t->e->nat64;
	struct trace_part part = { 0 };

	if (!n || !n->prefix.at || c->source || c->f != FAMILY_6 || !prefix_overlaps(n->prefix.prefix, p))
		return;
	if (p.len < n->prefix.prefix.len)
		p = n->prefix.prefix;
	prefix_set_add(&part.set, p);
	prefix_set_subtract(&part.set, &c->known);
	trace_settle(&part.set, c->a);
	prefix_set_add(&c->known, p);
	LIST_EACH (struct ref, ref, &n->machines) {
		part.translator = ref->to;
		if (part.set.ranges.n)
			vec_push(&c->parts->list, part);
	}
}

static void add_prefix(struct collect *c, struct prefix p) {
	struct nets_in nets = { c, p };
	struct prefix_set rest = PREFIX_SET_INIT;
	struct prefix found;
	const struct trace_use *around;

	if (prefix_family(p) != c->f)
		return;
	c->known = PREFIX_SET_INIT;
	(void)trie_each_inside(&c->t->own, p, add_address, c);
	around = p.len == 128 && c->known.ranges.n ? NULL : trie_lookup_prefix(&c->t->nets, p, &found);
	if (around && !prefix_equal(found, p))
		add_net(c, found, around, p);
	if (p.len < 128 || !c->known.ranges.n)
		(void)trie_each_inside(&c->t->nets, p, add_net_inside, &nets);
	add_translated(c, p);
	prefix_set_add(&rest, p);
	prefix_set_subtract(&rest, &c->known);
	if (c->source)
		prefix_set_add_set(&c->direct, &rest);
	else
		add_part(c, (struct trace_part){ .set = rest });
	if (c->source)
		prefix_set_done(&rest);
	prefix_set_done(&c->known);
}

static int add_prefix_each(struct prefix p, void *user) {
	add_prefix(user, p);
	return 0;
}

/* A network that a group names: as others have to ask for it, or as they see what comes from it. */
static void add_behind(struct collect *c, const struct policy_behind *b) {
	const struct prefix *net = c->f == FAMILY_4 ? b->net4 : b->net6;
	const struct address *host = &b->machine->ip;
	struct trace_part part = { .net = b, .hidden = true };

	if (c->f == FAMILY_6 || !b->translated) {
		if (net)
			add_prefix(c, *net);
		return;
	}
	if (!host->at)
		return;
	if (c->source && !net) {
		prefix_set_add(&c->direct, prefix_host(host->ip));
		return;
	}
	prefix_set_add(&part.set, c->source ? *net : prefix_host(host->ip));
	add_part(c, part);
}

static void add_machine(struct collect *c, const struct machine *m) {
	struct prefix_set set = PREFIX_SET_INIT;

	party_machine_own(m, c->f, &set);
	prefix_set_normalise(&set);
	(void)prefix_set_each(&set, add_prefix_each, c);
	prefix_set_done(&set);
}

static bool is_in(const struct policy_behind *b, const struct ref *ref) {
	if (b->kind != BEHIND_ROUTED && b->kind != BEHIND_LAN)
		return false;
	if (ref->kind == REF_ALL)
		return true;
	LIST_EACH (struct ref, g, b->groups)
		if (g->to == ref->to)
			return true;
	return false;
}

static void add_party(struct collect *c, const struct ref *ref) {
	LIST_EACH (struct machine, m, &c->t->e->machines) {
		const struct policy_place *p = policy_place(c->t->model, m);

		if (party_has_machine(ref, m))
			add_machine(c, m);
		for (uint32_t i = 0; i < p->n; i++)
			if (is_in(&p->behind[i], ref))
				add_behind(c, &p->behind[i]);
	}
}

static void add_ref(struct collect *c, const struct ref *ref) {
	const struct failover *f = ref->to;

	switch (ref->kind) {
	case REF_ANY:
		add_prefix(c, c->f == FAMILY_4 ? (struct prefix){ ip_from_v4(0), 96 } : (struct prefix){ 0 });
		break;
	case REF_ALL:
	case REF_GROUP:
		add_party(c, ref);
		break;
	case REF_MACHINE:
		add_machine(c, ref->to);
		break;
	case REF_FAILOVER:
		LIST_EACH (struct ifaddr, a, c->f == FAMILY_4 ? &f->ipv4 : &f->ipv6)
			if (a->ip.hi >> 54 != 0xfe80 >> 6)
				add_prefix(c, prefix_host(a->ip));
		break;
	default:
		add_prefix(c, ref->prefix);
	}
}

static void collect(struct collect *c, const struct trace_end *end) {
	for (uint32_t i = 0; i < end->n; i++)
		add_ref(c, &end->refs[i]);
	add_part(c, (struct trace_part){ .set = c->direct });
}

void trace_sources(struct tracer *t, const struct trace_end *end, enum family f, struct arena *a,
		   struct trace_parts *ret) {
	struct collect c = { .t = t, .a = a, .f = f, .source = true, .parts = ret };

	collect(&c, end);
}

void trace_destinations(struct tracer *t, const struct trace_end *end, enum family f, struct arena *a,
			struct trace_parts *ret) {
	struct collect c = { .t = t, .a = a, .f = f, .parts = ret };

	collect(&c, end);
}

const struct machine *trace_front(const struct tracer *t, struct ip ip, struct ip *ret_last) {
	struct prefix p = prefix_host(ip);
	const struct trace_use *net = trie_lookup(&t->nets, ip, &p), *own = trie_lookup(&t->own, ip, NULL);

	if (own)
		p = prefix_host(ip);
	*ret_last = prefix_last(p);
	if (net || !own)
		return net ? net->net->machine : NULL;
	return own->next ? NULL : own->own;
}
