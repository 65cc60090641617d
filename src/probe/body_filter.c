/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glibc's matcher is given a window of the line at a time: its time and memory grow with the length of what it is
 * shown, for some expressions faster than that. A match that would reach beyond the window is not found.
 */
#include "probe/body_filter.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <string.h>

#include "base/text.h"

enum {
	TEXT_MAX = 1024,
	REPEAT_MAX = 1000,
	WINDOW = 4096,
	RESULT_MAX = 32 << 20,
	GROUPS = 10,
};

struct body_filter {
	regex_t regex;
	bool compiled;
	struct piece {
		struct str text; /* as it is, */
		int group;       /* unless this is not -1 */
	} pieces[TEXT_MAX];
	size_t n;
};

struct parser {
	struct arena *a;
	const char *text;
	size_t at, len;
	char separator;
	const char *why;
};

static int refuse(struct parser *p, size_t at, const char *what) {
	p->why = arena_printf(p->a, "at offset %zu: %s", at, what);
	return -EINVAL;
}

/* Takes the text up to the separator that has no backslash before it, with "\/" as "/". */
static int take_part(struct parser *p, const char *what, const char **ret_part) {
	char *part = arena_alloc(p->a, p->len + 1);
	size_t n = 0;

	for (; p->at < p->len && p->text[p->at] != p->separator; p->at++) {
		if (p->text[p->at] == '\\' && p->at + 1 < p->len) {
			if (p->text[p->at + 1] != p->separator)
				part[n++] = '\\';
			p->at++;
		}
		part[n++] = p->text[p->at];
	}
	if (p->at == p->len)
		return refuse(p, p->at, what);
	p->at++;
	*ret_part = part;
	return 0;
}

/* The product of all upper limits of repetitions, 0 beyond REPEAT_MAX. glibc writes what stands before a + twice, which
 * counts when that is a group or another repetition. */
static unsigned long repetitions(const char *regex) {
	unsigned long product = 1;

	for (const char *s = regex; *s; s++) {
		unsigned long most = 1;

		if (*s == '\\' && s[1])
			s++;
		else if (*s == '+' && s > regex && strchr(")+*?}", s[-1]))
			most = 2;
		else if (*s == '{')
			for (const char *d = s + 1; isdigit((unsigned char)*d) || *d == ','; d++)
				if (isdigit((unsigned char)*d) && !isdigit((unsigned char)d[-1]))
					most = MAX(most, strtoul(d, NULL, 10));
		if (most > REPEAT_MAX || product * most > REPEAT_MAX)
			return 0;
		product *= most;
	}
	return product;
}

static bool has_back_reference(const char *regex) {
	for (const char *s = regex; *s; s++) {
		if (*s == '\\' && isdigit((unsigned char)s[1]))
			return true;
		if (*s == '\\' && s[1])
			s++;
	}
	return false;
}

static int compile(struct parser *p, struct body_filter *f, const char *regex, size_t at, int flags) {
	char why[128];
	int r;

	if (!*regex)
		return refuse(p, at, "the expression is empty");
	if (has_back_reference(regex))
		return refuse(p, at, "a \\1 in the expression: back references are not taken, groups in the text are");
	if (!repetitions(regex))
		return refuse(p, at, "its repetitions {m,n} multiply to more than 1000");
	r = regcomp(&f->regex, regex, flags);
	if (r) {
		(void)regerror(r, &f->regex, why, sizeof(why));
		return refuse(p, at, why);
	}
	f->compiled = true;
	return 0;
}

/* A plain piece that begins with the character. */
static void add_char(struct body_filter *f, const char *c) {
	struct piece *last = f->n ? &f->pieces[f->n - 1] : NULL;

	if (last && last->group < 0 && last->text.s + last->text.len == c)
		last->text.len++;
	else
		f->pieces[f->n++] = (struct piece){ { c, 1 }, -1 };
}

/* "\1" to "\9" and "&" are groups, "\n" is a new line, another character behind a backslash is itself. */
static int read_text(struct parser *p, struct body_filter *f, const char *text, size_t at) {
	for (const char *s = text; *s; s++) {
		if (*s == '&') {
			f->pieces[f->n++] = (struct piece){ { NULL, 0 }, 0 };
		} else if (*s != '\\') {
			add_char(f, s);
		} else if (s[1] >= '1' && s[1] <= '9') {
			const int group = *++s - '0';

			if ((size_t)group > f->regex.re_nsub)
				return refuse(p, at, "the text names a group that the expression does not have");
			f->pieces[f->n++] = (struct piece){ { NULL, 0 }, group };
		} else if (s[1] == 'n') {
			s++;
			f->pieces[f->n++] = (struct piece){ STR("\n"), -1 };
		} else if (s[1]) {
			add_char(f, ++s);
		}
	}
	return 0;
}

static int read_flags(struct parser *p, int *ret_flags) {
	int flags = REG_EXTENDED;

	for (; p->at < p->len; p->at++) {
		if (p->text[p->at] == 'i')
			flags |= REG_ICASE;
		else if (p->text[p->at] != 'g')
			return refuse(p, p->at, "unknown flag: i (either case) and g (all, as always) are known");
	}
	*ret_flags = flags;
	return 0;
}

static int parse(struct parser *p, struct body_filter *f) {
	const char *regex, *text;
	int r, flags;
	size_t at;

	if (p->len > TEXT_MAX)
		return refuse(p, TEXT_MAX, "a filter has at most 1024 bytes");
	if (p->len < 2 || p->text[0] != 's')
		return refuse(p, 0, "a filter is written s/regex/text/");
	p->separator = p->text[1];
	if (isalnum((unsigned char)p->separator) || p->separator == '\\' || p->separator == '\n')
		return refuse(p, 1, "a letter, a digit, a backslash or the line's end cannot separate the parts");
	p->at = 2;
	r = take_part(p, "the expression does not end: s/regex/text/", &regex);
	if (r < 0)
		return r;
	at = p->at;
	r = take_part(p, "the text does not end: s/regex/text/", &text);
	if (r == 0)
		r = read_flags(p, &flags);
	if (r == 0)
		r = compile(p, f, regex, 2, flags);
	return r == 0 ? read_text(p, f, text, at) : r;
}

int body_filter_new(const char *text, struct arena *a, struct body_filter **ret_filter, const char **ret_why) {
	struct parser p = { .a = a, .text = text, .len = strlen(text) };
	struct body_filter *f = arena_new(a, struct body_filter);
	int r = parse(&p, f);

	if (r < 0) {
		body_filter_free(f);
		*ret_why = p.why;
		return r;
	}
	*ret_filter = f;
	return 0;
}

void body_filter_free(struct body_filter *f) {
	if (f && f->compiled)
		regfree(&f->regex);
	if (f)
		f->compiled = false;
}

static void put_text(const struct body_filter *f, const char *line, const regmatch_t *m, struct text *out) {
	for (size_t i = 0; i < f->n; i++) {
		const struct piece *p = &f->pieces[i];

		if (p->group < 0)
			text_add(out, p->text.s, p->text.len);
		else if (m[p->group].rm_so >= 0)
			text_add(out, line + m[p->group].rm_so, (size_t)(m[p->group].rm_eo - m[p->group].rm_so));
	}
}

/*
 * An empty match counts unless it stands right behind the match before it, as in sed; then a character goes by. Between
 * two windows the first half of one goes by, so that a match of half a window is found wherever it begins.
 */
static void rewrite_line(const struct body_filter *f, struct str line, struct text *out) {
	size_t at = 0, behind = SIZE_MAX;

	while (at <= line.len && out->n < RESULT_MAX) {
		const size_t end = MIN(line.len, at + WINDOW);
		const bool more = end < line.len;
		regmatch_t m[GROUPS] = { { .rm_so = (regoff_t)at, .rm_eo = (regoff_t)end } };
		size_t from, to;

		if (regexec(&f->regex, line.s, GROUPS, m, REG_STARTEND | (more ? REG_NOTEOL : 0)) != 0 ||
		    (more && (size_t)m[0].rm_so > at + WINDOW / 2)) {
			const size_t skip = more ? WINDOW / 2 : end - at;

			text_add(out, line.s + at, skip);
			at += skip;
			if (!more)
				return;
			continue;
		}
		from = (size_t)m[0].rm_so;
		to = (size_t)m[0].rm_eo;
		text_add(out, line.s + at, from - at);
		if (from != to || from != behind)
			put_text(f, line.s, m, out);
		behind = to;
		if (from == to && to < line.len)
			text_char(out, line.s[to]);
		at = from == to ? to + 1 : to;
	}
	if (at < line.len)
		text_add(out, line.s + at, line.len - at);
}

/* Works on a copy with a zero at its end: a sanitizer's regexec() looks for one, REG_STARTEND or not. */
struct str body_filter_run(const struct body_filter *f, struct str body, struct arena *a) {
	struct str rest = { arena_dup(a, body.len ? body.s : "", body.len), body.len }, line, result;
	struct text out = { 0 };

	while (body.len && str_split(&rest, '\n', &line)) {
		const bool last = !rest.s;

		if (last && !line.len)
			break;
		rewrite_line(f, line, &out);
		if (!last)
			text_char(&out, '\n');
	}
	result = (struct str){ arena_dup(a, out.n ? out.v : "", out.n), out.n };
	text_done(&out);
	return result;
}
