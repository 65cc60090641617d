/* SPDX-License-Identifier: Apache-2.0 */
/* Names → pointers, and what follows from them: members of groups, roles of machines, which public names a
 * machine answers for, whose prefix an address is in. */
#include <limits.h>
#include <string.h>

#include "addr/trie.h"
#include "estate/estate.h"

struct kind_row {
	enum ref_kind kind;
	const char *what;  /* with its article */
	const char *word;  /* the only name of this kind, or NULL */
	const char *where; /* to define one, or NULL */
	size_t by_name;    /* offset of the map in struct estate, when it has names */
	size_t list;       /* offset of the list, for suggestions */
	size_t item_size;
};

static const struct kind_row kinds[] = {
	{ REF_ANY, "any", "any", NULL, 0, 0, 0 },
	{ REF_ALL, "all", "all", NULL, 0, 0, 0 },
	{ REF_GROUP, "a group", NULL, "below \"groups:\"", offsetof(struct estate, group_by_name),
	  offsetof(struct estate, groups), sizeof(struct group) },
	{ REF_MACHINE, "a machine", NULL, "in machines/", offsetof(struct estate, machine_by_name),
	  offsetof(struct estate, machines), sizeof(struct machine) },
	{ REF_SERVICE, "a service", NULL, "below \"services:\", as in NAME: { tcp: 443 }",
	  offsetof(struct estate, service_by_name), offsetof(struct estate, services), sizeof(struct service) },
	{ REF_FAILOVER, "a failover entry", NULL, "below \"failover:\"", offsetof(struct estate, failover_by_name),
	  offsetof(struct estate, failover), sizeof(struct failover) },
	{ REF_ADDRESS, "an address", NULL, NULL, 0, 0, 0 },
	{ REF_PREFIX, "a prefix", NULL, NULL, 0, 0, 0 },
};

/* Things with names begin with them: struct scalar at offset 0. */
static void index_names(struct estate *e, const struct kind_row *row) {
	struct map *m = (struct map *)(void *)((char *)e + row->by_name);
	const struct list *list = (const void *)((const char *)e + row->list);
	char *item = list->items;

	map_init(m, e->arena);
	for (uint32_t i = 0; i < list->n; i++, item += row->item_size) {
		const struct scalar *name = (const void *)item;

		(void)map_add(m, name->s, strlen(name->s), item);
	}
}

/* An address or prefix in place of a name: true when it looked like one, right or wrong. */
static bool resolve_literal(struct estate *e, struct loader *l, struct ref *ref) {
	const char *slash = strchr(ref->s, '/');
	struct ip_fault fault;
	char right[PREFIX_TEXT_MAX];
	struct prefix p;
	int r;

	if (!slash && !strchr(ref->s, ':') && strspn(ref->s, "0123456789.") != strlen(ref->s))
		return false;
	if (!(ref->kinds & (REF_ADDRESS | REF_PREFIX)))
		return false;
	r = prefix_parse(ref->s, strlen(ref->s), &p, &fault);
	if (r < 0 && fault.error == IP_ERR_HOST_BITS) {
		(void)prefix_format(p, right);
		diag_error(l->diags, "host-bits", ref->at->loc, arena_printf(e->arena, "the network is %s", right),
			   "\"%s\" has bits set to the right of its length", ref->s);
	} else if (r < 0)
		diag_error(l->diags, "bad-value", ref->at->loc, ip_error_hint(fault.error),
			   "\"%s\" is not an address%s", ref->s, ref->kinds & REF_PREFIX ? " or a prefix" : "");
	else {
		ref->kind = slash && ref->kinds & REF_PREFIX ? REF_PREFIX : REF_ADDRESS;
		ref->prefix = p;
	}
	e->loaded &= r == 0;
	return true;
}

static void report_unknown(struct estate *e, struct loader *l, const struct ref *ref) {
	const char *near = NULL, *what = "", *hint;
	const struct kind_row *first = NULL;
	unsigned best = UINT_MAX, n = 0;
	bool guess;

	e->loaded = false;
	if (e->unread)
		return; /* it may be in a file that could not be read */
	guess = loader_may_guess(l);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		const struct list *list = (const void *)((const char *)e + kinds[k].list);

		if (!(ref->kinds & kinds[k].kind))
			continue;
		if (guess && kinds[k].word && suggest_better(str_of(ref->s), str_of(kinds[k].word), &best))
			near = kinds[k].word;
		for (uint32_t i = 0; guess && kinds[k].item_size && i < list->n; i++) {
			const struct scalar *name = (const void *)((const char *)list->items + i * kinds[k].item_size);

			if (suggest_better(str_of(ref->s), str_of(name->s), &best))
				near = name->s;
		}
		first = first ? first : &kinds[k];
		what = arena_printf(e->arena, "%s%s%s", what, n++ ? ", " : "", kinds[k].what);
	}
	if (near)
		hint = arena_printf(e->arena, "did you mean %s?", near);
	else if (n == 1 && first->where)
		hint = arena_printf(e->arena, "name one that is there, or define it %s", first->where);
	else
		hint = arena_printf(e->arena, "name %s%s", n > 1 ? "one of: " : "", what);
	diag_error(l->diags, "unknown-name", ref->at->loc, hint,
		   n > 1 ? "nothing is called \"%s\"" : "there is no %s called \"%s\"",
		   n > 1 ? ref->s : strchr(first->what, ' ') + 1, ref->s);
}

static void resolve_ref(struct estate *e, struct loader *l, struct ref *ref) {
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		const struct kind_row *row = &kinds[k];
		const void *to = NULL;

		if (!(ref->kinds & row->kind))
			continue;
		if (row->item_size)
			to = map_get((const void *)((const char *)e + row->by_name), ref->s, strlen(ref->s));
		if (to || (row->word && strcmp(ref->s, row->word) == 0)) {
			ref->kind = row->kind;
			ref->to = to;
			return;
		}
	}
	if (!resolve_literal(e, l, ref))
		report_unknown(e, l, ref);
}

/* Calls fn for each group that a list of references names. */
static void each_group(const struct list *refs, void (*fn)(struct group *g, const void *what), const void *what) {
	LIST_EACH (struct ref, ref, refs)
		if (ref->kind == REF_GROUP)
			fn((struct group *)ref->to, what);
}

static void count_machine(struct group *g, const void *what) {
	(void)what;
	g->machine_count++;
}
static void count_network(struct group *g, const void *what) {
	(void)what;
	g->network_count++;
}
static void count_lan(struct group *g, const void *what) {
	(void)what;
	g->lan_count++;
}
static void put_machine(struct group *g, const void *what) {
	g->machines[g->machine_count++] = what;
}
static void put_network(struct group *g, const void *what) {
	g->networks[g->network_count++] = what;
}
static void put_lan(struct group *g, const void *what) {
	g->lans[g->lan_count++] = what;
}

static void each_membership(struct estate *e, void (*machine)(struct group *, const void *),
			    void (*network)(struct group *, const void *), void (*lan)(struct group *, const void *)) {
	LIST_EACH (struct machine, m, &e->machines) {
		each_group(&m->groups, machine, m);
		LIST_EACH (struct routed, n, &m->routed_networks)
			each_group(&n->groups, network, n);
		LIST_EACH (struct routed, n, &m->routed_networks6)
			each_group(&n->groups, network, n);
	}
	LIST_EACH (struct lan, la, &e->lans)
		each_group(&la->groups, lan, la);
}

/* Counts first, then fills arrays of exactly that size. */
static void fill_groups(struct estate *e) {
	uint32_t index = 0;

	each_membership(e, count_machine, count_network, count_lan);
	LIST_EACH (struct group, g, &e->groups) {
		g->machines = arena_array(e->arena, const struct machine *, g->machine_count);
		g->networks = arena_array(e->arena, const struct routed *, g->network_count);
		g->lans = arena_array(e->arena, const struct lan *, g->lan_count);
		g->machine_count = g->network_count = g->lan_count = 0;
		g->index = index++;
		LIST_EACH (struct word, role, &g->roles)
			g->role_bits |= 1U << role->index;
	}
	each_membership(e, put_machine, put_network, put_lan);
}

static void count_endpoint(struct machine *m, const struct endpoint_name *n) {
	(void)n;
	m->endpoint_count++;
}

/* A machine that two of the name's targets mean answers for it once. */
static void put_endpoint(struct machine *m, const struct endpoint_name *n) {
	if (!m->endpoint_count || m->endpoints[m->endpoint_count - 1] != n)
		m->endpoints[m->endpoint_count++] = n;
}

static void each_server(struct estate *e, void (*fn)(struct machine *m, const struct endpoint_name *n)) {
	LIST_EACH (struct endpoint_name, n, &e->endpoints)
		LIST_EACH (struct ref, ref, &n->to) {
			const struct group *g = ref->to;
			const struct failover *f = ref->to;

			if (ref->kind == REF_MACHINE)
				fn((struct machine *)ref->to, n);
			for (uint32_t i = 0; ref->kind == REF_GROUP && i < g->machine_count; i++)
				fn((struct machine *)g->machines[i], n);
			if (ref->kind == REF_FAILOVER)
				LIST_EACH (struct ref, member, &f->machines)
					if (member->kind == REF_MACHINE)
						fn((struct machine *)member->to, n);
		}
}

static void fill_endpoints(struct estate *e) {
	each_server(e, count_endpoint);
	LIST_EACH (struct machine, m, &e->machines) {
		m->endpoints = arena_array(e->arena, const struct endpoint_name *, m->endpoint_count);
		m->endpoint_count = 0;
	}
	each_server(e, put_endpoint);
}

static void each_holder(struct estate *e, void (*fn)(struct machine *m, const struct failover *f)) {
	LIST_EACH (struct failover, f, &e->failover)
		LIST_EACH (struct ref, ref, &f->machines)
			if (ref->kind == REF_MACHINE)
				fn((struct machine *)ref->to, f);
}

static void count_failover(struct machine *m, const struct failover *f) {
	(void)f;
	m->failover_count++;
}

static void put_failover(struct machine *m, const struct failover *f) {
	m->failover[m->failover_count++] = f;
}

static void fill_failover(struct estate *e) {
	each_holder(e, count_failover);
	LIST_EACH (struct machine, m, &e->machines) {
		m->failover = arena_array(e->arena, const struct failover *, m->failover_count);
		m->failover_count = 0;
	}
	each_holder(e, put_failover);
}

static const struct given *given_of(const struct trie *t, const struct address *a) {
	return a->at ? trie_lookup(t, a->ip, NULL) : NULL;
}

static void derive_machine(struct machine *m, const struct trie *givens) {
	LIST_EACH (struct ref, ref, &m->groups)
		if (ref->kind == REF_GROUP)
			m->role_bits |= ((const struct group *)ref->to)->role_bits;
	LIST_EACH (struct routed, n, &m->routed_networks)
		n->machine = m;
	LIST_EACH (struct routed, n, &m->routed_networks6)
		n->machine = m;
	m->given4 = given_of(givens, &m->ip);
	m->given6 = given_of(givens, &m->ipv6);
	m->subnet6 = prefix_host(m->ipv6.ip);
	if (m->given6 && m->given6->per_machine.at)
		m->subnet6 = prefix_around(m->ipv6.ip, (unsigned)MIN(m->given6->per_machine.n, UINT64_C(128)));
}

void estate_resolve(struct estate *e, struct loader *l) {
	struct trie givens;

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		if (kinds[k].item_size)
			index_names(e, &kinds[k]);
	for (size_t i = 0; i < l->refs.n; i++)
		resolve_ref(e, l, l->refs.v[i]);
	fill_groups(e);
	fill_endpoints(e);
	fill_failover(e);
	trie_init(&givens, e->arena);
	LIST_EACH (struct given, g, &e->prefixes)
		(void)trie_add(&givens, g->network.prefix, g);
	LIST_EACH (struct machine, m, &e->machines)
		derive_machine(m, &givens);
	for (uint32_t i = 0; i < e->policy.n; i++) {
		struct policy *p = (struct policy *)e->policy.items + i;

		p->at = p->name.at;
	}
}
