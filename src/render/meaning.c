/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boxes of one machine that differ in their ports only become one entry, then pairs of families from anywhere to
 * anywhere become one. An entry's key is all its text, with hashes of the whole sets: on the next machine it finds the
 * same entry.
 */
#include "render/meaning.h"

#include <netinet/in.h>
#include <string.h>

#include "base/text.h"
#include "render/nft_read.h"

enum { REST_MAX = 8 };

struct view {
	struct meaning *m;
	const char *machine;
	const struct facts *old, *now;
	const struct fact_delta *delta;
};

/* A box with all the ports that share its ends. */
struct group {
	const struct flow_box *box;
	enum family family; /* 0: both */
	const char *alarm;
	VEC(const struct flow_box *) boxes;
};

typedef VEC(struct group) groups;

void meaning_init(struct meaning *m, struct arena *a) {
	*m = (struct meaning){ .arena = a };
	map_init(&m->by_key, a);
}

void meaning_done(struct meaning *m) {
	for (size_t i = 0; i < m->list.n; i++)
		vec_done(&m->list.v[i]->machines);
	vec_done(&m->list);
	map_done(&m->by_key);
}

static const char *none(const char *s) {
	return s ? s : "";
}

/* The entry with the same key; without one, a copy of e. */
static struct meaning_entry *find_or_add(struct meaning *m, const struct meaning_entry *e) {
	char *key = arena_printf(m->arena, "%d|%d|%d|%s|%s|%d|%s|%x|%s|%x|%u|%u|%s|%s|%s|%s|%s|%s|%s|%u|%s", e->kind,
				 e->appears, (int)e->family, none(e->chain), none(e->ports), e->translated,
				 none(e->from), e->from_hash, none(e->to), e->to_hash, e->from_count, e->to_count,
				 none(e->comment), none(e->owner), none(e->type), none(e->data), none(e->program),
				 none(e->protocol), none(e->address), e->port, none(e->alarm));
	struct meaning_entry *entry = map_get(&m->by_key, key, strlen(key));

	if (entry)
		return entry;
	entry = arena_new(m->arena, struct meaning_entry);
	*entry = *e;
	vec_push(&m->list, entry);
	(void)map_add(&m->by_key, key, strlen(key), entry);
	return entry;
}

static struct str comment_of(const struct flow_box *b) {
	const struct nft_rule *rule = b->origin;

	return rule ? rule->comment : STR("");
}

static struct prefix everything(enum family f) {
	return f == FAMILY_4 ? (struct prefix){ ip_from_v4(0), 96 } : (struct prefix){ { 0, 0 }, 0 };
}

static bool is_everything(const struct prefix_set *s, enum family f) {
	return prefix_set_covers(s, everything(f));
}

/* The same thing: one rule's service, whatever its family and addresses. */
static bool same_service(const struct flow_box *a, const struct flow_box *b) {
	return a->chain == b->chain && a->protocol == b->protocol && a->translated == b->translated &&
	       a->port_first <= b->port_last && b->port_first <= a->port_last && str_eq(comment_of(a), comment_of(b));
}

static bool has_service(const struct flows *f, const struct flow_box *b, enum family family) {
	for (size_t i = 0; i < f->boxes.n; i++)
		if (f->boxes.v[i].family == family && same_service(&f->boxes.v[i], b))
			return true;
	return false;
}

static enum family other_family(enum family f) {
	return f == FAMILY_4 ? FAMILY_6 : FAMILY_4;
}

/* What is translated exists in IPv4 only, and is no reason for an alarm; nor is a new flow through a machine, for the
 * networks behind it often have one family. */
static const char *flow_alarm(const struct view *v, const struct flow_box *b, bool appears) {
	const enum family f = b->family, g = other_family(f);
	const struct fact_delta *d = v->delta;
	bool speaks = false;

	if (b->translated)
		return NULL;
	if (!appears) {
		if (has_service(&d->come.flows, b, f) || has_service(&d->gone.flows, b, g) ||
		    !has_service(&v->old->flows, b, g))
			return NULL;
		return f == FAMILY_6 ? "goes over IPv6 only, and stays over IPv4"
				     : "goes over IPv4 only, and stays over IPv6";
	}
	for (size_t i = 0; i < v->now->flows.boxes.n; i++)
		speaks |= v->now->flows.boxes.v[i].family == g && v->now->flows.boxes.v[i].chain == b->chain;
	if (!speaks || b->chain != FLOW_INPUT || has_service(&v->old->flows, b, f) || has_service(&v->now->flows, b, g))
		return NULL;
	return f == FAMILY_6 ? "appears over IPv6 only" : "appears over IPv4 only";
}

static bool same_ends(const struct flow_box *a, const struct flow_box *b) {
	return a->chain == b->chain && a->family == b->family && a->translated == b->translated &&
	       str_eq(comment_of(a), comment_of(b)) && prefix_set_equal(&a->from, &b->from) &&
	       prefix_set_equal(&a->to, &b->to);
}

static void make_groups(const struct view *v, const struct flows *f, bool appears, groups *list) {
	for (size_t i = 0; i < f->boxes.n; i++) {
		const struct flow_box *b = &f->boxes.v[i];
		const char *alarm = flow_alarm(v, b, appears);
		size_t g = 0;

		while (g < list->n && (!same_ends(list->v[g].box, b) || list->v[g].alarm != alarm))
			g++;
		if (g == list->n)
			vec_push(list, (struct group){ .box = b, .family = b->family, .alarm = alarm });
		vec_push(&list->v[g].boxes, b);
	}
}

/* Two families of one rule from anywhere to anywhere, with the same ports. */
static bool is_pair(const struct group *a, const struct group *b) {
	const struct flow_box *x = a->box, *y = b->box;

	if (x->chain != y->chain || x->family == y->family || x->translated || y->translated || a->alarm || b->alarm ||
	    !a->family || !b->family || a->boxes.n != b->boxes.n || !str_eq(comment_of(x), comment_of(y)))
		return false;
	for (size_t i = 0; i < a->boxes.n; i++)
		if (a->boxes.v[i]->protocol != b->boxes.v[i]->protocol ||
		    a->boxes.v[i]->port_first != b->boxes.v[i]->port_first ||
		    a->boxes.v[i]->port_last != b->boxes.v[i]->port_last)
			return false;
	return is_everything(&x->from, x->family) && is_everything(&x->to, x->family) &&
	       is_everything(&y->from, y->family) && is_everything(&y->to, y->family);
}

static void join_families(groups *list) {
	for (size_t i = 0; i < list->n; i++)
		for (size_t k = i + 1; k < list->n; k++)
			if (list->v[i].boxes.n && is_pair(&list->v[i], &list->v[k])) {
				list->v[i].family = 0;
				vec_done(&list->v[k].boxes);
			}
}

/* "tcp/80,443 udp/443"; ranges "1-9". */
static const char *ports_text(const struct group *g, struct arena *a) {
	struct text t = { 0 };
	const char *text;

	for (size_t i = 0; i < g->boxes.n; i++) {
		const struct flow_box *b = g->boxes.v[i];

		if (i && g->boxes.v[i - 1]->protocol == b->protocol)
			text_char(&t, ',');
		else
			text_printf(&t, "%s%s/", i ? " " : "", b->protocol == IPPROTO_TCP ? "tcp" : "udp");
		text_printf(&t, b->port_first == b->port_last ? "%u" : "%u-%u", b->port_first, b->port_last);
	}
	text = arena_dup(a, t.v ? t.v : "", t.n);
	text_done(&t);
	return text;
}

static int box_order(const void *pa, const void *pb) {
	const struct flow_box *a = *(const struct flow_box *const *)pa, *b = *(const struct flow_box *const *)pb;

	return a->protocol != b->protocol ? (int)a->protocol - (int)b->protocol
					  : (int)a->port_first - (int)b->port_first;
}

struct listing {
	struct text text;
	uint32_t n;
};

static int list_prefix(struct prefix p, void *user) {
	struct listing *l = user;
	char text[PREFIX_TEXT_MAX];

	if (l->n++ >= MEANING_PREFIXES)
		return 0;
	if (p.len == 128)
		(void)ip_format(p.ip, text);
	else
		(void)prefix_format(p, text);
	text_printf(&l->text, "%s%s", l->n > 1 ? ", " : "", text);
	return 0;
}

/* A set that lacks only a few prefixes is said by those. */
static const char *rest_text(const struct prefix_set *s, enum family f, struct arena *a) {
	struct prefix_set rest = PREFIX_SET_INIT;
	struct listing l = { 0 };
	const char *text = NULL;

	prefix_set_add(&rest, everything(f));
	prefix_set_subtract(&rest, s);
	if (rest.ranges.n <= s->ranges.n && rest.ranges.n <= REST_MAX) {
		(void)prefix_set_each(&rest, list_prefix, &l);
		if (l.n <= REST_MAX)
			text = arena_printf(a, "anywhere but %.*s", (int)l.text.n, l.text.v);
		text_done(&l.text);
	}
	prefix_set_done(&rest);
	return text;
}

static const char *set_text(const struct prefix_set *s, enum family f, struct arena *a, uint32_t *ret_n) {
	struct listing l = { 0 };
	const char *text;

	*ret_n = 0;
	if (is_everything(s, f))
		return "anywhere";
	text = rest_text(s, f, a);
	if (text) {
		*ret_n = 1;
		return text;
	}
	(void)prefix_set_each(s, list_prefix, &l);
	*ret_n = l.n;
	text = arena_dup(a, l.text.v ? l.text.v : "", l.text.n);
	text_done(&l.text);
	return text;
}

static void add_flows(const struct view *v, const struct flows *f, bool appears) {
	groups list = { 0 };

	make_groups(v, f, appears, &list);
	for (size_t i = 0; i < list.n; i++)
		qsort(list.v[i].boxes.v, list.v[i].boxes.n, sizeof(*list.v[i].boxes.v), box_order);
	join_families(&list);
	for (size_t i = 0; i < list.n; i++) {
		const struct flow_box *b = list.v[i].box;
		const struct str comment = comment_of(b);
		struct meaning_entry e = {
			.kind = FACT_FLOW,
			.appears = appears,
			.family = list.v[i].family,
			.chain = flow_chain_to_str(b->chain),
			.translated = b->translated,
			.comment = arena_dup(v->m->arena, comment.s, comment.len),
			.alarm = list.v[i].alarm,
		};

		if (!list.v[i].boxes.n)
			continue; /* its other family has it */
		e.ports = ports_text(&list.v[i], v->m->arena);
		e.from = set_text(&b->from, b->family, v->m->arena, &e.from_count);
		e.to = set_text(&b->to, b->family, v->m->arena, &e.to_count);
		e.from_hash = map_hash(b->from.ranges.v, b->from.ranges.n * sizeof(struct range));
		e.to_hash = map_hash(b->to.ranges.v, b->to.ranges.n * sizeof(struct range));
		vec_push(&find_or_add(v->m, &e)->machines, v->machine);
		vec_done(&list.v[i].boxes);
	}
	vec_done(&list);
}

/* The records are sorted. */
static bool has_record(const struct facts *f, const char *owner, const char *type) {
	const struct fact_record key = { owner, type, "" };
	size_t low = 0, high = f->records.n;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (fact_record_order(&f->records.v[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < f->records.n && strcmp(f->records.v[low].owner, owner) == 0 &&
	       strcmp(f->records.v[low].type, type) == 0;
}

static enum family record_family(const struct fact_record *r) {
	const char *arpa = strstr(r->owner, ".arpa.");

	if (strcmp(r->type, "A") == 0)
		return FAMILY_4;
	if (strcmp(r->type, "AAAA") == 0)
		return FAMILY_6;
	if (strcmp(r->type, "PTR") != 0 || !arpa)
		return 0;
	return strstr(r->owner, ".ip6.arpa.") ? FAMILY_6 : FAMILY_4;
}

static const char *record_alarm(const struct view *v, const struct fact_record *r, bool appears) {
	const enum family f = record_family(r);
	const char *other = f == FAMILY_6 ? "A" : "AAAA";

	if (appears || !f || strcmp(r->type, "PTR") == 0 || has_record(v->now, r->owner, r->type) ||
	    !has_record(v->now, r->owner, other))
		return NULL;
	return f == FAMILY_6 ? "the name loses its last AAAA, and keeps A"
			     : "the name loses its last A, and keeps AAAA";
}

static void add_records(const struct view *v, const struct fact_list *l, bool appears) {
	struct arena *a = v->m->arena;

	for (size_t i = 0; i < l->records.n; i++) {
		const struct fact_record *r = &l->records.v[i];
		const struct meaning_entry e = {
			.kind = FACT_RECORD,
			.appears = appears,
			.family = record_family(r),
			.owner = arena_dup(a, r->owner, strlen(r->owner)),
			.type = arena_dup(a, r->type, strlen(r->type)),
			.data = arena_dup(a, r->data, strlen(r->data)),
			.alarm = record_alarm(v, r, appears),
		};

		vec_push(&find_or_add(v->m, &e)->machines, v->machine);
	}
}

static bool has_listener(const struct facts *f, const struct fact_listener *l, enum family family) {
	for (size_t i = 0; i < f->listeners.n; i++) {
		const struct fact_listener *x = &f->listeners.v[i];

		if (x->family == family && x->port == l->port && x->protocol == l->protocol &&
		    strcmp(x->program, l->program) == 0)
			return true;
	}
	return false;
}

static const char *listener_alarm(const struct view *v, const struct fact_listener *l, bool appears) {
	if (appears || has_listener(v->now, l, l->family) || !has_listener(v->now, l, other_family(l->family)))
		return NULL;
	return l->family == FAMILY_6 ? "it no longer listens over IPv6, but still over IPv4"
				     : "it no longer listens over IPv4, but still over IPv6";
}

static void add_listeners(const struct view *v, const struct fact_list *list, bool appears) {
	for (size_t i = 0; i < list->listeners.n; i++) {
		const struct fact_listener *l = &list->listeners.v[i];
		char address[IP_TEXT_MAX];
		struct meaning_entry e = {
			.kind = FACT_LISTENER,
			.appears = appears,
			.family = l->family,
			.program = arena_dup(v->m->arena, l->program, strlen(l->program)),
			.protocol = l->protocol == IPPROTO_TCP ? "tcp" : "udp",
			.port = l->port,
			.alarm = listener_alarm(v, l, appears),
		};

		(void)ip_format(l->ip, address);
		e.address = arena_dup(v->m->arena, address, strlen(address));
		vec_push(&find_or_add(v->m, &e)->machines, v->machine);
	}
}

void meaning_add(struct meaning *m, const char *machine, const struct facts *old, const struct facts *now,
		 const struct fact_delta *d) {
	const struct view v = { m, machine, old, now, d };

	for (int appears = 0; appears < 2; appears++) {
		const struct fact_list *l = appears ? &d->come : &d->gone;

		add_flows(&v, &l->flows, appears);
		add_records(&v, l, appears);
		add_listeners(&v, l, appears);
	}
}

static void keep(const char **text, struct arena *a) {
	if (*text)
		*text = arena_dup(a, *text, strlen(*text));
}

void meaning_join(struct meaning *m, const struct meaning *more) {
	for (size_t i = 0; i < more->list.n; i++) {
		const struct meaning_entry *from = more->list.v[i];
		struct meaning_entry copy = *from, *to;

		memset(&copy.machines, 0, sizeof(copy.machines));
		/* Sets that only their hashes tell apart differ in their numbers or first prefixes, but for odd cases.
		 */
		keep(&copy.ports, m->arena);
		keep(&copy.from, m->arena);
		keep(&copy.to, m->arena);
		keep(&copy.comment, m->arena);
		keep(&copy.owner, m->arena);
		keep(&copy.type, m->arena);
		keep(&copy.data, m->arena);
		keep(&copy.program, m->arena);
		keep(&copy.address, m->arena);
		to = find_or_add(m, &copy);
		for (size_t k = 0; k < from->machines.n; k++)
			vec_push(&to->machines, from->machines.v[k]);
	}
}

static int text_order(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int entry_order(const void *pa, const void *pb) {
	const struct meaning_entry *a = *(const struct meaning_entry *const *)pa,
				   *b = *(const struct meaning_entry *const *)pb;
	const char *const texts[][2] = { { a->owner, b->owner },     { a->type, b->type },
					 { a->data, b->data },       { a->program, b->program },
					 { a->chain, b->chain },     { a->comment, b->comment },
					 { a->ports, b->ports },     { a->from, b->from },
					 { a->to, b->to },           { a->protocol, b->protocol },
					 { a->address, b->address }, { a->machines.v[0], b->machines.v[0] } };
	int r = (int)!a->alarm - (int)!b->alarm;

	if (r == 0)
		r = (int)a->kind - (int)b->kind;
	if (r == 0)
		r = (int)a->appears - (int)b->appears;
	if (r == 0)
		r = (int)a->port - (int)b->port;
	for (size_t i = 0; i < ARRAY_LEN(texts) && r == 0; i++)
		r = strcmp(none(texts[i][0]), none(texts[i][1]));
	return r ? r : (int)a->family - (int)b->family;
}

void meaning_sort(struct meaning *m) {
	for (size_t i = 0; i < m->list.n; i++)
		qsort(m->list.v[i]->machines.v, m->list.v[i]->machines.n, sizeof(const char *), text_order);
	if (m->list.n)
		qsort(m->list.v, m->list.n, sizeof(*m->list.v), entry_order);
}
