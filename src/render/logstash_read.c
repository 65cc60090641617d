/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recursive descent over words. The grammar, from Logstash's own (logstash-core, grammar.treetop, version 8):
 *
 *     file = (("input" | "filter" | "output") "{" body "}")*
 *     body = (plugin | branch)*            plugin = word "{" (name "=>" value)* "}"
 *     branch = "if" … "{" body "}" ("else" "if" … "{" body "}")* ("else" "{" body "}")?
 *     value = string | number | word | "[" value,… "]" | "{" (value "=>" value)* "}" | plugin
 *
 * A string ends at its own kind of quote; a backslash keeps the next character, and both stay.
 */
#include "render/logstash_read.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum kind { END, WORD, STRING, ARROW, MARK, BROKEN };

struct reader {
	struct str rest;
	uint32_t line;
	enum kind kind; /* of the word at hand */
	struct str word;
	uint32_t at; /* its line */
	unsigned depth;
	const char *reason;
	struct logstash_setting now;
	void (*setting)(const struct logstash_setting *s, void *user);
	void *user;
};

static void take(struct reader *r, size_t n) {
	for (size_t i = 0; i < n; i++)
		r->line += r->rest.s[i] == '\n';
	r->rest.s += n;
	r->rest.len -= n;
}

static void skip_blanks(struct reader *r) {
	while (r->rest.len) {
		const char *end;

		if (isspace((unsigned char)r->rest.s[0])) {
			take(r, 1);
			continue;
		}
		if (r->rest.s[0] != '#')
			return;
		end = memchr(r->rest.s, '\n', r->rest.len);
		take(r, end ? (size_t)(end - r->rest.s) : r->rest.len);
	}
}

static bool is_word(char c) {
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.' || c == '@';
}

static void next(struct reader *r) {
	size_t n = 1;

	skip_blanks(r);
	r->at = r->line;
	r->word = (struct str){ r->rest.s, 0 };
	r->kind = END;
	if (!r->rest.len)
		return;
	if (r->rest.s[0] == '"' || r->rest.s[0] == '\'') {
		while (n < r->rest.len && r->rest.s[n] != r->rest.s[0])
			n += r->rest.s[n] == '\\' ? 2 : 1;
		r->kind = n < r->rest.len ? STRING : BROKEN;
		r->word = (struct str){ r->rest.s + 1, r->kind == STRING ? n - 1 : 0 };
		take(r, r->kind == STRING ? n + 1 : r->rest.len);
		return;
	}
	r->kind = MARK;
	if (is_word(r->rest.s[0])) {
		while (n < r->rest.len && is_word(r->rest.s[n]))
			n++;
		r->kind = WORD;
	} else if (r->rest.len > 1 && memcmp(r->rest.s, "=>", 2) == 0) {
		n = 2;
		r->kind = ARROW;
	}
	r->word.len = n;
	take(r, n);
}

static int fail(struct reader *r, const char *reason) {
	if (!r->reason)
		r->reason = r->kind == BROKEN ? "the quote is not closed" : reason;
	return -EINVAL;
}

static bool is_mark(const struct reader *r, char c) {
	return r->kind == MARK && r->word.s[0] == c;
}

static int expect(struct reader *r, char c, const char *reason) {
	if (!is_mark(r, c))
		return fail(r, reason);
	next(r);
	return 0;
}

static int read_value(struct reader *r);

static int read_list(struct reader *r) {
	while (!is_mark(r, ']')) {
		if (read_value(r) < 0)
			return -EINVAL;
		if (is_mark(r, ','))
			next(r);
		else if (!is_mark(r, ']'))
			return fail(r, "a list goes on with ',' or ends with ']'");
	}
	next(r);
	return 0;
}

/* Behind its "{": pairs. `settings`: of a plugin, to be called for. */
static int read_pairs(struct reader *r, bool settings) {
	while (!is_mark(r, '}')) {
		const uint32_t line = r->at;
		const struct str name = r->word;
		struct str value = { 0 };

		if (r->kind != WORD && r->kind != STRING)
			return fail(r, "a name, or '}', is missing here");
		next(r);
		if (r->kind != ARROW)
			return fail(r, "'=>' is missing behind the name");
		next(r);
		if (r->kind == WORD || r->kind == STRING)
			value = r->word;
		if (read_value(r) < 0)
			return -EINVAL;
		r->now.line = line;
		r->now.name = name;
		r->now.value = value;
		if (settings)
			r->setting(&r->now, r->user);
	}
	next(r);
	return 0;
}

static int read_value(struct reader *r) {
	const enum kind kind = r->kind;
	const char first = r->word.len ? r->word.s[0] : '\0';
	int result = 0;

	if (kind != WORD && kind != STRING && !(kind == MARK && (first == '[' || first == '{')))
		return fail(r, "a value is missing here");
	if (++r->depth > LOGSTASH_DEPTH_MAX)
		return fail(r, "values and branches are at most 32 deep");
	next(r);
	if (kind == MARK)
		result = first == '[' ? read_list(r) : read_pairs(r, false);
	else if (kind == WORD && is_mark(r, '{')) {
		next(r);
		result = read_pairs(r, false);
	}
	r->depth--;
	return result;
}

static int read_body(struct reader *r);

static int read_branch(struct reader *r) {
	if (str_is(r->word, "else")) {
		next(r);
	} else {
		for (next(r); !is_mark(r, '{'); next(r))
			if (r->kind == END || r->kind == BROKEN || r->kind == ARROW)
				return fail(r, "the branch has no '{'");
	}
	if (r->kind == WORD && str_is(r->word, "if"))
		return read_branch(r);
	return expect(r, '{', "the branch has no '{'") < 0 ? -EINVAL : read_body(r);
}

/* Plugins and branches, and the "}" behind them. */
static int read_body(struct reader *r) {
	if (++r->depth > LOGSTASH_DEPTH_MAX)
		return fail(r, "values and branches are at most 32 deep");
	while (!is_mark(r, '}')) {
		if (r->kind != WORD)
			return fail(r, "a plugin, or '}', is missing here");
		if (str_is(r->word, "if") || str_is(r->word, "else")) {
			if (read_branch(r) < 0)
				return -EINVAL;
			continue;
		}
		r->now.plugin = r->word;
		next(r);
		r->now.line = r->at;
		if (expect(r, '{', "'{' is missing behind the plugin") < 0 || read_pairs(r, true) < 0)
			return -EINVAL;
		r->now.name = r->now.value = (struct str){ 0 };
		r->setting(&r->now, r->user);
	}
	r->depth--;
	next(r);
	return 0;
}

int logstash_read(struct str text, void (*setting)(const struct logstash_setting *s, void *user), void *user,
		  uint32_t *ret_line, const char **ret_reason) {
	struct reader r = { .rest = text, .line = 1, .setting = setting, .user = user };
	int result = 0;

	for (next(&r); result == 0 && r.kind != END;) {
		r.now.section = r.word;
		if (!str_is(r.word, "input") && !str_is(r.word, "filter") && !str_is(r.word, "output"))
			result = fail(&r, "a section is input, filter or output");
		else {
			next(&r);
			result = expect(&r, '{', "'{' is missing behind the section") < 0 ? -EINVAL : read_body(&r);
		}
	}
	if (result < 0) {
		*ret_line = r.at;
		*ret_reason = r.reason;
	}
	return result;
}
