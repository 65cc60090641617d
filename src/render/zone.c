/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two lists, each sorted once: (name, address) pairs become the forward zone; candidates for pointers, by address and
 * then by how good they are, are dealt out to the reverse zones in one pass, for those are in the same order.
 */
#include "render/zone.h"

#include <string.h>

#include "addr/arpa.h"
#include "base/map.h"
#include "estate/party.h"

/* Why a name and an address belong together; for a pointer, the lower the better. */
enum rank {
	RANK_MACHINE,
	RANK_OTHER,    /* a further address of a machine */
	RANK_ENDPOINT, /* by what an endpoint leads to */
	RANK_FOREIGN,  /* a machine whose name is not below the domain: no pointer */
	RANK_NAMELESS, /* a virtual address that no endpoint leads to: no pointer */
};

struct pair {
	const struct dns_name *name; /* NULL: RANK_NAMELESS */
	struct ip ip;
	const char *why; /* the failover entry or machine behind an endpoint; the failover entry of RANK_NAMELESS */
	struct loc loc;
	uint32_t order; /* of the files */
	enum rank rank;
};

struct builder {
	const struct estate *estate;
	struct arena *arena;
	struct zones *zones;
	struct map machines; /* by name as DNS has it */
	VEC(struct pair) pairs;
	VEC(struct zone_problem) problems;
	VEC(const char *) outside; /* names of machines and endpoints that are not below the domain */
};

static bool is_link_local(struct ip ip) {
	return ip.hi >> 54 == 0xfe80 >> 6;
}

static int compare_ip(struct ip a, struct ip b) {
	return ip_family(a) == ip_family(b) ? ip_compare(a, b) : ip_family(a) == FAMILY_4 ? -1 : 1;
}

static void add_pair(struct builder *b, const struct dns_name *name, struct ip ip, enum rank rank, const char *why,
		     const struct node *at) {
	if (!is_link_local(ip))
		vec_push(&b->pairs,
			 (struct pair){ name, ip, why, at ? at->loc : (struct loc){ 0 }, (uint32_t)b->pairs.n, rank });
}

static void add_address(struct builder *b, const struct dns_name *name, const struct address *address, enum rank rank,
			const char *why, const struct node *at) {
	if (address->at)
		add_pair(b, name, address->ip, rank, why, at ? at : address->at);
}

static void add_problem(struct builder *b, const struct node *at, const char *message, const char *hint) {
	vec_push(&b->problems, (struct zone_problem){ at->loc, message, hint });
}

/* The name in DNS; *ret_inside says whether the forward zone has it. NULL when DNS cannot have it. */
static const struct dns_name *use_name(struct builder *b, const struct scalar *name, bool *ret_inside) {
	const struct dns_name *domain = &b->zones->domain;
	struct dns_name *n = arena_new(b->arena, struct dns_name);
	const char *fault;

	*n = dns_name_make(b->arena, name->s, domain);
	*ret_inside = dns_name_inside(n, domain);
	fault = *ret_inside ? dns_name_fault(n) : NULL;
	if (!fault)
		return n;
	add_problem(b, name->at, arena_printf(b->arena, "\"%s\" cannot be a name in DNS: it %s", name->s, fault),
		    "choose a shorter name, or one outside the estate's domain");
	return NULL;
}

/* Two machines that DNS cannot tell apart would have each other's addresses. */
static bool is_new(struct builder *b, const struct dns_name *name, const struct machine *m) {
	const struct machine *first = map_add(&b->machines, name->text.s, name->text.len, (void *)m);

	if (first != m)
		add_problem(
			b, m->name.at,
			arena_printf(b->arena, "\"%s\" and \"%s\" are the same name in DNS", m->name.s, first->name.s),
			"rename one of them: case and a final dot make no difference");
	return first == m;
}

static void add_machine(struct builder *b, const struct machine *m) {
	bool inside;
	const struct dns_name *name = use_name(b, &m->name, &inside);

	if (!name || !is_new(b, name, m))
		return;
	if (!inside)
		vec_push(&b->outside, name->text.s);
	add_address(b, name, &m->ip, inside ? RANK_MACHINE : RANK_FOREIGN, NULL, NULL);
	add_address(b, name, &m->ipv6, inside ? RANK_MACHINE : RANK_FOREIGN, NULL, NULL);
	LIST_EACH (struct other_ip, o, &m->other_ips)
		add_address(b, name, &o->address, inside ? RANK_OTHER : RANK_FOREIGN, NULL, NULL);
	LIST_EACH (struct other_ip, o, &m->other_ips6)
		add_address(b, name, &o->address, inside ? RANK_OTHER : RANK_FOREIGN, NULL, NULL);
}

static void add_failover(struct builder *b, const struct dns_name *name, const struct failover *f, enum rank rank,
			 const struct node *at) {
	LIST_EACH (struct ifaddr, i, &f->ipv4)
		add_pair(b, name, i->ip, rank, f->name.s, at ? at : i->at);
	LIST_EACH (struct ifaddr, i, &f->ipv6)
		add_pair(b, name, i->ip, rank, f->name.s, at ? at : i->at);
}

static void add_target(struct builder *b, const struct dns_name *name, const struct machine *m, const struct node *at) {
	add_address(b, name, &m->ip, RANK_ENDPOINT, m->name.s, at);
	add_address(b, name, &m->ipv6, RANK_ENDPOINT, m->name.s, at);
}

static bool leads_to(const struct endpoint_name *n, const struct machine *m) {
	LIST_EACH (struct ref, ref, &n->to)
		if (party_has_machine(ref, m))
			return true;
	return false;
}

static void add_endpoint(struct builder *b, const struct endpoint_name *n) {
	bool inside;
	const struct dns_name *name = use_name(b, &n->name, &inside);
	const struct machine *same = name ? map_get(&b->machines, name->text.s, name->text.len) : NULL;

	if (!name)
		return;
	if (same && !leads_to(n, same))
		add_problem(b, n->name.at,
			    arena_printf(b->arena, "endpoint \"%s\" is also the name of a machine it does not lead to",
					 n->name.s),
			    "rename one of them: in DNS they would share their addresses");
	if (!inside) {
		vec_push(&b->outside, name->text.s);
		return;
	}
	LIST_EACH (struct ref, ref, &n->to) {
		const struct group *g = ref->to;

		if (ref->kind == REF_FAILOVER)
			add_failover(b, name, ref->to, RANK_ENDPOINT, ref->at);
		else if (ref->kind == REF_MACHINE)
			add_target(b, name, ref->to, ref->at);
		else if (ref->kind == REF_GROUP)
			for (uint32_t i = 0; i < g->machine_count; i++)
				add_target(b, name, g->machines[i], ref->at);
	}
}

static int by_name(const void *a, const void *b) {
	const struct pair *x = a, *y = b;
	int r = dns_name_compare(x->name, y->name);

	if (r == 0)
		r = compare_ip(x->ip, y->ip);
	if (r == 0)
		r = x->rank < y->rank ? -1 : x->rank > y->rank;
	return r ? r : x->order < y->order ? -1 : 1;
}

static int by_address(const void *a, const void *b) {
	const struct pair *x = a, *y = b;
	int r = compare_ip(x->ip, y->ip);

	if (r == 0)
		r = x->rank < y->rank ? -1 : x->rank > y->rank;
	return r ? r : x->order < y->order ? -1 : 1;
}

static int by_text(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_outside_notes(struct builder *b, struct zone *z) {
	z->notes = arena_array(b->arena, const char *, b->outside.n);
	if (b->outside.n)
		qsort(b->outside.v, b->outside.n, sizeof(*b->outside.v), by_text);
	for (size_t i = 0; i < b->outside.n; i++)
		z->notes[z->note_count++] =
			arena_printf(b->arena, "%s is not below %s: not here", b->outside.v[i], z->name);
}

static const char *forward_note(struct arena *a, const struct pair *p) {
	return p->rank == RANK_OTHER ? "further address" : p->why ? arena_printf(a, "by %s", p->why) : NULL;
}

static void fill_forward(struct builder *b, struct zone *z) {
	const struct pair *last = NULL;

	if (b->pairs.n)
		qsort(b->pairs.v, b->pairs.n, sizeof(*b->pairs.v), by_name);
	z->records = arena_array(b->arena, struct zone_record, b->pairs.n);
	for (size_t i = 0; i < b->pairs.n; i++) {
		const struct pair *p = &b->pairs.v[i];
		const bool same_name = last && dns_name_compare(last->name, p->name) == 0;

		if (p->rank == RANK_FOREIGN || (same_name && ip_equal(last->ip, p->ip)))
			continue;
		z->records[z->record_count] = (struct zone_record){
			.owner = same_name ? z->records[z->record_count - 1].owner
					   : dns_name_relative(b->arena, p->name, &b->zones->domain),
			.ip = p->ip,
			.note = forward_note(b->arena, p),
			.loc = p->loc,
		};
		z->record_count++;
		last = p;
	}
}

/* Adds what failover entries have and no endpoint leads to. */
static void add_nameless(struct builder *b) {
	LIST_EACH (struct failover, f, &b->estate->failover)
		add_failover(b, NULL, f, RANK_NAMELESS, NULL);
}

static const char *reverse_owner(struct arena *a, const struct zone *z, struct ip ip) {
	char name[ARPA_TEXT_MAX], zone[ARPA_TEXT_MAX];
	size_t len = arpa_name(ip, name);

	if (prefix_family(z->network) == FAMILY_4 && z->network.len > 120)
		return arena_dup(a, name, strcspn(name, "."));
	len -= arpa_zone(z->network, zone);
	return len ? arena_dup(a, name, len - 1) : "@";
}

static const char *reverse_note(struct builder *b, const struct pair *p) {
	char text[IP_TEXT_MAX];

	(void)ip_format(p->ip, text);
	if (p->rank == RANK_NAMELESS)
		return arena_printf(b->arena, "%s: no endpoint leads to failover entry %s, so it has no name", text,
				    p->why);
	if (!b->zones->domain.text.len)
		return arena_printf(b->arena, "%s is %s: without \"domain:\" no forward record of ours confirms it",
				    text, p->name->text.s);
	return arena_printf(b->arena, "%s is %s, which is not below %s: no forward record of ours confirms it", text,
			    p->name->text.s, b->zones->domain.text.s);
}

/* The pairs from *at on that lie in the zone; a pair between two zones lies in none. */
static void fill_reverse(struct builder *b, struct zone *z, size_t *at) {
	const struct ip first = prefix_first(z->network), last = prefix_last(z->network);
	const struct pair *v = b->pairs.v;
	size_t end, n = b->pairs.n;

	while (*at < n && compare_ip(v[*at].ip, first) < 0)
		(*at)++;
	for (end = *at; end < n && compare_ip(v[end].ip, last) <= 0;)
		end++;
	z->records = arena_array(b->arena, struct zone_record, end - *at);
	z->notes = arena_array(b->arena, const char *, end - *at);
	for (; *at < end; (*at)++) {
		const struct pair *p = &v[*at];

		if (p > v && ip_equal(p[-1].ip, p->ip))
			continue;
		if (p->rank >= RANK_FOREIGN)
			z->notes[z->note_count++] = reverse_note(b, p);
		else
			z->records[z->record_count++] = (struct zone_record){
				.owner = reverse_owner(b->arena, z, p->ip),
				.ip = p->ip,
				.name = p->name,
				.loc = p->loc,
			};
	}
}

static int by_family_and_prefix(const void *a, const void *b) {
	const struct prefix *x = a, *y = b;

	if (prefix_family(*x) != prefix_family(*y))
		return prefix_family(*x) == FAMILY_4 ? -1 : 1;
	return prefix_compare(*x, *y);
}

typedef VEC(struct prefix) prefixes;

static int push_prefix(struct prefix p, void *user) {
	prefixes *list = user;

	vec_push(list, p);
	return 0;
}

static void name_reverse(struct arena *a, struct zone *z, struct prefix network) {
	char text[ARPA_TEXT_MAX];

	*z = (struct zone){ .network = network, .is_reverse = true };
	if (prefix_family(network) == FAMILY_4 && network.len > 120) {
		(void)arpa_zone(prefix_around(network.ip, 120), text);
		z->name = arena_printf(a, "%u/%u.%s", (unsigned)(network.ip.lo & 0xff), prefix_text_len(network), text);
		z->file = arena_printf(a, "%u-%u.%s", (unsigned)(network.ip.lo & 0xff), prefix_text_len(network), text);
	} else {
		size_t len = arpa_zone(network, text);

		z->name = z->file = arena_dup(a, text, len);
	}
}

void zones_name(const struct estate *e, struct arena *a, struct zones *ret_z) {
	prefixes all = { 0 };
	struct zones z = { 0 };
	const struct prefix *outer = NULL;

	LIST_EACH (struct given, g, &e->prefixes)
		if (prefix_family(g->network.prefix) == FAMILY_4 && g->network.prefix.len > 120)
			(void)push_prefix(g->network.prefix, &all);
		else
			(void)arpa_each_zone(g->network.prefix, push_prefix, &all);
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_family_and_prefix);
	z.v = arena_array(a, struct zone, all.n + 1);
	if (e->domain.s) {
		z.domain = dns_name_make(a, e->domain.s, NULL);
		z.v[z.n++] = (struct zone){ .name = z.domain.text.s, .file = z.domain.text.s };
	}
	for (size_t i = 0; i < all.n; i++) {
		if (outer && prefix_covers(*outer, all.v[i]))
			continue;
		outer = &all.v[i];
		name_reverse(a, &z.v[z.n++], *outer);
	}
	vec_done(&all);
	*ret_z = z;
}

void zones_build(const struct estate *e, struct arena *a, struct zones *ret_z) {
	struct zones z;
	struct builder b = { .estate = e, .arena = a, .zones = &z };
	const char *fault;
	size_t at = 0;

	zones_name(e, a, &z);
	map_init(&b.machines, a);
	fault = e->domain.s ? dns_name_fault(&z.domain) : NULL;
	if (fault)
		add_problem(&b, e->domain.at, arena_printf(a, "the domain \"%s\" %s", e->domain.s, fault),
			    "write a name such as example.net");
	LIST_EACH (struct machine, m, &e->machines)
		add_machine(&b, m);
	LIST_EACH (struct endpoint_name, n, &e->endpoints)
		add_endpoint(&b, n);
	if (e->domain.s) {
		fill_forward(&b, &z.v[0]);
		add_outside_notes(&b, &z.v[0]);
	}
	add_nameless(&b);
	if (b.pairs.n)
		qsort(b.pairs.v, b.pairs.n, sizeof(*b.pairs.v), by_address);
	for (size_t i = e->domain.s ? 1 : 0; i < z.n; i++)
		fill_reverse(&b, &z.v[i], &at);
	z.problem_count = b.problems.n;
	z.problems = vec_freeze(&b.problems, a);
	vec_done(&b.pairs);
	vec_done(&b.outside);
	map_done(&b.machines);
	*ret_z = z;
}
