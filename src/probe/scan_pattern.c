/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern is a row of matchers; matching goes back over "..." and "?" only, and those are bounded. */
#include "probe/scan_pattern.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "probe/scan_predicate.h"

enum { GAP_MAX = 40 };

/* What a matcher of words may be made of; one character that is none of these is punctuation. */
static bool is_word(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
}

static bool takes_prefix(struct str *s, const char *prefix) {
	const size_t n = strlen(prefix);

	if (s->len < n || memcmp(s->s, prefix, n) != 0 || (s->len > n && s->s[n] != ':'))
		return false;
	*s = (struct str){ s->s + n + (s->len > n), s->len - n - (s->len > n) };
	return true;
}

static int compile_number(struct str rest, struct scan_matcher *m) {
	m->kind = MATCH_NUMBER;
	if (!rest.len)
		return 0;
	m->relation = rest.s[0];
	if (rest.len < 2 || !strchr("<=", m->relation))
		return -EINVAL;
	for (size_t i = 1; i < rest.len; i++) {
		if (rest.s[i] < '0' || rest.s[i] > '9')
			return -EINVAL;
		m->number = m->number * 10 + (unsigned)(rest.s[i] - '0');
	}
	return 0;
}

static int compile_predicate(struct str name, struct scan_matcher *m) {
	m->predicate = name.len ? scan_predicate_by_name(name) : NULL;
	return name.len && !m->predicate ? -EINVAL : 0;
}

static int compile_words(struct str s, struct arena *a, struct scan_matcher *m) {
	VEC(struct str) words = { 0 };
	struct str word;

	while (str_split(&s, '|', &word)) {
		if (!word.len) {
			vec_done(&words);
			return -EINVAL;
		}
		vec_push(&words, (struct str){ arena_dup(a, word.s, word.len), word.len });
	}
	m->kind = MATCH_WORDS;
	m->word_count = (unsigned)words.n;
	m->words = vec_freeze(&words, a);
	return 0;
}

static int compile_one(struct str s, struct arena *a, struct scan_matcher *m) {
	*m = (struct scan_matcher){ 0 };
	if (s.len > 1 && s.s[0] == '?') {
		m->optional = true;
		s = (struct str){ s.s + 1, s.len - 1 };
	}
	if (str_is(s, "...")) {
		m->kind = MATCH_GAP;
		return 0;
	}
	if (takes_prefix(&s, "NUM"))
		return compile_number(s, m);
	if (takes_prefix(&s, "STR")) {
		m->kind = MATCH_STRING;
		return compile_predicate(s, m);
	}
	if (takes_prefix(&s, "WORD")) {
		m->kind = MATCH_WORD;
		return compile_predicate(s, m);
	}
	if (str_is(s, "ANY")) {
		m->kind = MATCH_ANY;
		return 0;
	}
	if (s.len == 1 && !is_word(s.s[0])) {
		m->kind = MATCH_PUNCT;
		m->punct = s.s[0];
		return 0;
	}
	return compile_words(s, a, m);
}

static bool is_pivot(const struct scan_matcher *m) {
	return !m->optional &&
	       (m->kind == MATCH_WORDS || ((m->kind == MATCH_STRING || m->kind == MATCH_WORD) && m->predicate));
}

int scan_pattern_compile(const char *text, struct arena *a, struct scan_pattern *ret_pattern, const char **ret_why) {
	struct scan_pattern p = { 0 };
	struct str rest = str_of(text), word;

	while (str_split(&rest, ' ', &word)) {
		if (word.len > 1 && word.s[0] == '@') {
			char *hint = arena_dup(a, word.s + 1, word.len - 1);

			for (size_t i = 0; hint[i]; i++)
				hint[i] = (char)(hint[i] == '_' ? ' ' : hint[i]);
			p.hint = (struct str){ hint, word.len - 1 };
			continue;
		}
		if (p.n == SCAN_MATCHERS_MAX || !word.len || compile_one(word, a, &p.matchers[p.n]) < 0) {
			*ret_why = arena_printf(a, "\"%.*s\" is no matcher, or one too many", (int)word.len, word.s);
			return -EINVAL;
		}
		p.n++;
	}
	while (p.pivot < p.n && !is_pivot(&p.matchers[p.pivot])) {
		const struct scan_matcher *m = &p.matchers[p.pivot++];

		if (m->kind == MATCH_GAP || m->optional)
			p.pivot = p.n;
	}
	p.searchable = p.pivot < p.n;
	if (!p.searchable)
		p.pivot = 0;
	*ret_pattern = p;
	return 0;
}

static struct str inner(const struct scan_source *s, const struct scan_token *t) {
	return (struct str){ s->text + t->inner, t->inner_len };
}

static bool same_word(struct str a, struct str b, bool any_case) {
	return a.len == b.len && (any_case ? strncasecmp(a.s, b.s, a.len) : memcmp(a.s, b.s, a.len)) == 0;
}

static bool takes_number(const struct scan_matcher *m, struct str text) {
	unsigned n = 0;

	if (!m->relation)
		return true;
	for (size_t i = 0; i < text.len; i++) {
		if (text.s[i] < '0' || text.s[i] > '9' || n > 100000)
			return false;
		n = n * 10 + (unsigned)(text.s[i] - '0');
	}
	return m->relation == '<' ? n < m->number : n == m->number;
}

bool scan_matcher_takes(const struct scan_matcher *m, const struct scan_source *s, size_t at) {
	const struct scan_token *t = &s->tokens[at];

	switch (m->kind) {
	case MATCH_WORDS:
		for (unsigned i = 0; t->kind == SCAN_WORD && i < m->word_count; i++)
			if (same_word(inner(s, t), m->words[i], s->syntax->habits & HABIT_ANY_CASE))
				return true;
		return false;
	case MATCH_WORD:
		return t->kind == SCAN_WORD && (!m->predicate || m->predicate->holds(inner(s, t)));
	case MATCH_NUMBER:
		return (t->kind == SCAN_NUMBER || t->bare) && takes_number(m, inner(s, t));
	case MATCH_STRING:
		return (t->kind == SCAN_STRING || t->bare) && (!m->predicate || m->predicate->holds(inner(s, t)));
	case MATCH_PUNCT:
		return t->kind == SCAN_PUNCT && t->punct == m->punct;
	case MATCH_ANY:
		return true;
	case MATCH_GAP:
		break;
	}
	return false;
}

/* Matches from matcher `m` at token `at` on; *ret_to is the last token taken. */
static bool match_rest(const struct scan_pattern *p, unsigned m, const struct scan_source *s, size_t at,
		       size_t *ret_to) {
	int depth = 0;

	for (; m < p->n && p->matchers[m].kind != MATCH_GAP; m++) {
		if (p->matchers[m].optional && match_rest(p, m + 1, s, at, ret_to))
			return true;
		if (at >= s->n || !scan_matcher_takes(&p->matchers[m], s, at))
			return false;
		*ret_to = at++;
	}
	if (m == p->n)
		return true;
	for (size_t gap = 0; gap <= GAP_MAX && at + gap < s->n; gap++) {
		const struct scan_token *t = &s->tokens[at + gap];

		if (depth == 0 && match_rest(p, m + 1, s, at + gap, ret_to))
			return true;
		if (t->kind != SCAN_PUNCT)
			continue;
		depth += t->punct == '(' || t->punct == '[';
		depth -= t->punct == ')' || t->punct == ']';
		if (depth < 0 || (depth == 0 && t->punct == ';'))
			return false;
	}
	return false;
}

bool scan_pattern_matches(const struct scan_pattern *p, const struct scan_source *s, size_t at, size_t *ret_from,
			  size_t *ret_to) {
	if (at < p->pivot)
		return false;
	for (unsigned m = 0; m < p->pivot; m++)
		if (!scan_matcher_takes(&p->matchers[m], s, at - p->pivot + m))
			return false;
	if (!match_rest(p, p->pivot, s, at, ret_to))
		return false;
	*ret_from = at - p->pivot;
	return true;
}
