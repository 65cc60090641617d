/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both sides are cut into classes (trace_class.h). For a class of sources and one of destinations the answer is a
 * rectangle: those sources that the destinations accept × those destinations that the sources' own firewalls let them
 * go to; the rest of the pairs is dropped. Classes are few, so the work is that of making them.
 *
 * Two ends behind one machine are another matter: no translation, one chain instead of two, or none. They are left out
 * of the rectangles (a rectangle counts when it has a pair with two machines in front) and looked at machine by
 * machine.
 *
 * A destination behind the NAT64 prefix is asked for a second time in IPv4, from the translator's pool; what is dropped
 * there is blocked here.
 */
#include "render/policy_trace.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

#include "render/policy_nat64.h"
#include "render/trace_path.h"

/* One evaluation: a family and a port. */
struct run {
	struct tracer *t;
	struct arena *a;
	enum family f;
	struct trace_lines lines;
	struct trace_parts sources, destinations;
	VEC(struct trace_rect) accepted;
	struct prefix_set refused; /* destinations of dropped pairs */
	bool any_yes, any_no, between;
	struct trace_pair yes, no;
};

static bool allows(const struct policy *p, struct trace_port port) {
	LIST_EACH (struct ref, ref, &p->allow) {
		const struct service *s = ref->to;

		LIST_EACH (struct number, n, port.protocol == IPPROTO_TCP ? &s->tcp : &s->udp)
			if (n->n == port.port)
				return true;
	}
	return false;
}

static struct trace_lines lines_of(const struct tracer *t, struct trace_port port, struct arena *a) {
	struct trace_lines l = { arena_array(a, const struct policy *, t->e->policy.n), 0 };

	LIST_EACH (struct policy, p, &t->e->policy)
		if (allows(p, port))
			l.v[l.n++] = p;
	return l;
}

static bool same_lines(const struct trace_lines *a, const struct trace_lines *b) {
	return a->n == b->n && (!a->n || memcmp(a->v, b->v, a->n * sizeof(*a->v)) == 0);
}

/* Somebody's address, and the machine that it is of; NULL: outside, or one of several. */
struct party {
	struct ip ip;
	const struct machine *front;
};

static bool differ(const struct party *a, const struct party *b) {
	return !ip_equal(a->ip, b->ip) && (!a->front || a->front != b->front);
}

/* Of a destination that may be on several machines: the one, when only that is in the class. `to` NULL: a source. */
static struct party find_party(const struct run *r, const struct trace_class *to, struct ip ip, struct ip *ret_last) {
	struct party p = { ip, trace_front(r->t, ip, ret_last) };
	const struct machine *only = NULL;

	if (p.front || !to)
		return p;
	for (size_t i = 0; i < to->parts.n; i++) {
		const struct machine *own = to->parts.v[i]->own;

		if (!own || own == only || !prefix_set_has_ip(&to->parts.v[i]->set, ip))
			continue;
		if (only)
			return p;
		only = own;
	}
	p.front = only;
	return p;
}

/* An address of a set that is not of the machine of `other`. */
static bool find_other(const struct run *r, const struct trace_class *to, const struct prefix_set *set,
		       const struct party *other, struct party *ret) {
	for (size_t i = 0; i < set->ranges.n; i++)
		for (struct ip ip = set->ranges.v[i].first, last;; ip = ip_next(last)) {
			struct party found = find_party(r, to, ip, &last);

			if (differ(&found, other)) {
				*ret = found;
				return true;
			}
			if (ip_equal(ip, other->ip))
				last = ip;
			if (ip_compare(last, set->ranges.v[i].last) >= 0)
				break;
		}
	return false;
}

/* An address that shows what the range is: of a network not the one that stands for all its
 * routers. */
static struct ip typical(const struct range *r) {
	return r->first.hi == r->last.hi && r->last.lo - r->first.lo < 4 ? r->first : ip_next(r->first);
}

/* A pair with two machines in front; `to` is part of the class. */
static bool find_pair(const struct run *r, const struct prefix_set *from, const struct trace_class *class,
		      const struct prefix_set *to, struct party *ret_from, struct party *ret_to) {
	struct ip last;

	if (!from->ranges.n || !to->ranges.n)
		return false;
	*ret_from = find_party(r, NULL, typical(&from->ranges.v[0]), &last);
	*ret_to = find_party(r, class, typical(&to->ranges.v[0]), &last);
	return differ(ret_from, ret_to) || find_other(r, class, to, ret_from, ret_to) ||
	       find_other(r, NULL, from, ret_to, ret_from);
}

static struct prefix_set without(const struct prefix_set *set, const struct prefix_set *cut, struct arena *a) {
	struct prefix_set rest = PREFIX_SET_INIT;

	prefix_set_add_set(&rest, set);
	prefix_set_subtract(&rest, cut);
	trace_settle(&rest, a);
	return rest;
}

static struct trace_pair pair_of(const struct trace_class *from, const struct trace_class *to, const struct party *s,
				 const struct party *d) {
	struct trace_pair p = { .from = s->ip, .to = d->ip };

	for (size_t i = 0; i < from->parts.n && !p.source; i++) {
		const struct trace_part *part = from->parts.v[i];

		if (part->hidden ? ip_equal(part->net->machine->ip.ip, s->ip) : prefix_set_has_ip(&part->set, s->ip))
			p.source = part;
	}
	if (p.source && p.source->hidden)
		p.from = typical(&p.source->set.ranges.v[0]);
	for (size_t i = 0; i < to->parts.n; i++) {
		const struct trace_part *part = to->parts.v[i];
		const bool away = !s->front || part->own != s->front;

		if (prefix_set_has_ip(&part->set, d->ip) &&
		    (!p.destination || (away && p.destination->own == s->front)))
			p.destination = part;
	}
	return p;
}

static void add_yes(struct run *r, struct trace_pair pair, const struct prefix_set *from, const struct prefix_set *to) {
	if (!r->any_yes)
		r->yes = pair;
	r->any_yes = true;
	vec_push(&r->accepted, (struct trace_rect){ .from = *from, .to = *to });
}

static void add_no(struct run *r, struct trace_pair pair, const struct prefix_set *to) {
	if (!r->any_no)
		r->no = pair;
	r->any_no = true;
	prefix_set_add_set(&r->refused, to);
}

static void evaluate_classes(struct run *r, const struct trace_class *from, const struct trace_class *to) {
	struct prefix_set s = to->free ? from->set : trace_common(&from->set, &to->through, r->a);
	struct prefix_set d = from->free ? to->set : trace_common(&to->set, &from->through, r->a);
	struct prefix_set no_s = without(&from->set, &s, r->a), no_d = without(&to->set, &d, r->a);
	struct party a, b;

	if (find_pair(r, &s, to, &d, &a, &b)) {
		r->between |= !from->free || !to->free;
		add_yes(r, pair_of(from, to, &a, &b), &s, &d);
	}
	if (find_pair(r, &no_s, to, &to->set, &a, &b))
		add_no(r, pair_of(from, to, &a, &b), &to->set);
	if (find_pair(r, &s, to, &no_d, &a, &b))
		add_no(r, pair_of(from, to, &a, &b), &no_d);
}

/* Two parts behind, or of, one machine. */
static void evaluate_same(struct run *r, const struct trace_part *from, const struct trace_part *to) {
	struct trace_gate gates[TRACE_GATES + 1];
	struct trace_pieces pieces = { 0 };
	struct trace_part inner = *to;
	bool same;
	unsigned n = trace_way(from, to, &same, gates);

	if (!same || !n)
		return;
	if (to->hidden) { /* from inside it is reached as it is */
		if (!to->net->net4)
			return;
		inner.set = PREFIX_SET_INIT;
		prefix_set_add(&inner.set, *to->net->net4);
		trace_settle(&inner.set, r->a);
	}
	r->between = true;
	trace_split(r->t, &r->lines, r->f, false, &inner, &(struct trace_gate_list){ gates, n }, r->a, &pieces);
	for (size_t i = 0; i < pieces.list.n; i++) {
		struct trace_part *part = arena_new(r->a, struct trace_part);
		struct prefix_set through = trace_through(&pieces.list.v[i], r->a);
		struct prefix_set s = trace_common(&from->set, &through, r->a), no_s = without(&from->set, &s, r->a);
		struct trace_pair pair = { .source = from, .destination = part };

		*part = pieces.list.v[i].part;
		pair.to = typical(&part->set.ranges.v[0]);
		if (s.ranges.n) {
			pair.from = typical(&s.ranges.v[0]);
			add_yes(r, pair, &s, &part->set);
		}
		if (no_s.ranges.n) {
			pair.from = typical(&no_s.ranges.v[0]);
			add_no(r, pair, &part->set);
		}
	}
	trace_pieces_done(&pieces);
}

struct front {
	const struct machine *machine;
	const struct trace_part *part;
};

static int by_machine(const void *pa, const void *pb) {
	const struct front *a = pa, *b = pb;

	return (uintptr_t)a->machine < (uintptr_t)b->machine ? -1 : (uintptr_t)a->machine > (uintptr_t)b->machine;
}

typedef VEC(struct front) fronts;

/* Sources that are a machine's own address, where something behind that machine is asked for that has a firewall. */
static void add_own_sources(struct run *r, fronts *list) {
	for (size_t i = 0; i < r->destinations.list.n; i++) {
		const struct trace_part *to = &r->destinations.list.v[i];
		const struct policy_place *place =
			to->own && to->net ? policy_place(r->t->model, to->net->machine) : NULL;
		struct trace_part *part;

		if (!place)
			continue;
		for (size_t k = 0; k < r->sources.list.n; k++) {
			const struct trace_part *from = &r->sources.list.v[k];

			if (from->net || from->own)
				continue;
			part = arena_new(r->a, struct trace_part);
			part->own = to->net->machine;
			part->set = trace_common(&from->set, r->f == FAMILY_4 ? &place->own4 : &place->own6, r->a);
			if (part->set.ranges.n)
				vec_push(list, (struct front){ part->own, part });
		}
	}
}

static void evaluate_machines(struct run *r) {
	fronts from = { 0 }, to = { 0 };

	for (size_t i = 0; i < r->sources.list.n; i++)
		if (r->sources.list.v[i].net)
			vec_push(&from, (struct front){ r->sources.list.v[i].net->machine, &r->sources.list.v[i] });
	add_own_sources(r, &from);
	for (size_t i = 0; i < r->destinations.list.n && from.n; i++) {
		const struct trace_part *p = &r->destinations.list.v[i];

		if (p->net || p->own)
			vec_push(&to, (struct front){ p->net ? p->net->machine : p->own, p });
	}
	if (from.n)
		qsort(from.v, from.n, sizeof(*from.v), by_machine);
	if (to.n)
		qsort(to.v, to.n, sizeof(*to.v), by_machine);
	for (size_t i = 0, start = 0; i < from.n; i++) {
		while (start < to.n && by_machine(&to.v[start], &from.v[i]) < 0)
			start++;
		for (size_t k = start; k < to.n && to.v[k].machine == from.v[i].machine; k++)
			evaluate_same(r, from.v[i].part, to.v[k].part);
	}
	vec_done(&from);
	vec_done(&to);
}

static void evaluate(struct run *r);

static void run_done(struct run *r) {
	vec_done(&r->sources.list);
	vec_done(&r->destinations.list);
	vec_done(&r->accepted);
	prefix_set_done(&r->refused);
}

/* What leaves a translator on its IPv4 side: tayga's pool, which is forwarded; jool sends with the machine's address.
 */
static struct trace_part translated_source(struct tracer *t, const struct machine *m, struct arena *a) {
	const struct policy_place *place = policy_place(t->model, m);
	struct trace_part part = { 0 };

	for (uint32_t i = 0; i < place->n && !part.net && !machine_has_role(m, ROLE_JOOL); i++)
		if (place->behind[i].kind == BEHIND_POOL && place->behind[i].net4)
			part = (struct trace_part){ .net = &place->behind[i], .hidden = m->ip.at };
	if (part.net)
		prefix_set_add(&part.set, *part.net->net4);
	else if (m->ip.at)
		prefix_set_add(&part.set, prefix_host(m->ip.ip));
	trace_settle(&part.set, a);
	return part;
}

static int add_ref(struct prefix p, void *user) {
	VEC(struct ref) *refs = user;

	vec_push(refs, (struct ref){ .kind = REF_PREFIX, .prefix = p });
	return 0;
}

/* The IPv4 destinations that IPv6 addresses behind the translation prefix stand for. */
static void find_translated(struct tracer *t, const struct prefix_set *v6, struct arena *a, struct trace_parts *ret) {
	struct prefix_set v4 = PREFIX_SET_INIT;
	VEC(struct ref) refs = { 0 };

	policy_unembed(t->e->nat64->prefix.prefix, v6, &v4);
	prefix_set_normalise(&v4);
	(void)prefix_set_each(&v4, add_ref, &refs);
	trace_destinations(t, &(struct trace_end){ .refs = refs.v, .n = (uint32_t)refs.n }, FAMILY_4, a, ret);
	vec_done(&refs);
	prefix_set_done(&v4);
}

static void block(struct run *r, size_t at) {
	struct trace_part part = r->destinations.list.v[at], blocked = part;
	struct trace_part source = translated_source(r->t, part.translator, r->a);
	struct prefix_set refused = PREFIX_SET_INIT;
	struct run leg = { .t = r->t, .a = r->a, .f = FAMILY_4, .lines = r->lines };

	if (!policy_nat64_valid(r->t->e->nat64->prefix.prefix) || !source.set.ranges.n)
		return;
	vec_push(&leg.sources.list, source);
	find_translated(r->t, &part.set, r->a, &leg.destinations);
	evaluate(&leg);
	policy_embed(r->t->e->nat64->prefix.prefix, &leg.refused, &refused);
	trace_settle(&refused, r->a);
	run_done(&leg);
	blocked.set = trace_common(&part.set, &refused, r->a);
	blocked.blocked = true;
	if (!blocked.set.ranges.n)
		return;
	r->destinations.list.v[at].set = without(&part.set, &refused, r->a);
	vec_push(&r->destinations.list, blocked);
}

/* Splits off those destinations behind a translator that its IPv4 side does not let it reach. */
static void block_translated(struct run *r) {
	for (size_t i = 0, n = r->destinations.list.n; i < n; i++)
		if (r->destinations.list.v[i].translator)
			block(r, i);
}

static void evaluate(struct run *r) {
	struct trace_classes from = { 0 }, to = { 0 };

	block_translated(r);
	trace_classify(r->t, &r->lines, r->f, true, &r->sources, r->a, &from);
	trace_classify(r->t, &r->lines, r->f, false, &r->destinations, r->a, &to);
	for (size_t i = 0; i < from.list.n; i++)
		for (size_t k = 0; k < to.list.n; k++)
			evaluate_classes(r, from.list.v[i], to.list.v[k]);
	evaluate_machines(r);
	prefix_set_normalise(&r->refused);
	trace_classes_done(&from);
	trace_classes_done(&to);
}

/* All hops of one pair, behind a translator those of the second leg as well. */
static void explain(struct run *r, const struct trace_pair *pair, struct trace_port port, struct trace_path *ret) {
	struct trace_parts parts = { 0 };
	struct trace_part source;

	*ret = (struct trace_path){ .found = true, .from = pair->from, .to = pair->to, .port = port };
	trace_walk(r->t, &r->lines, pair, ret);
	if (!ret->accepts || !pair->destination->translator)
		return;
	source = translated_source(r->t, pair->destination->translator, r->a);
	if (source.set.ranges.n) {
		struct prefix_set one = PREFIX_SET_INIT;

		prefix_set_add(&one, prefix_host(pair->to));
		find_translated(r->t, &one, r->a, &parts);
		prefix_set_done(&one);
	}
	for (size_t i = 0; i < parts.list.n && ret->accepts; i++)
		trace_walk(r->t, &r->lines,
			   &(struct trace_pair){ &source, &parts.list.v[i], typical(&source.set.ranges.v[0]),
						 parts.list.v[i].set.ranges.v[0].first },
			   ret);
	vec_done(&parts.list);
}

/* The ports of the question that the same lines allow, starting with the first one that is not done. */
static struct trace_port *take_ports(struct tracer *t, const struct trace_question *q, bool *done, struct arena *a,
				     struct trace_lines *ret_lines, size_t *ret_n) {
	struct trace_port *ports = arena_array(a, struct trace_port, q->n_ports);
	size_t n = 0;

	for (size_t i = 0; i < q->n_ports; i++) {
		struct trace_lines lines;

		if (done[i])
			continue;
		lines = lines_of(t, q->ports[i], a);
		if (n && !same_lines(&lines, ret_lines))
			continue;
		*ret_lines = lines;
		ports[n++] = q->ports[i];
		done[i] = true;
	}
	*ret_n = n;
	return n ? ports : NULL;
}

typedef VEC(struct trace_rect) rect_list;

static void ask_ports(struct tracer *t, const struct trace_question *q, struct trace_lines lines,
		      const struct trace_port *ports, size_t n, struct arena *a, struct trace_answer *ret,
		      rect_list *accepted) {
	struct run r = { .t = t, .a = a, .f = ret->family, .lines = lines };

	trace_sources(t, &q->from, ret->family, a, &r.sources);
	trace_destinations(t, &q->to, ret->family, a, &r.destinations);
	ret->from_has = r.sources.list.n;
	ret->to_has = r.destinations.list.n;
	if (ret->from_has && ret->to_has)
		evaluate(&r);
	ret->between |= r.between;
	if (r.any_yes && !ret->yes.found)
		explain(&r, &r.yes, ports[0], &ret->yes);
	if (r.any_no && !ret->no.found)
		explain(&r, &r.no, ports[0], &ret->no);
	for (size_t i = 0; i < r.accepted.n; i++) {
		r.accepted.v[i].ports = ports;
		r.accepted.v[i].n_ports = n;
		vec_push(accepted, r.accepted.v[i]);
	}
	run_done(&r);
}

void trace_ask(struct tracer *t, const struct trace_question *q, enum family family, struct arena *scratch,
	       struct trace_answer *ret) {
	bool *done = arena_array(scratch, bool, q->n_ports);
	rect_list accepted = { 0 };
	const struct trace_port *ports;
	struct trace_lines lines = { 0 };
	size_t n;

	*ret = (struct trace_answer){ .family = family };
	while ((ports = take_ports(t, q, done, scratch, &lines, &n)))
		ask_ports(t, q, lines, ports, n, scratch, ret, &accepted);
	ret->accepts = ret->from_has && ret->to_has && !ret->no.found;
	ret->partly = ret->yes.found && ret->no.found;
	ret->n_accepted = accepted.n;
	ret->accepted = vec_freeze(&accepted, scratch);
}
