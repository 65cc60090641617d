/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HAProxy's log-format. What it escapes (as #HH) are requests, their parts and captured headers; cookies (%CC, %CS) and
 * expressions (%[…]) are written as they are, quotes included. Numbers have a '+' in front with `option logasap`,
 * blanks next to each other are one, and %hr and %hs are nothing at all when nothing is captured.
 */
#include <errno.h>
#include <string.h>

#include "logs/pattern.h"

extern const struct log_format log_format_haproxy;

#define HTTPLOG                                                                                                        \
	"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"

/* Directives that HAProxy has a name for. */
static const struct named {
	const char *name, *text;
} named[] = {
	{ "httplog", HTTPLOG },
	{ "httpslog", HTTPLOG " %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] "
			      "%[ssl_fc_sni]/%sslv/%sslc" },
	{ "tcplog", "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq" },
	{ "clf", "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc "
		 "%sc %rc %sq %bq %CC %CS %hrl %hsl" },
};

enum { FLAG_QUOTE = 1, FLAG_HEX = 2 };

static const struct pattern_field variables[] = {
	{ "ci", ROLE_ADDR, SHAPE_WORD },
	{ "cp", ROLE_NONE, SHAPE_NUMBER },
	{ "ID", ROLE_ID, SHAPE_CHOSEN },
	{ "trg", ROLE_TIME, SHAPE_WIDTH, .width = 26, .time_form = LOG_TIME_HAPROXY_Z },
	{ "trl", ROLE_TIME, SHAPE_WIDTH, .width = 26, .time_form = LOG_TIME_HAPROXY_Z },
	{ "T", ROLE_TIME, SHAPE_WIDTH, .width = 26, .time_form = LOG_TIME_HAPROXY_Z },
	{ "Tl", ROLE_TIME, SHAPE_WIDTH, .width = 26, .time_form = LOG_TIME_HAPROXY_Z },
	{ "Ts", ROLE_TIME, SHAPE_NUMBER, .time_form = LOG_TIME_SECONDS, .priority = 1 },
	{ "tr", ROLE_TIME, SHAPE_WIDTH, .width = 24, .time_form = LOG_TIME_HAPROXY, .priority = 2 },
	{ "t", ROLE_TIME, SHAPE_WIDTH, .width = 24, .time_form = LOG_TIME_HAPROXY, .priority = 2 },
	{ "r", ROLE_REQUEST, SHAPE_FREE },
	{ "HM", ROLE_METHOD, SHAPE_CHOSEN },
	{ "HU", ROLE_TARGET, SHAPE_FREE, .priority = 1 },
	{ "HPO", ROLE_TARGET, SHAPE_FREE, .priority = 2 },
	{ "HP", ROLE_TARGET, SHAPE_FREE, .priority = 2 },
	{ "HQ", ROLE_NONE, SHAPE_FREE, .priority = PATTERN_QUERY },
	{ "HV", ROLE_NONE, SHAPE_CHOSEN },
	{ "ST", ROLE_STATUS, SHAPE_NUMBER },
	{ "B", ROLE_BYTES, SHAPE_NUMBER },
	{ "hr", ROLE_NONE, SHAPE_BRACES },
	{ "hs", ROLE_NONE, SHAPE_BRACES },
	{ "CC", ROLE_NONE, SHAPE_FREE, .quotes = true },
	{ "CS", ROLE_NONE, SHAPE_FREE, .quotes = true },
	{ "hrl", ROLE_NONE, SHAPE_FREE, .quotes = true },
	{ "hsl", ROLE_NONE, SHAPE_FREE, .quotes = true },
	{ "f", ROLE_NONE, SHAPE_WORD },
	{ "ft", ROLE_NONE, SHAPE_WORD },
	{ "b", ROLE_NONE, SHAPE_WORD },
	{ "s", ROLE_NONE, SHAPE_WORD },
	{ "H", ROLE_NONE, SHAPE_WORD },
	{ "bi", ROLE_NONE, SHAPE_WORD },
	{ "fi", ROLE_NONE, SHAPE_WORD },
	{ "si", ROLE_NONE, SHAPE_WORD },
	{ "ts", ROLE_NONE, SHAPE_WORD },
	{ "tsc", ROLE_NONE, SHAPE_WORD },
	{ "sslc", ROLE_NONE, SHAPE_WORD },
	{ "sslv", ROLE_NONE, SHAPE_WORD },
};

/* Names of numbers. */
static const char *const numbers[] = { "Ta", "Tc", "Td", "Th", "Ti", "Tq", "TR", "Tr",  "Tt", "Tu", "Tw", "U",  "ac",
				       "bc", "bp", "bq", "fc", "fp", "lc", "ms", "pid", "rc", "rt", "sc", "sp", "sq" };

/* Sample expressions with a meaning; they are written without escapes. */
static const struct pattern_field expressions[] = {
	{ "src", ROLE_ADDR, SHAPE_WORD, .priority = 1 },
	{ "src_port", ROLE_NONE, SHAPE_NUMBER },
	{ "dst", ROLE_NONE, SHAPE_WORD },
	{ "dst_port", ROLE_NONE, SHAPE_NUMBER },
	{ "unique-id", ROLE_ID, SHAPE_CHOSEN },
	{ "status", ROLE_STATUS, SHAPE_NUMBER, .priority = 1 },
	{ "method", ROLE_METHOD, SHAPE_CHOSEN, .priority = 1 },
	{ "capture.req.method", ROLE_METHOD, SHAPE_CHOSEN, .priority = 1 },
	{ "url", ROLE_TARGET, SHAPE_FREE, .priority = 2, .quotes = true },
	{ "pathq", ROLE_TARGET, SHAPE_FREE, .priority = 2, .quotes = true },
	{ "path", ROLE_TARGET, SHAPE_FREE, .priority = 2, .quotes = true },
	{ "capture.req.uri", ROLE_TARGET, SHAPE_FREE, .priority = 2, .quotes = true },
	{ "ssl_fc_sni", ROLE_HOST, SHAPE_FREE, .priority = 1, .quotes = true },
	{ "req.hdr(host)", ROLE_HOST, SHAPE_FREE, .quotes = true },
	{ "hdr(host)", ROLE_HOST, SHAPE_FREE, .quotes = true },
	{ "fc_err", ROLE_NONE, SHAPE_WORD },
	{ "ssl_c_err", ROLE_NONE, SHAPE_WORD },
	{ "ssl_c_ca_err", ROLE_NONE, SHAPE_WORD },
	{ "ssl_fc_err,hex", ROLE_NONE, SHAPE_WORD },
	{ "ssl_fc_is_resumed", ROLE_NONE, SHAPE_WORD },
};

static const struct pattern_field any_number = { "number", ROLE_NONE, SHAPE_NUMBER };
static const struct pattern_field any_expression = { "expression", ROLE_NONE, SHAPE_FREE, .quotes = true };

static const struct pattern_style style = {
	.format = &log_format_haproxy,
	.address_hint = "%ci:%cp",
	.quote_hint = "write %{+Q} in place of its %",
	.escape = ESCAPE_HASH,
	.blanks_collapse = true,
};

/* A log-format under the reader. */
struct reader {
	struct pattern_draft *d;
	struct str text;
	size_t at;
	unsigned defaults; /* flags that %{…}o has set */
	bool blank;        /* the last byte that was drafted is one, or none was */
};

static void put_text(struct reader *r, const char *s, size_t len) {
	for (size_t i = 0; i < len; i++) {
		bool blank = s[i] == ' ' || s[i] == '\t';

		if (!blank || !r->blank)
			draft_text(r->d, blank ? " " : &s[i], 1);
		r->blank = blank;
	}
}

static int read_flags(struct reader *r, unsigned *flags, char **ret_why) {
	const char *s = r->text.s, *close = memchr(s + r->at, '}', r->text.len - r->at);
	struct str rest, flag;

	if (!close)
		return pattern_refuse(ret_why, "the flags of a variable, %%{, have no }");
	rest = (struct str){ s + r->at, (size_t)(close - (s + r->at)) };
	r->at += rest.len + 1;
	while (str_split(&rest, ',', &flag)) {
		flag = str_trim(flag);
		if (str_is(flag, "+Q"))
			*flags |= FLAG_QUOTE;
		else if (str_is(flag, "-Q"))
			*flags &= ~(unsigned)FLAG_QUOTE;
		else if (str_is(flag, "+X"))
			*flags |= FLAG_HEX;
		else if (str_is(flag, "-X"))
			*flags &= ~(unsigned)FLAG_HEX;
		else if (flag.len && !str_is(flag, "+M") && !str_is(flag, "-M") && !str_is(flag, "-E"))
			return pattern_refuse(ret_why,
					      "log-format flags other than Q, X and M cannot be read: remove %.*s",
					      (int)flag.len, flag.s);
	}
	return 0;
}

/* Behind "%[": up to the bracket that is in no parentheses. */
static bool read_expression(struct reader *r, struct str *ret_expression) {
	size_t from = r->at;
	unsigned depth = 0;

	for (; r->at < r->text.len; r->at++) {
		char c = r->text.s[r->at];

		if (c == ']' && !depth) {
			*ret_expression = (struct str){ r->text.s + from, r->at++ - from };
			return true;
		}
		depth += c == '(';
		depth -= c == ')' && depth;
	}
	return false;
}

static bool is_alnum(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static const struct pattern_field *find_variable(struct str name) {
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (str_is(name, numbers[i]))
			return &any_number;
	return pattern_find(variables, ARRAY_LEN(variables), name);
}

static void put_field(struct reader *r, struct str written, const struct pattern_field *row, unsigned flags) {
	struct pattern_field f = *row;
	bool quoted = (flags & FLAG_QUOTE) && f.shape != SHAPE_NUMBER && f.shape != SHAPE_WIDTH &&
		      f.shape != SHAPE_BRACES && !str_is(str_of(f.name), "ts") && !str_is(str_of(f.name), "tsc");

	if (flags & FLAG_HEX) {
		f.hex = f.role == ROLE_ADDR;
		if (f.role == ROLE_TIME && f.shape == SHAPE_NUMBER)
			f.role = ROLE_NONE;
	}
	if (quoted)
		put_text(r, "\"", 1);
	draft_field(r->d, written, &f);
	r->blank = false;
	if (quoted)
		put_text(r, "\"", 1);
}

/* What begins with '%' at r->at. */
static int read_variable(struct reader *r, char **ret_why) {
	const char *s = r->text.s;
	size_t from = r->at++, len;
	unsigned flags = r->defaults;
	const struct pattern_field *row;
	struct str name;
	int e;

	if (r->at < r->text.len && s[r->at] == '%') {
		put_text(r, s + r->at++, 1);
		return 0;
	}
	if (r->at < r->text.len && s[r->at] == '(') {
		const char *close = memchr(s + r->at, ')', r->text.len - r->at);

		r->at = close ? (size_t)(close - s) + 1 : r->text.len;
	}
	if (r->at < r->text.len && s[r->at] == '{') {
		r->at++;
		e = read_flags(r, &flags, ret_why);
		if (e < 0)
			return e;
	}
	if (r->at < r->text.len && s[r->at] == '[') {
		r->at++;
		if (!read_expression(r, &name))
			return pattern_refuse(ret_why, "an expression of the log-format, %%[, has no ]");
		row = pattern_find(expressions, ARRAY_LEN(expressions), name);
		put_field(r, (struct str){ s + from, r->at - from }, row ? row : &any_expression, flags);
		return 0;
	}
	for (len = 0; r->at + len < r->text.len && is_alnum(s[r->at + len]);)
		len++;
	name = (struct str){ s + r->at, len };
	r->at += len;
	if (str_is(name, "o")) {
		r->defaults = flags;
		return 0;
	}
	row = find_variable(name);
	if (!row)
		return pattern_refuse(ret_why, "HAProxy's log-format has no variable %%%.*s", (int)name.len, name.s);
	put_field(r, (struct str){ s + from, r->at - from }, row, flags);
	return 0;
}

static int draft_variables(struct pattern_draft *d, struct str text, char **ret_why) {
	struct reader r = { .d = d, .text = text, .blank = true };
	int e = 0;

	while (e == 0 && r.at < text.len) {
		const char *percent = memchr(text.s + r.at, '%', text.len - r.at);
		size_t plain = percent ? (size_t)(percent - text.s) - r.at : text.len - r.at;

		put_text(&r, text.s + r.at, plain);
		r.at += plain;
		if (r.at < text.len)
			e = read_variable(&r, ret_why);
	}
	return e;
}

/* As the configuration's own reader does it: quotes of both kinds (only in a directive) and backslashes are undone. */
static struct str unquoted(struct pattern_draft *d, struct str t, bool directive) {
	char *out = arena_alloc(&d->arena, t.len + 1), quote = 0;
	size_t n = 0;

	for (size_t i = 0; i < t.len; i++) {
		if (directive && (quote ? t.s[i] == quote : t.s[i] == '"' || t.s[i] == '\'')) {
			quote = quote ? 0 : t.s[i];
			continue;
		}
		if (t.s[i] == '\\' && quote != '\'' && i + 1 < t.len)
			i++;
		out[n++] = t.s[i];
	}
	return (struct str){ out, n };
}

static struct str after(struct str t, const char *word) {
	size_t len = strlen(word);

	if (t.len > len && memcmp(t.s, word, len) == 0 && (t.s[len] == ' ' || t.s[len] == '\t'))
		return str_trim((struct str){ t.s + len, t.len - len });
	return (struct str){ NULL, 0 };
}

static int compile(struct str text, const struct log_options *o, struct log_parser **ret_parser, char **ret_why) {
	struct pattern_draft d = { .style = &style };
	struct str t = str_trim(text), option = after(t, "option"), directive = after(t, "log-format");
	const struct named *name = NULL;
	int r;

	if (str_is(option, "httplog clf"))
		option = STR("clf");
	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (str_is(option.s ? option : t, named[i].name))
			name = &named[i];
	if (after(t, "log-format-sd").s) {
		r = pattern_refuse(ret_why,
				   "log-format-sd is what HAProxy writes in front of the line's own text, which "
				   "the log-format has: write that one");
	} else if (name) {
		r = draft_variables(&d, str_of(name->text), ret_why);
	} else if (option.s) {
		r = pattern_refuse(ret_why,
				   "option %.*s is no log format of HAProxy: write option httplog, httpslog, "
				   "tcplog, or the log-format line",
				   (int)option.len, option.s);
	} else {
		t = unquoted(&d, directive.s ? directive : t, directive.s != NULL);
		r = draft_variables(&d, t, ret_why);
	}
	if (r == 0)
		r = pattern_new(&d, o, ret_parser, ret_why);
	draft_done(&d);
	return r;
}

const struct log_format log_format_haproxy = {
	.name = "haproxy",
	.summary = "HAProxy's log-format, httplog when no text is given; also httpslog, tcplog, clf",
	.fallback = "httplog",
	.compile = compile,
};
