/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One character decides which kind of token begins, a function for each kind finds its end. Where a language cannot be
 * told without a parser (is this / a division?), the token before decides, as editors do.
 */
#include "probe/scan_lex.h"

#include <string.h>

enum { DEPTH_MAX = 256, REGEX_FAILS_MAX = 64, HEREDOC_WORD_MAX = 64 };

struct lexer {
	const struct scan_syntax *syntax;
	const char *text;
	size_t len, at;
	struct scan_tokens *out;
	char brackets[DEPTH_MAX]; /* open ones, deeper ones are not kept */
	unsigned depth;
	struct str heredoc;   /* the word that ends the text after this line; empty: none */
	size_t regex_end;     /* of the last line in which a / began no expression */
	unsigned regex_fails; /* how often, in that line */
};

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool has(const struct lexer *x, unsigned habit) {
	return (x->syntax->habits & habit) != 0;
}

static char peek(const struct lexer *x, size_t ahead) {
	return x->at + ahead < x->len ? x->text[x->at + ahead] : '\0';
}

static bool begins(const struct lexer *x, size_t at, const char *word) {
	const size_t n = strlen(word);

	return x->len - at >= n && memcmp(x->text + at, word, n) == 0;
}

static void push(struct lexer *x, enum scan_kind kind, size_t offset, size_t inner, size_t inner_len) {
	vec_push(&x->out->list, (struct scan_token){ .offset = (uint32_t)offset,
						     .len = (uint32_t)(x->at - offset),
						     .inner = (uint32_t)inner,
						     .inner_len = (uint32_t)inner_len,
						     .kind = (uint8_t)kind,
						     .punct = kind == SCAN_PUNCT ? x->text[offset] : '\0' });
}

static size_t line_end(const struct lexer *x, size_t at) {
	const char *end = memchr(x->text + at, '\n', x->len - at);

	return end ? (size_t)(end - x->text) : x->len;
}

/* After the next `word`, or the end of the text; *ret_inner_end is before it. */
static size_t after(const struct lexer *x, size_t from, const char *word, size_t n, size_t *ret_inner_end) {
	const char *found = memmem(x->text + from, x->len - from, word, n);

	*ret_inner_end = found ? (size_t)(found - x->text) : x->len;
	return found ? *ret_inner_end + n : x->len;
}

static void keep_remark(struct lexer *x, size_t offset, size_t end) {
	if (memmem(x->text + offset, end - offset, SCAN_REMARK, sizeof(SCAN_REMARK) - 1))
		vec_push(&x->out->remarks, (struct scan_remark){ (uint32_t)offset, (uint32_t)(end - offset) });
}

static bool at_line_start(const struct lexer *x) {
	return x->at == 0 || x->text[x->at - 1] == '\n';
}

static bool skip_comment(struct lexer *x) {
	const struct scan_syntax *s = x->syntax;
	const size_t from = x->at;
	size_t end;

	for (size_t i = 0; i < ARRAY_LEN(s->line) && s->line[i]; i++) {
		const bool apart = has(x, HABIT_HASH_APART) || *s->line[i] == '!' || *s->line[i] == ';';

		if (!begins(x, from, s->line[i]) || (apart && from && !strchr(" \t\n;", x->text[from - 1])))
			continue;
		if (*s->line[i] == '!' || *s->line[i] == ';') { /* only at the begin of a line */
			size_t k = from;

			while (k && (x->text[k - 1] == ' ' || x->text[k - 1] == '\t'))
				k--;
			if (k && x->text[k - 1] != '\n')
				continue;
		}
		x->at = line_end(x, from);
		keep_remark(x, from, x->at);
		return true;
	}
	if (!s->open || !begins(x, from, s->open) || (*s->open == '=' && !at_line_start(x)))
		return false;
	x->at = after(x, from + strlen(s->open), s->close, strlen(s->close), &end);
	keep_remark(x, from, x->at);
	return true;
}

/* A string in `quote` whose first inner byte is at `inner`. It ends with its line, unless it may span lines. */
static void quoted(struct lexer *x, size_t offset, size_t inner, char quote, bool escapes, bool lines) {
	size_t at = inner;

	while (at < x->len && (lines || x->text[at] != '\n')) {
		const char c = x->text[at];

		const bool pair =
			at + 1 < x->len &&
			((c == '\\' && escapes) || (c == quote && x->text[at + 1] == quote && has(x, HABIT_DOUBLED)));

		if (c == quote && !pair)
			break;
		at += pair ? 2 : 1;
	}
	at = MIN(at, x->len);
	x->at = MIN(at + (at < x->len && x->text[at] == quote), x->len);
	push(x, SCAN_STRING, offset, inner, at - inner);
}

static void delimited(struct lexer *x, size_t offset, size_t inner, const char *word, size_t n) {
	size_t end;

	x->at = after(x, inner, word, n, &end);
	push(x, SCAN_STRING, offset, inner, end - inner);
}

static bool quote_at(struct lexer *x, size_t offset) {
	const char c = x->text[x->at];
	const bool triple = has(x, HABIT_TRIPLE) && (c == '"' || c == '\'') && peek(x, 1) == c && peek(x, 2) == c;
	const bool sql = has(x, HABIT_DOUBLED);

	if (triple)
		delimited(x, offset, x->at + 3, (const char[]){ c, c, c }, 3);
	else if (c == '"' && has(x, HABIT_DOUBLE))
		quoted(x, offset, x->at + 1, c, !sql,
		       has(x, HABIT_BARE) || (x->syntax->language & (SCAN_PHP | SCAN_PERL | SCAN_RUBY)));
	else if (c == '\'' && has(x, HABIT_SINGLE))
		quoted(x, offset, x->at + 1, c, true, (x->syntax->language & (SCAN_PHP | SCAN_PERL | SCAN_RUBY)) != 0);
	else if (c == '\'' && has(x, HABIT_SINGLE_RAW))
		quoted(x, offset, x->at + 1, c, false, true);
	else if (c == '`' && has(x, HABIT_BACKQUOTE))
		quoted(x, offset, x->at + 1, c, x->syntax->language == SCAN_JAVASCRIPT, true);
	else
		return false;
	return true;
}

static char closing(char open) {
	const char *const pairs = "()[]{}<>", *at = strchr(pairs, open);

	return open && at && (at - pairs) % 2 == 0 ? at[1] : open;
}

/* From a delimiter to the one that closes it; brackets nest. */
static void bracketed(struct lexer *x, size_t offset, size_t open_at) {
	const char open = x->text[open_at], close = closing(open);
	size_t at = open_at + 1;
	unsigned depth = 1;

	for (; at < x->len; at++) {
		const char c = x->text[at];

		if (c == '\\' && at + 1 < x->len)
			at++;
		else if (c == close && --depth == 0)
			break;
		else if (c == open && open != close)
			depth++;
	}
	at = MIN(at, x->len);
	x->at = MIN(at + 1, x->len);
	push(x, SCAN_STRING, offset, open_at + 1, at - open_at - 1);
}

/* Whether a value has just ended, so that a / divides and a % is a remainder. */
static bool after_value(const struct lexer *x) {
	static const char *const operators[] = { "return", "if",    "unless", "and", "or",  "not",
						 "when",   "split", "match",  "in",  "case" };
	const struct scan_token *t = x->out->list.n ? &x->out->list.v[x->out->list.n - 1] : NULL;

	if (!t || t->kind == SCAN_PUNCT)
		return t && (t->punct == ')' || t->punct == ']' || t->punct == '}');
	for (size_t i = 0; t->kind == SCAN_WORD && i < ARRAY_LEN(operators); i++)
		if (str_is((struct str){ x->text + t->offset, t->len }, operators[i]))
			return false;
	return true;
}

/* A / that begins no expression costs a look at the rest of its line, so only so many in a line get one. */
static bool regex_at(struct lexer *x) {
	size_t at = x->at + 1;
	bool set = false;

	if (x->text[x->at] != '/' || after_value(x))
		return false;
	if (x->at < x->regex_end && x->regex_fails >= REGEX_FAILS_MAX)
		return false;
	for (; at < x->len && x->text[at] != '\n'; at++) {
		const char c = x->text[at];

		if (c == '\\' && at + 1 < x->len && x->text[at + 1] != '\n')
			at++;
		else if (c == '[')
			set = true;
		else if (c == ']')
			set = false;
		else if (c == '/' && !set) {
			const size_t offset = x->at;

			x->at = at + 1;
			push(x, SCAN_STRING, offset, offset + 1, at - offset - 1);
			return true;
		}
	}
	x->regex_fails = at == x->regex_end ? x->regex_fails + 1 : 1;
	x->regex_end = at;
	return false;
}

/* q qq qw qr m, with any delimiter that is not a blank or a letter. s and tr have two parts; the first is enough. */
static bool quote_like_at(struct lexer *x, struct str word) {
	static const char *const words[] = { "q", "qq", "qw", "qr", "m", "s" };
	const char c = peek(x, 0);

	if (!c || is_letter(c) || is_digit(c) || strchr(" \t\n,;=)", c) || (c == '-' && peek(x, 1) == '>'))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_is(word, words[i])) {
			bracketed(x, (size_t)(word.s - x->text), x->at);
			return true;
		}
	return false;
}

static bool percent_at(struct lexer *x) {
	const char kind = peek(x, 1), open = peek(x, strchr("qQwWir", kind) && kind ? 2 : 1);

	if (x->text[x->at] != '%' || after_value(x) || !open || !strchr("([{<|!/", open))
		return false;
	bracketed(x, x->at, x->at + (open == kind ? 1 : 2));
	return true;
}

static bool dollar_at(struct lexer *x) {
	size_t end = x->at + 1;

	if (x->text[x->at] != '$')
		return false;
	while (end < x->len && (is_letter(x->text[end]) || is_digit(x->text[end])))
		end++;
	if (end >= x->len || x->text[end] != '$')
		return false;
	delimited(x, x->at, end + 1, x->text + x->at, end + 1 - x->at);
	return true;
}

/* <<WORD, <<-WORD, <<~'WORD', PHP's <<<WORD: the text begins after this line. */
static bool heredoc_at(struct lexer *x) {
	size_t at = x->at + 2, from;
	char quote = '\0';

	if (!has(x, HABIT_HEREDOC) || !begins(x, x->at, "<<") || x->heredoc.len)
		return false;
	at += at < x->len && x->text[at] == '<';
	at += at < x->len && (x->text[at] == '-' || x->text[at] == '~');
	if (at < x->len && (x->text[at] == '"' || x->text[at] == '\''))
		quote = x->text[at++];
	from = at;
	while (at < x->len && (is_letter(x->text[at]) || (at > from && is_digit(x->text[at]))))
		at++;
	if (at == from || at - from > HEREDOC_WORD_MAX ||
	    (!quote && x->text[from] >= 'a' && x->syntax->language != SCAN_SHELL))
		return false;
	x->heredoc = (struct str){ x->text + from, at - from };
	x->at = MIN(at + (quote != '\0'), x->len);
	return true;
}

static void heredoc_text(struct lexer *x) {
	const size_t from = x->at;
	size_t line = from, end = x->len, next = end;

	while (line < x->len) {
		const size_t stop = line_end(x, line);
		struct str word = str_trim((struct str){ x->text + line, stop - line });

		if (word.len && word.s[word.len - 1] == ';')
			word.len--;
		if (str_eq(word, x->heredoc)) {
			end = line;
			next = stop;
			break;
		}
		line = stop + 1;
	}
	x->at = next;
	x->heredoc = (struct str){ 0 };
	push(x, SCAN_STRING, from, from, end - from);
}

static void end_of_line(struct lexer *x) {
	const struct scan_token *last = x->out->list.n ? &x->out->list.v[x->out->list.n - 1] : NULL;
	const size_t offset = x->at++;
	const bool open = x->depth && x->depth <= DEPTH_MAX && x->brackets[x->depth - 1] != '{';

	if (has(x, HABIT_NEWLINE) && !open && last && !(last->kind == SCAN_PUNCT && strchr(",=+&|;", last->punct)))
		push(x, SCAN_PUNCT, offset, offset, 1);
	if (x->out->list.n && x->out->list.v[x->out->list.n - 1].punct == '\n')
		x->out->list.v[x->out->list.n - 1].punct = ';';
	if (x->heredoc.len)
		heredoc_text(x);
}

static void word_at(struct lexer *x) {
	const size_t offset = x->at;
	struct str word;

	while (x->at < x->len && (is_letter(x->text[x->at]) || is_digit(x->text[x->at]) ||
				  (x->text[x->at] == '$' && has(x, HABIT_DOLLAR_WORD))))
		x->at++;
	word = (struct str){ x->text + offset, x->at - offset };
	if (x->at < x->len && word.len <= 3 && strchr("\"'", x->text[x->at])) {
		/* r'…' of Python, R"x(…)x" and L"…" of C */
		if (has(x, HABIT_C_RAW) && x->text[x->at - 1] == 'R' && x->text[x->at] == '"') {
			char end[20] = ")";
			size_t n = 1;

			for (size_t i = x->at + 1; i < x->len && n < 18 && x->text[i] != '('; i++)
				end[n++] = x->text[i];
			end[n++] = '"';
			delimited(x, offset, MIN(x->at + n, x->len), end, n);
			return;
		}
		if ((x->syntax->language & (SCAN_PYTHON | SCAN_C)) && quote_at(x, offset))
			return;
	}
	if (has(x, HABIT_QUOTE_LIKE) && quote_like_at(x, word))
		return;
	push(x, SCAN_WORD, offset, offset, word.len);
}

static void number_at(struct lexer *x) {
	const size_t offset = x->at;

	while (x->at < x->len && (is_letter(x->text[x->at]) || is_digit(x->text[x->at])))
		x->at++;
	push(x, SCAN_NUMBER, offset, offset, x->at - offset);
}

/* A text without quotes, up to a blank or what has a meaning of its own in the language. */
static void bare_at(struct lexer *x) {
	static const struct {
		unsigned languages;
		const char *ends;
	} ends[] = {
		{ SCAN_SHELL, ";|&()<>\"'`={}" }, { SCAN_NGINX, ";{}\"'" }, { SCAN_HAPROXY, "\"'" },
		{ SCAN_YAML, ",{}\"'" },          { SCAN_TOML, ",={}\"'" }, { SCAN_PROPERTIES, "=" },
	};
	const char *stops = "";
	const size_t offset = x->at;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (ends[i].languages & x->syntax->language)
			stops = ends[i].ends;
	while (x->at < x->len && !strchr(" \t\r\n", x->text[x->at]) &&
	       !(x->text[x->at] && strchr(stops, x->text[x->at])) &&
	       !(x->syntax->language == SCAN_YAML && x->text[x->at] == ':' && x->at + 1 < x->len &&
		 strchr(" \n\r", x->text[x->at + 1])))
		x->at += 1;
	if (x->at == offset) {
		x->at++;
		push(x, SCAN_PUNCT, offset, offset, 1);
		return;
	}
	push(x, SCAN_WORD, offset, offset, x->at - offset);
	x->out->list.v[x->out->list.n - 1].bare = true;
}

static void punct_at(struct lexer *x) {
	const size_t offset = x->at;
	const char c = x->text[x->at++];

	if (strchr("([{", c) && c && x->depth++ < DEPTH_MAX)
		x->brackets[x->depth - 1] = c;
	else if (strchr(")]}", c) && c && x->depth)
		x->depth--;
	push(x, SCAN_PUNCT, offset, offset, 1);
}

void scan_lex(const struct scan_syntax *syntax, const char *text, size_t len, struct scan_tokens *ret) {
	struct lexer x = { .syntax = syntax, .text = text, .len = len, .out = ret };

	*ret = (struct scan_tokens){ 0 };
	while (x.at < len) {
		const char c = text[x.at];

		if (c == '\n')
			end_of_line(&x);
		else if (c == ' ' || c == '\t' || c == '\r')
			x.at++;
		else if (skip_comment(&x) || quote_at(&x, x.at) || (has(&x, HABIT_REGEX) && regex_at(&x)) ||
			 (has(&x, HABIT_PERCENT) && percent_at(&x)) || (has(&x, HABIT_DOLLAR) && dollar_at(&x)) ||
			 heredoc_at(&x))
			continue;
		else if (has(&x, HABIT_BARE) && !strchr("(){}", c))
			bare_at(&x);
		else if (is_letter(c) || (c == '$' && has(&x, HABIT_DOLLAR_WORD)))
			word_at(&x);
		else if (is_digit(c))
			number_at(&x);
		else
			punct_at(&x);
	}
}
