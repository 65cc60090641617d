/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the estate's words to the guard's own structs. What only the guard's parsers can judge (a log's format, a
 * status) is judged here, with the places of the file, for `hextet check` too.
 */
#include "cmd/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cmd/estate_open.h"
#include "estate/check.h"
#include "estate/claims.h"
#include "estate/party.h"
#include "logs/format.h"

#define BAD "guard-syntax"

static const struct argp_option option_rows[] = {
	{ "estate", 'C', "ESTATE", 0, "The estate whose section guard is meant; the current folder's by default", 10 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct guard_options *o = state->input;

	if (key != 'C')
		return ARGP_ERR_UNKNOWN;
	o->estate = arg;
	return 0;
}

const struct argp guard_estate_argp = { .options = option_rows, .parser = parse };

struct translation {
	struct arena *arena;
	struct diags *diags;
	const struct estate *estate;
	struct guard_setup *setup;
};

/* Whose packets a host cannot live without, whatever an estate says: loopback, and the link's own (a ban of fe80::/64
 * would drop the router's advertisements). */
static const struct guard_allow always[] = {
	{ { { 0, IP4_MAPPED_LO | 0x7f000000 }, 104 }, "loopback addresses" },
	{ { { 0, IP4_MAPPED_LO | 0xa9fe0000 }, 112 }, "link-local addresses" },
	{ { { 0, 1 }, 128 }, "the loopback address" },
	{ { { UINT64_C(0xfe80) << 48, 0 }, 10 }, "link-local addresses" },
};

typedef VEC(struct guard_allow) allow_vec;

static void allow_refs(struct translation *t, const struct list *refs, const char *what, struct prefix_set *also,
		       allow_vec *v) {
	LIST_EACH (struct ref, ref, refs) {
		struct prefix_set set = PREFIX_SET_INIT;

		party_addresses(t->estate, ref, FAMILY_4, NULL, &set);
		party_addresses(t->estate, ref, FAMILY_6, NULL, &set);
		prefix_set_normalise(&set);
		for (size_t i = 0; i < set.ranges.n; i++) {
			struct range r = set.ranges.v[i];
			struct prefix p;
			bool more;

			do {
				more = range_next_prefix(&r, &p);
				vec_push(v, (struct guard_allow){ p, arena_printf(t->arena, "%s %s", what, ref->s) });
			} while (more);
		}
		if (also)
			prefix_set_add_set(also, &set);
		prefix_set_done(&set);
	}
}

/* The estate's own use of address space. A prefix that was given to it is not yet in use, and may be a provider's whole
 * network; NAT64's prefix is everybody's. */
static void allow_claims(struct translation *t, allow_vec *v) {
	const struct estate *e = t->estate;

	for (size_t i = 0; i < e->claim_count; i++)
		if (e->claims[i].kind != CLAIM_GIVEN && e->claims[i].kind != CLAIM_NAT64)
			vec_push(v,
				 (struct guard_allow){ e->claims[i].prefix, claim_describe(t->arena, &e->claims[i]) });
	LIST_EACH (struct machine, m, &e->machines)
		if (m->ipv6.at && m->subnet6.len)
			vec_push(v, (struct guard_allow){ m->subnet6,
							  arena_printf(t->arena, "subnet of machine %s", m->name.s) });
}

static int allow_order(const void *pa, const void *pb) {
	const struct guard_allow *a = pa, *b = pb;

	return prefix_compare(a->network, b->network);
}

/* Who is never banned is not banned either when a translator makes an IPv6 address of the IPv4 one. */
static void allow_translated(const struct translation *t, allow_vec *v) {
	const struct engine_config *c = &t->setup->config.engine;

	for (size_t i = 0, n = v->n; i < n; i++)
		for (size_t k = 0; k < c->translated_count && prefix_family(v->v[i].network) == FAMILY_4; k++) {
			struct guard_allow a = v->v[i];

			a.network.ip.hi = c->translated[k].ip.hi;
			a.network.ip.lo = c->translated[k].ip.lo | (a.network.ip.lo & UINT32_MAX);
			vec_push(v, a);
		}
}

static void translate_allow(struct translation *t, const struct guard_section *g) {
	struct guard_setup *s = t->setup;
	allow_vec v = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		vec_push(&v, always[i]);
	allow_claims(t, &v);
	allow_refs(t, &g->trusted_proxies, "trusted proxy", &s->trusted, &v);
	allow_refs(t, &g->never, "never:", NULL, &v);
	allow_translated(t, &v);
	for (size_t i = 0; i < v.n; i++)
		prefix_set_add(&s->allow, v.v[i].network);
	prefix_set_normalise(&s->allow);
	prefix_set_normalise(&s->trusted);
	qsort(v.v, v.n, sizeof(*v.v), allow_order);
	s->config.allow_count = v.n;
	s->config.allow = vec_freeze(&v, t->arena);
	s->config.trusted = &s->trusted;
	s->config.engine.allow = &s->allow;
}

static const struct str *texts(struct translation *t, const struct list *list, size_t *ret_n) {
	struct str *out = arena_array(t->arena, struct str, list->n);
	size_t n = 0;

	LIST_EACH (struct scalar, s, list)
		out[n++] = str_of(s->s);
	*ret_n = n;
	return out;
}

static void translate_match(struct translation *t, const struct guard_match *m, struct rule_match *ret_match) {
	*ret_match = (struct rule_match){ 0 };
	if (!m)
		return;
	ret_match->path = texts(t, &m->path, &ret_match->path_count);
	ret_match->host = texts(t, &m->host, &ret_match->host_count);
	ret_match->method = texts(t, &m->method, &ret_match->method_count);
	LIST_EACH (struct scalar, s, &m->status)
		if (rule_status_add(str_of(s->s), ret_match->status) < 0)
			diag_error(t->diags, BAD, s->at->loc, "write 401, 4xx or 400-499", "\"%s\" is no status", s->s);
	LIST_EACH (struct scalar, s, &m->path)
		if (s->s[0] != '/' && s->s[0] != '*')
			diag_error(t->diags, BAD, s->at->loc,
				   arena_printf(t->arena, "write \"/%s\", or \"*%s\" for any path that ends so", s->s,
						s->s),
				   "no path begins with \"%s\": paths begin with /", s->s);
}

static void translate_level(struct translation *t, const struct guard_threshold *g, enum family family,
			    struct rule_level *ret_level) {
	*ret_level = (struct rule_level){
		.len = (uint8_t)(family == FAMILY_4 ? 96 + g->len.n : g->len.n),
		.count = (uint32_t)MIN(g->count.n, (uint64_t)COUNT_MAX),
		.children = (uint32_t)MIN(g->children.n, (uint64_t)CHILDREN_MAX),
		.ratio = g->ratio.x,
	};
	if (g->count.n > COUNT_MAX)
		diag_error(t->diags, BAD, g->count.at->loc, "shorten the window instead",
			   "a count is at most %d: each of these requests is remembered", COUNT_MAX);
	if (g->children.n > CHILDREN_MAX)
		diag_error(t->diags, BAD, g->children.at->loc, "a few tell a rotation already",
			   "children are at most %d", CHILDREN_MAX);
}

/* NAT64's well-known prefix, and the estate's own. */
static void translate_translators(struct translation *t) {
	struct engine_config *c = &t->setup->config.engine;
	const struct nat64 *n = t->estate->nat64;
	struct prefix *p = arena_array(t->arena, struct prefix, 2);

	p[c->translated_count++] = (struct prefix){ { UINT64_C(0x0064ff9b) << 32, 0 }, 96 };
	if (n && n->prefix.at && n->prefix.prefix.len == 96 && !prefix_equal(n->prefix.prefix, p[0]))
		p[c->translated_count++] = n->prefix.prefix;
	c->translated = p;
}

static int widest_first(const void *pa, const void *pb) {
	const struct rule_level *a = pa, *b = pb;

	return (int)a->len - (int)b->len;
}

static void translate_levels(struct translation *t, const struct guard_rule *r, enum family family, struct rule *rule) {
	const struct list *list = family == FAMILY_4 ? &r->ipv4 : &r->ipv6;
	struct rule_level *level = rule->level[family == FAMILY_6];
	uint8_t n = 0;

	LIST_EACH (struct guard_threshold, g, list) {
		if (n == LEVEL_MAX) {
			diag_error(t->diags, BAD, g->len.at->loc, "take some out",
				   "a rule has at most %d levels a family", LEVEL_MAX);
			break;
		}
		translate_level(t, g, family, &level[n++]);
	}
	qsort(level, n, sizeof(*level), widest_first);
	for (uint8_t i = 0; i < n; i++)
		level[i].child_len = i + 1 < n ? level[i + 1].len : 128;
	rule->level_count[family == FAMILY_6] = n;
}

static void translate_rules(struct translation *t, const struct guard_section *g) {
	struct rule *rules = arena_array(t->arena, struct rule, g->rules.n);
	size_t n = 0;

	LIST_EACH (struct guard_rule, r, &g->rules) {
		struct rule *rule = &rules[n];

		if (n == RULE_MAX) {
			diag_error(t->diags, BAD, r->name.at->loc, "take some out", "a guard has at most %d rules",
				   RULE_MAX);
			break;
		}
		rule->name = r->name.s;
		rule->window_ms = (int64_t)r->window.n * 1000;
		translate_match(t, r->match, &rule->match);
		translate_levels(t, r, FAMILY_4, rule);
		translate_levels(t, r, FAMILY_6, rule);
		if (r->ban) {
			rule->ban_ms = (int64_t)r->ban->time.n * 1000;
			rule->ban_grow = r->ban->grow.x;
			rule->ban_max_ms = (int64_t)r->ban->max.n * 1000;
		}
		n++;
	}
	t->setup->config.engine.rules = rules;
	t->setup->config.engine.rule_count = n;
	t->setup->config.engine.memory = g->memory.n;
}

static const char *listener_text(struct translation *t, const struct listener *l) {
	struct endpoint e = { .ip = l->ip, .port = l->port };
	char text[ENDPOINT_TEXT_MAX];

	(void)endpoint_format(&e, text);
	return arena_printf(t->arena, "syslog:%s", text);
}

static const char *log_spec(struct translation *t, const struct guard_log *l) {
	if (l->file.at)
		return arena_printf(t->arena, "file:%s", l->file.s);
	if (l->socket.at)
		return arena_printf(t->arena, "syslog:%s", l->socket.s);
	if (l->journal.at)
		return arena_printf(t->arena, "journal:%s", l->journal.s);
	return l->syslog.at ? listener_text(t, &l->syslog) : NULL;
}

static void check_format(struct translation *t, const struct scalar *format) {
	struct log_options options = { .trusted = &t->setup->trusted };
	struct log_parser *parser = NULL;
	char *why = NULL;

	if (log_format_list[0] && log_parser_new(str_of(format->s), &options, &parser, &why) < 0)
		diag_error(t->diags, BAD, format->at->loc, NULL, "%s", why ? why : "this is no log format");
	log_parser_free(parser);
	free(why);
}

static void translate_logs(struct translation *t, const struct guard_section *g) {
	struct guard_config *c = &t->setup->config;

	LIST_EACH (struct guard_log, l, &g->logs) {
		const char *spec = log_spec(t, l);

		if (!spec || !l->format.at)
			continue;
		if (c->log_count == GUARD_LOGS_MAX) {
			diag_error(t->diags, BAD, l->format.at->loc, "send some of them to one syslog address",
				   "a guard reads at most %d logs", GUARD_LOGS_MAX);
			return;
		}
		check_format(t, &l->format);
		c->log[c->log_count++] = (struct guard_log_config){ spec, l->format.s };
	}
}

static const char *sink_spec(struct translation *t, const struct guard_sink *s) {
	const struct {
		const char *kind;
		const struct scalar *place;
	} kinds[] = { { "nft", &s->nft }, { "route", &s->route }, { "file", &s->file } };

	if (s->haproxy.at)
		return arena_printf(t->arena, "haproxy:%s,acl=%s", s->haproxy.s, s->acl.at ? s->acl.s : "");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].place->at)
			return arena_printf(t->arena, "%s:%s", kinds[i].kind, kinds[i].place->s);
	return s->dry.on ? "dry" : NULL;
}

/* `dry: true` turns a sink that it stands beside into a dry one. */
static void translate_sinks(struct translation *t, const struct guard_section *g) {
	struct guard_config *c = &t->setup->config;

	LIST_EACH (struct guard_sink, s, &g->sinks) {
		const char *spec = s->dry.on ? "dry" : sink_spec(t, s);

		if (!spec)
			continue;
		if (c->sink_count == GUARD_SINKS_MAX) {
			diag_error(t->diags, BAD, g->sinks.at->loc, "take some out", "a guard has at most %d sinks",
				   GUARD_SINKS_MAX);
			return;
		}
		c->sink[c->sink_count++] = spec;
	}
}

static void translate_rest(struct translation *t, const struct guard_section *g) {
	struct guard_config *c = &t->setup->config;

	c->state = g->state.s;
	c->control = g->control.s;
	c->reconcile_s = (unsigned)g->reconcile.n;
	if (g->metrics.at) {
		struct endpoint *e = arena_new(t->arena, struct endpoint);

		*e = (struct endpoint){ .ip = g->metrics.ip, .port = g->metrics.port };
		c->metrics = e;
	}
}

void guard_translate(struct arena *a, struct diags *d, const struct estate *e, struct guard_setup *ret_setup) {
	struct translation t = { a, d, e, ret_setup };

	*ret_setup = (struct guard_setup){ 0 };
	if (!e->guard)
		return;
	translate_translators(&t);
	translate_allow(&t, e->guard);
	translate_rules(&t, e->guard);
	translate_logs(&t, e->guard);
	translate_sinks(&t, e->guard);
	translate_rest(&t, e->guard);
}

int guard_setup(struct job *j, const struct guard_options *o, struct guard_setup *ret_setup) {
	const char *folder = o->estate ? o->estate : ".";
	struct estate *e;
	bool has_section;
	int r = estate_load(&j->arena, &j->sources, &j->diags, folder, &e);

	*ret_setup = (struct guard_setup){ 0 };
	if (r < 0)
		return estate_cannot(folder, r);
	has_section = e->guard;
	(void)checks_run(e, NULL, &j->arena, &j->diags);
	guard_translate(&j->arena, &j->diags, e, ret_setup);
	estate_done(e);
	if (j->diags.count[SEVERITY_ERROR])
		return EXIT_NO;
	if (!has_section)
		return usage_error("the estate %s has no section guard; hextet-estate(5) says what it looks like",
				   folder);
	return 0;
}

void guard_setup_done(struct guard_setup *s) {
	prefix_set_done(&s->allow);
	prefix_set_done(&s->trusted);
}
