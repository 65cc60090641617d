/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules are compiled once. Of a text: which literals it has (scan_anchor.h), so which patterns can match at all;
 * without any, as for most files, that is the end. Then its tokens, and at each that may be the pivot of a live
 * pattern, the pattern.
 */
#include "probe/scan.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "probe/scan_anchor.h"
#include "probe/scan_ignore.h"
#include "probe/scan_pattern.h"
#include "probe/scan_predicate.h"
#include "probe/scan_rules.h"
#include "probe/scan_scope.h"

enum { NEEDS_MAX = 4, WORDS_SIZE = 1 << 12, LANGUAGE_MAX = 15 };

/* Literals of which a text must have at least one. */
struct need {
	struct anchor_set any;
};

struct rule_pattern {
	const struct scan_rule *rule;
	unsigned rule_number;
	struct scan_pattern pattern;
	struct need needs[NEEDS_MAX]; /* all of them */
	unsigned need_count;
};

/* From a pivot word to a pattern. The words are ours, so a hash without a key will do. */
struct word_slot {
	struct str word;
	unsigned pattern;
	unsigned next; /* with the same hash: index + 1; 0: none */
};

static struct {
	struct arena arena;
	VEC(struct rule_pattern) patterns;
	VEC(struct str) literals;
	VEC(struct word_slot) words;
	unsigned first[WORDS_SIZE]; /* index + 1 */
	VEC(unsigned) by_predicate; /* patterns whose pivot is a predicate's */
	struct {
		struct scan_pattern *list;
		unsigned n;
	} * unless; /* by rule */
	unsigned rules;
	struct anchor_search *search[LANGUAGE_MAX]; /* with the literals of the language's patterns */
	const char *broken;
} compiled;

static unsigned hash(const char *s, size_t len) {
	unsigned h = 2166136261U;

	for (size_t i = 0; i < len; i++)
		h = (h ^ ((unsigned char)s[i] | 0x20)) * 16777619U;
	return (h ^ h >> 15) % WORDS_SIZE;
}

const struct scan_rule *scan_rule_at(size_t i) {
	for (size_t t = 0; t < ARRAY_LEN(scan_rule_tables); t++) {
		if (i < *scan_rule_tables[t].n)
			return &scan_rule_tables[t].rules[i];
		i -= *scan_rule_tables[t].n;
	}
	return NULL;
}

const struct scan_rule *scan_rule_by_id(const char *id) {
	const struct scan_rule *r;

	for (size_t i = 0; (r = scan_rule_at(i)); i++)
		if (strcmp(r->id, id) == 0)
			return r;
	return NULL;
}

static unsigned literal(struct str text) {
	for (unsigned i = 0; i < compiled.literals.n; i++)
		if (str_eq(compiled.literals.v[i], text))
			return i;
	vec_push(&compiled.literals, text);
	return (unsigned)compiled.literals.n - 1;
}

/* What a matcher needs to be in the text; false: nothing that could be searched for. */
static bool need_of(const struct scan_matcher *m, struct need *ret) {
	*ret = (struct need){ 0 };
	if (m->optional)
		return false;
	for (unsigned i = 0; i < m->word_count; i++) {
		if (m->words[i].len < ANCHOR_LEN_MIN)
			return false;
		anchor_put(&ret->any, literal(m->words[i]));
	}
	for (unsigned i = 0; m->predicate && m->predicate->anchors && m->predicate->anchors[i]; i++)
		anchor_put(&ret->any, literal(str_of(m->predicate->anchors[i])));
	return m->word_count || (m->predicate && m->predicate->anchors);
}

static void add_pattern(const struct scan_rule *rule, unsigned number, const struct scan_pattern *pattern) {
	struct rule_pattern p = { .rule = rule, .rule_number = number, .pattern = *pattern };
	const struct scan_matcher *pivot = &pattern->matchers[pattern->pivot];

	if (pattern->hint.len >= ANCHOR_LEN_MIN)
		anchor_put(&p.needs[p.need_count++].any, literal(pattern->hint));
	for (unsigned i = 0; i < pattern->n && p.need_count < NEEDS_MAX; i++)
		p.need_count += need_of(&pattern->matchers[i], &p.needs[p.need_count]);
	for (unsigned i = 0; i < pivot->word_count; i++) {
		unsigned *first = &compiled.first[hash(pivot->words[i].s, pivot->words[i].len)];

		vec_push(&compiled.words, (struct word_slot){ pivot->words[i], (unsigned)compiled.patterns.n, *first });
		*first = (unsigned)compiled.words.n;
	}
	if (!pivot->word_count)
		vec_push(&compiled.by_predicate, (unsigned)compiled.patterns.n);
	vec_push(&compiled.patterns, p);
}

static void compile_rule(const struct scan_rule *r, unsigned number) {
	const char *why = NULL;
	struct scan_pattern pattern;
	unsigned n = 0;

	for (size_t i = 0; r->patterns[i]; i++) {
		if (scan_pattern_compile(r->patterns[i], &compiled.arena, &pattern, &why) < 0)
			compiled.broken = arena_printf(&compiled.arena, "rule %s: %s", r->id, why);
		else if (!pattern.searchable)
			compiled.broken =
				arena_printf(&compiled.arena, "rule %s: %s has no pivot", r->id, r->patterns[i]);
		else
			add_pattern(r, number, &pattern);
	}
	for (size_t i = 0; r->unless && r->unless[i]; i++)
		n++;
	compiled.unless[number].list = arena_array(&compiled.arena, struct scan_pattern, n);
	for (size_t i = 0; i < n; i++) {
		struct scan_pattern *p = &compiled.unless[number].list[compiled.unless[number].n];

		if (scan_pattern_compile(r->unless[i], &compiled.arena, p, &why) < 0)
			compiled.broken = arena_printf(&compiled.arena, "rule %s: %s", r->id, why);
		else
			compiled.unless[number].n++;
	}
}

/* Literals keep their numbers; those of other languages are left out of the search. */
static void make_search(unsigned language) {
	struct str *wanted = arena_array(&compiled.arena, struct str, compiled.literals.n);
	struct anchor_set used = { 0 };

	for (size_t i = 0; i < compiled.patterns.n; i++) {
		const struct rule_pattern *p = &compiled.patterns.v[i];

		if (!(p->rule->languages >> language & 1))
			continue;
		for (unsigned k = 0; k < p->need_count; k++)
			for (size_t w = 0; w < ARRAY_LEN(used.bits); w++)
				used.bits[w] |= p->needs[k].any.bits[w];
	}
	for (unsigned i = 0; i < compiled.literals.n; i++)
		if (anchor_has(&used, i))
			wanted[i] = compiled.literals.v[i];
	compiled.search[language] = anchor_search_new(wanted, (unsigned)compiled.literals.n, &compiled.arena);
}

static void compile(void) {
	const struct scan_rule *r;

	while (scan_rule_at(compiled.rules))
		compiled.rules++;
	compiled.unless = arena_alloc_array(&compiled.arena, sizeof(*compiled.unless), compiled.rules);
	for (unsigned i = 0; (r = scan_rule_at(i)); i++)
		compile_rule(r, i);
	if (compiled.literals.n > ANCHORS_MAX)
		compiled.broken = "the rules have too many literals: raise ANCHORS_MAX";
	for (unsigned i = 0; i < LANGUAGE_MAX && !compiled.broken; i++)
		make_search(i);
}

const char *scan_rules_broken(void) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, compile);
	return compiled.broken;
}

bool scan_rule_is_searched(const struct scan_rule *r) {
	if (scan_rules_broken())
		return false;
	for (size_t i = 0; i < compiled.patterns.n; i++)
		if (compiled.patterns.v[i].rule == r && !compiled.patterns.v[i].need_count)
			return false;
	return true;
}

/* What is known of a rule in this text. */
struct rule_state {
	bool has_excuses;
	signed char ignored_in_file; /* 0: not asked yet, 1: yes, -1: no */
	VEC(uint32_t) excuses;
	size_t line; /* of its last hit; 0: none */
};

struct run {
	struct scan_source source;
	struct scan_tokens tokens;
	bool *live;           /* by pattern */
	unsigned *predicates; /* live patterns whose pivot is a predicate's */
	unsigned predicate_count;
	struct rule_state *states;                      /* by rule */
	struct scan_span *spans[SCAN_IN_STATEMENT + 1]; /* by scope, when they were needed */
	size_t len;
	struct scan_hits *out;
};

static bool is_live(const struct rule_pattern *p, const struct scan_syntax *syntax, const struct anchor_set *found) {
	if (!(p->rule->languages & syntax->language))
		return false;
	for (unsigned i = 0; i < p->need_count; i++) {
		uint64_t common = 0;

		for (size_t w = 0; w < ARRAY_LEN(found->bits); w++)
			common |= p->needs[i].any.bits[w] & found->bits[w];
		if (!common)
			return false;
	}
	return true;
}

/* The pivots of all patterns that excuse the rule, in order. Looked for once, when the rule first has a match. */
static void find_excuses(const struct run *r, unsigned rule, struct rule_state *state) {
	size_t from, to;

	state->has_excuses = true;
	for (size_t at = 0; at < r->source.n; at++)
		for (unsigned i = 0; i < compiled.unless[rule].n; i++)
			if (scan_pattern_matches(&compiled.unless[rule].list[i], &r->source, at, &from, &to)) {
				vec_push(&state->excuses, (uint32_t)at);
				break;
			}
}

/* The tokens that an excuse of a match at `at` must be among. */
static struct scan_span span_of(struct run *r, enum scan_scope scope, size_t at) {
	if (scope == SCAN_IN_FILE)
		return (struct scan_span){ 0, (uint32_t)r->source.n };
	if (!r->spans[scope])
		r->spans[scope] = scan_spans(&r->source, scope);
	return r->spans[scope][at];
}

static bool is_excused(struct run *r, const struct rule_pattern *p, size_t at) {
	struct rule_state *state = &r->states[p->rule_number];
	struct scan_span span;
	size_t low = 0, high;

	if (!compiled.unless[p->rule_number].n)
		return false;
	if (!state->has_excuses)
		find_excuses(r, p->rule_number, state);
	span = span_of(r, p->rule->scope, at);
	for (high = state->excuses.n; low < high;) {
		const size_t middle = low + (high - low) / 2;

		if (state->excuses.v[middle] < span.from)
			low = middle + 1;
		else
			high = middle;
	}
	return low < state->excuses.n && state->excuses.v[low] < span.to;
}

static void try_pattern(struct run *r, unsigned number, size_t at) {
	const struct rule_pattern *p = &compiled.patterns.v[number];
	const struct scan_token *t = r->source.tokens;
	size_t from, to;

	if (!r->live[number] || !scan_pattern_matches(&p->pattern, &r->source, at, &from, &to) || is_excused(r, p, at))
		return;
	vec_push(&r->out->list,
		 (struct scan_hit){ p->rule, t[from].offset, t[to].offset + t[to].len - t[from].offset });
}

static void search(struct run *r) {
	for (size_t at = 0; at < r->source.n; at++) {
		const struct scan_token *t = &r->source.tokens[at];
		const char *s = r->source.text + t->inner;

		if (t->kind == SCAN_WORD)
			for (unsigned i = compiled.first[hash(s, t->inner_len)]; i; i = compiled.words.v[i - 1].next) {
				const struct word_slot *w = &compiled.words.v[i - 1];

				if (w->word.len == t->inner_len && strncasecmp(w->word.s, s, t->inner_len) == 0)
					try_pattern(r, w->pattern, at);
			}
		if (t->kind == SCAN_STRING || t->kind == SCAN_WORD)
			for (unsigned i = 0; i < r->predicate_count; i++)
				try_pattern(r, r->predicates[i], at);
	}
}

static int compare_hits(const void *a, const void *b) {
	const struct scan_hit *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->rule != y->rule ? (x->rule < y->rule ? -1 : 1) : 0;
}

static unsigned number_of(const struct scan_rule *rule) {
	size_t before = 0;

	for (size_t t = 0; t < ARRAY_LEN(scan_rule_tables); t++) {
		const struct scan_rule *rules = scan_rule_tables[t].rules;

		if (rule >= rules && rule < rules + *scan_rule_tables[t].n)
			return (unsigned)(before + (size_t)(rule - rules));
		before += *scan_rule_tables[t].n;
	}
	return 0;
}

static bool is_ignored_in_file(const struct scan_ignores *ignores, struct rule_state *state,
			       const struct scan_rule *rule) {
	for (size_t i = 0; i < ignores->whole.n && !state->ignored_in_file; i++)
		if (scan_ignore_names(&ignores->whole.v[i], rule->id))
			state->ignored_in_file = 1;
	if (!state->ignored_in_file)
		state->ignored_in_file = -1;
	return state->ignored_in_file > 0;
}

/* Hits come in order, so remarks that end before this one are done with. */
static bool is_ignored(const struct scan_ignores *ignores, size_t *first, const struct scan_hit *hit) {
	while (*first < ignores->lines.n && ignores->lines.v[*first].to < hit->offset)
		++*first;
	for (size_t i = *first; i < ignores->lines.n && ignores->lines.v[i].from <= hit->offset; i++)
		if (scan_ignore_names(&ignores->lines.v[i], hit->rule->id))
			return true;
	return false;
}

/* In order, one of a rule in a line, without what is ignored. */
static void settle(struct run *r) {
	struct scan_hits *out = r->out;
	struct scan_ignores ignores;
	size_t kept = 0, first = 0, line = 1, at = 0; /* lines count from 1 */

	if (!out->list.n)
		return;
	qsort(out->list.v, out->list.n, sizeof(*out->list.v), compare_hits);
	scan_ignores_read(r->source.text, r->len, &r->tokens, &ignores);
	for (size_t i = 0; i < out->list.n; i++) {
		const struct scan_hit hit = out->list.v[i];
		struct rule_state *state = &r->states[number_of(hit.rule)];

		for (const char *nl; at < hit.offset; at = (size_t)(nl - r->source.text) + 1, line++)
			if (!(nl = memchr(r->source.text + at, '\n', hit.offset - at)))
				break;
		if (state->line == line)
			continue;
		state->line = line;
		if (is_ignored_in_file(&ignores, state, hit.rule) || is_ignored(&ignores, &first, &hit))
			out->ignored++;
		else
			out->list.v[kept++] = hit;
	}
	out->list.n = kept;
	vec_done(&ignores.lines);
	vec_done(&ignores.whole);
}

void scan_text(enum scan_language language, const char *text, size_t len, struct scan_hits *ret) {
	struct run r = { .source = { .syntax = scan_syntax_of(language), .text = text }, .len = len, .out = ret };
	struct anchor_set found;
	bool any = false;

	*ret = (struct scan_hits){ 0 };
	if (scan_rules_broken() || !r.source.syntax || len > UINT32_MAX)
		return;
	anchor_search(compiled.search[__builtin_ctz(language)], text, len, &found);
	r.live = calloc(compiled.patterns.n, sizeof(*r.live));
	r.states = calloc(compiled.rules, sizeof(*r.states));
	r.predicates = reallocarray(NULL, compiled.by_predicate.n, sizeof(*r.predicates));
	if (!r.live || !r.predicates || !r.states)
		abort();
	for (size_t i = 0; i < compiled.patterns.n; i++)
		any |= r.live[i] = is_live(&compiled.patterns.v[i], r.source.syntax, &found);
	for (size_t i = 0; i < compiled.by_predicate.n; i++)
		if (r.live[compiled.by_predicate.v[i]])
			r.predicates[r.predicate_count++] = compiled.by_predicate.v[i];
	if (any) {
		scan_lex(r.source.syntax, text, len, &r.tokens);
		r.source.tokens = r.tokens.list.v;
		r.source.n = r.tokens.list.n;
		search(&r);
		settle(&r);
		vec_done(&r.tokens.list);
		vec_done(&r.tokens.remarks);
	}
	for (unsigned i = 0; i < compiled.rules; i++)
		vec_done(&r.states[i].excuses);
	free(r.spans[SCAN_IN_BLOCK]);
	free(r.spans[SCAN_IN_STATEMENT]);
	free(r.states);
	free(r.predicates);
	free(r.live);
}
