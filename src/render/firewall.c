/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all machines share: the policy's lines with their ports and literal addresses as text, and one set per family
 * for each group that the policy names. A set holds what other hosts see and so is the same everywhere: its text is
 * made once, and a machine whose own networks look different from inside adds those in a match of its own.
 */
#include "render/firewall.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "estate/party.h"
#include "render/data.h"

enum {
	NAME_MAX_BYTES = 200, /* of a group in a set's name: the kernel takes 255 */
	COMMENT_MAX = 127,    /* bytes that nft takes for a rule's comment */
};

struct writer {
	struct text text;
	struct value *list; /* NULL: only the text is wanted */
	struct arena *arena;
	const char *separator;
	unsigned n;
};

/* A host without its length, as people write it. */
static int write_element(struct prefix p, void *user) {
	struct writer *w = user;
	char element[PREFIX_TEXT_MAX];
	size_t len = p.len == 128 ? ip_format(p.ip, element) : prefix_format(p, element);

	if (w->n++)
		text_puts(&w->text, w->separator);
	text_add(&w->text, element, len);
	if (w->list)
		value_list_push(w->arena, w->list,
				p.len == 128 ? value_ip(w->arena, p.ip, NO_LOC) : value_prefix(w->arena, p, NO_LOC));
	return 0;
}

const char *firewall_set_text(const struct prefix_set *set, struct arena *a) {
	struct writer w = { .separator = ", " };
	const char *text = NULL;

	(void)prefix_set_each(set, write_element, &w);
	if (w.n)
		text = arena_printf(a, w.n > 1 ? "{ %.*s }" : "%.*s", (int)w.text.n, w.text.v);
	text_done(&w.text);
	return text;
}

/* Normalises, and moves the ranges from the heap to the arena. */
static void settle(struct prefix_set *set, struct arena *a) {
	size_t n;

	prefix_set_normalise(set);
	n = set->ranges.n;
	set->ranges.v = vec_freeze(&set->ranges, a);
	set->ranges.n = set->ranges.cap = n;
}

const struct value *firewall_set_data(const struct prefix_set *set, unsigned f, const char *name, const char *comment,
				      struct arena *a) {
	struct value *d = value_dict(a, NO_LOC);
	struct writer w = { .list = value_list(a, NO_LOC), .arena = a, .separator = ",\n\t\t\t" };

	(void)prefix_set_each(set, write_element, &w);
	value_dict_set(a, d, "name", value_text(a, name, NO_LOC));
	value_dict_set(a, d, "type", value_text(a, f == V4 ? "ipv4_addr" : "ipv6_addr", NO_LOC));
	value_dict_set(a, d, "comment", value_text(a, comment, NO_LOC));
	value_dict_set(a, d, "elements", w.list);
	value_dict_set(a, d, "text", value_str(a, arena_dup(a, w.text.v, w.text.n), w.text.n, NO_LOC));
	text_done(&w.text);
	return d;
}

static void fill_set(struct named_set *s, unsigned f, struct arena *a, const char *name, const char *comment) {
	settle(&s->addresses, a);
	s->name = arena_printf(a, "%s_%c", name, f == V4 ? '4' : '6');
	s->data = firewall_set_data(&s->addresses, f, s->name, comment, a);
}

/* Text of users on one line and without the quote that would end it: there is no escaping in nft's strings. */
static char *one_line(const char *s, size_t max, struct arena *a) {
	size_t len = strlen(s);
	char *copy;

	if (len > max)
		for (len = max; len && ((unsigned char)s[len] & 0xc0) == 0x80;)
			len--;
	copy = arena_dup(a, s, len);
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
		else if (*c == '"')
			*c = '\'';
	return copy;
}

/* A name longer than NAME_MAX_BYTES is cut and told apart by its group's number; no short name gets as long as that. */
static const char *set_name(const struct group *g, struct arena *a) {
	if (strlen(g->name.s) <= NAME_MAX_BYTES)
		return arena_printf(a, "g_%s", g->name.s);
	return arena_printf(a, "g_%.*s.%u", NAME_MAX_BYTES, g->name.s, g->index);
}

static void fill_group(struct firewall *fw, const struct group *g, struct arena *a) {
	const char *name = set_name(g, a);
	const char *comment = g->comment.s ? one_line(g->comment.s, SIZE_MAX, a) : "";

	for (unsigned f = V4; f < FAMILY_COUNT; f++) {
		struct named_set *s = &fw->groups[g->index][f];

		s->number = 2 + g->index * 2 + f;
		party_group(g, firewall_family(f), NULL, &s->addresses);
		fill_set(s, f, a, name, arena_printf(a, "%s%s%s", g->name.s, *comment ? ": " : "", comment));
	}
}

static void fill_all(struct firewall *fw, const struct ref *ref, struct arena *a) {
	for (unsigned f = V4; f < FAMILY_COUNT; f++) {
		fw->all[f].number = f;
		party_addresses(fw->estate, ref, firewall_family(f), NULL, &fw->all[f].addresses);
		fill_set(&fw->all[f], f, a, "all", "every machine and network of the estate");
	}
}

const struct named_set *firewall_sets(const struct firewall *fw, const struct ref *ref) {
	if (ref->kind == REF_ALL)
		return fw->all;
	return ref->kind == REF_GROUP ? fw->groups[((const struct group *)ref->to)->index] : NULL;
}

static void fill_side(struct firewall *fw, struct side *s, const struct list *refs, struct arena *a) {
	s->refs = refs;
	LIST_EACH (struct ref, ref, refs) {
		const struct named_set *sets = firewall_sets(fw, ref);

		s->any |= party_is_any(ref);
		if (sets && !sets->name && ref->kind == REF_ALL)
			fill_all(fw, ref, a);
		else if (sets && !sets->name)
			fill_group(fw, ref->to, a);
		for (unsigned f = V4; f < FAMILY_COUNT && !sets; f++)
			party_addresses(fw->estate, ref, firewall_family(f), NULL, &s->literal[f]);
	}
	for (unsigned f = V4; f < FAMILY_COUNT; f++) {
		settle(&s->literal[f], a);
		s->literal_text[f] = firewall_set_text(&s->literal[f], a);
	}
}

static int compare_ports(const void *a, const void *b) {
	return *(const int *)a - *(const int *)b;
}

typedef VEC(const char *) texts;
typedef VEC(int) ports;

/* One protocol: all ports in one match on the packet; before NAT, one match a port. */
static void write_ports(ports *p, const char *protocol, struct arena *a, texts *now, texts *original) {
	struct text t = { 0 };
	int last = 0;
	unsigned n = 0;

	if (p->n)
		qsort(p->v, p->n, sizeof(*p->v), compare_ports);
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i] == last)
			continue;
		last = p->v[i];
		text_printf(&t, "%s%d", n++ ? ", " : "", last);
		vec_push(original, arena_printf(a, "meta l4proto %s ct original proto-dst %d", protocol, last));
	}
	if (n)
		vec_push(now, arena_printf(a, n > 1 ? "%s dport { %.*s }" : "%s dport %.*s", protocol, (int)t.n, t.v));
	text_done(&t);
}

static struct matches freeze(texts *t, struct arena *a) {
	struct matches m = { .n = (uint32_t)t->n };

	m.v = vec_freeze(t, a);
	return m;
}

static void fill_ports(struct policy_line *l, struct arena *a) {
	texts now = { 0 }, original = { 0 };
	ports tcp = { 0 }, udp = { 0 };

	LIST_EACH (struct ref, ref, &l->policy->allow) {
		const struct service *s = ref->to;

		LIST_EACH (struct number, n, &s->tcp)
			vec_push(&tcp, (int)n->n);
		LIST_EACH (struct number, n, &s->udp)
			vec_push(&udp, (int)n->n);
	}
	write_ports(&tcp, "tcp", a, &now, &original);
	write_ports(&udp, "udp", a, &now, &original);
	l->ports = freeze(&now, a);
	l->original = freeze(&original, a);
	vec_done(&tcp);
	vec_done(&udp);
}

static void add_extra(struct firewall *fw, const struct machine *m, struct machine_extra x, struct arena *a) {
	struct machine_extra **slot = &fw->extras[m - (const struct machine *)fw->estate->machines.items];

	while (*slot)
		slot = &(*slot)->next;
	*slot = arena_new(a, struct machine_extra);
	**slot = x;
}

static void fill_extras(struct firewall *fw, struct arena *a) {
	const struct estate *e = fw->estate;

	fw->extras = arena_array(a, struct machine_extra *, e->machines.n);
	LIST_EACH (struct lan, l, &e->lans)
		if (l->router.to)
			add_extra(fw, l->router.to, (struct machine_extra){ .lan = l }, a);
	LIST_EACH (struct vpn, v, &e->vpn)
		LIST_EACH (struct ref, ref, &v->machines)
			add_extra(fw, ref->to, (struct machine_extra){ .vpn = v }, a);
	if (e->nat64)
		LIST_EACH (struct ref, ref, &e->nat64->machines)
			add_extra(fw, ref->to, (struct machine_extra){ .nat64 = e->nat64 }, a);
}

const struct firewall *firewall_compile(const struct estate *e, struct arena *a) {
	struct firewall *fw = arena_new(a, struct firewall);
	struct policy_line *line = arena_array(a, struct policy_line, e->policy.n);

	*fw = (struct firewall){
		.estate = e,
		.lines = line,
		.groups = arena_alloc(a, sizeof(*fw->groups) * e->groups.n),
	};
	LIST_EACH (struct policy, p, &e->policy) {
		line->policy = p;
		line->name = one_line(p->name.s, COMMENT_MAX, a);
		fill_side(fw, &line->from, &p->from, a);
		fill_side(fw, &line->to, &p->to, a);
		fill_ports(line, a);
		line++;
	}
	fill_extras(fw, a);
	return fw;
}
