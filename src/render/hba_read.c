/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is cut into at most FIELDS_MAX words, as PostgreSQL's next_token() does: blanks divide them, a quote keeps
 * blanks, '#' ends the line unless it is quoted. Lists ("a, b") are one word here: blanks behind a comma do not count.
 */
#include "render/hba_read.h"

#include <stdio.h>
#include <string.h>

enum { FIELDS_MAX = 8, MESSAGE_MAX = 200, EXCERPT_MAX = 60 };

/* For complaints about no word: never NULL, which %.*s must not get. */
#define NO_WORD ((struct str){ .s = "" })

struct line {
	const struct hba_reader *reader;
	uint32_t number;
	unsigned n, complaints;
	struct str field[FIELDS_MAX];
};

static void complain(struct line *l, const char *what, struct str word) {
	char message[MESSAGE_MAX];

	(void)snprintf(message, sizeof(message), "%.*s%s%s", (int)utf8_prefix(word.s, word.len, EXCERPT_MAX), word.s,
		       word.len ? ": " : "", what);
	l->reader->complain(l->number, message, l->reader->user);
	l->complaints++;
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\r';
}

/* The word at `at`; its end. A quote that is not closed ends with the line and is a complaint. */
static size_t word_end(struct line *l, struct str text, size_t at) {
	bool quoted = false, listed = false;
	size_t i = at;

	for (; i < text.len; i++) {
		if (text.s[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text.s[i] == '#' || (is_blank(text.s[i]) && !listed)))
			break;
		if (!is_blank(text.s[i]))
			listed = !quoted && text.s[i] == ',';
	}
	if (quoted)
		complain(l, "the quote is not closed", NO_WORD);
	return i;
}

/* PostgreSQL joins lines before it looks for a comment, so one that ends in a backslash hides the rule below it. */
static bool goes_on(struct str text) {
	while (text.len && text.s[text.len - 1] == '\r')
		text.len--;
	return text.len && text.s[text.len - 1] == '\\';
}

static bool split(struct line *l, struct str text) {
	if (goes_on(text))
		complain(l, "a backslash at the end takes the next line away", NO_WORD);
	for (size_t i = 0, end; i < text.len && text.s[i] != '#'; i = end) {
		end = i + 1;
		if (is_blank(text.s[i]))
			continue;
		end = word_end(l, text, i);
		if (l->n == FIELDS_MAX) {
			complain(l, "there are more words than a rule has", NO_WORD);
			return false;
		}
		l->field[l->n++] = str_trim((struct str){ text.s + i, end - i });
	}
	if (l->n && memchr(text.s, '\0', text.len))
		complain(l, "there is a zero byte in the line", NO_WORD);
	return l->complaints == 0;
}

static bool is_one_of(struct str word, const char *const *words) {
	for (; *words; words++)
		if (str_is(word, *words))
			return true;
	return false;
}

static void read_address(struct line *l, struct str word, struct hba_rule *rule) {
	struct ip_fault fault;

	rule->any = str_is(word, "all");
	if (rule->any)
		return;
	if (!memchr(word.s, '/', word.len))
		complain(l, "write an address with its length, as 192.0.2.1/32", word);
	else if (prefix_parse(word.s, word.len, &rule->from, &fault) < 0)
		complain(l, ip_error_hint(fault.error), word);
}

static void read_method(struct line *l, struct str word, struct hba_rule *rule) {
	static const char *const safe[] = { "scram-sha-256", "peer", "cert", "gss", "reject", NULL };

	rule->rejects = str_is(word, "reject");
	if (!is_one_of(word, safe))
		complain(l, "the method is one of scram-sha-256, peer, cert, gss, reject", word);
	else if (str_is(word, "peer") && !rule->is_local)
		complain(l, "only lines of type local have it", word);
}

static void read_rule(struct line *l) {
	static const char *const types[] = {
		"local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc", NULL
	};
	struct hba_rule rule = { .line = l->number, .is_local = str_is(l->field[0], "local") };
	const unsigned method = rule.is_local ? 3 : 4;

	if (!is_one_of(l->field[0], types)) {
		complain(l, "a rule begins with local, host, hostssl or hostnossl", l->field[0]);
		return;
	}
	if (l->n <= method) {
		complain(l,
			 rule.is_local ? "the rule wants a database, a user and a method"
				       : "the rule wants a database, a user, an address and a method",
			 l->field[0]);
		return;
	}
	for (unsigned i = 1; i < 3; i++)
		if (memchr(l->field[i].s, '@', l->field[i].len))
			complain(l, "names are not read from files", l->field[i]);
	if (!rule.is_local)
		read_address(l, l->field[3], &rule);
	read_method(l, l->field[method], &rule);
	for (unsigned i = method + 1; i < l->n; i++)
		if (!memchr(l->field[i].s, '=', l->field[i].len))
			complain(l, "behind the method there are only options, name=value", l->field[i]);
	if (!l->complaints)
		l->reader->rule(&rule, l->reader->user);
}

unsigned hba_read(struct str text, const struct hba_reader *r) {
	unsigned complaints = 0;
	struct str piece;

	for (uint32_t number = 1; str_split(&text, '\n', &piece); number++) {
		struct line l = { .reader = r, .number = number };

		if (split(&l, piece) && l.n)
			read_rule(&l);
		complaints += l.complaints;
	}
	return complaints;
}
