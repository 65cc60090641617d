/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two levels, as Jinja2 has them: outside tags, the text up to the next {{, {% or {# is data, cut at its end by a minus
 * sign or by lstrip_blocks; inside a tag, ordinary tokens until the end mark, which only counts while all brackets are
 * closed ("{{ {'a': {}} }}"). The first mistake becomes a BAD token, so that the parser reports whichever mistake comes
 * first in the text.
 */
#include "render/template_lex.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>

enum { BRACKETS_MAX = 256 };

struct lexer {
	struct arena *arena;
	struct str text;
	struct template_options options;
	struct tokens *out;
	size_t at;
	bool line_starting; /* the last match ended in a newline */
	bool failed;
	char brackets[BRACKETS_MAX];
	unsigned depth;
	/* The place of byte `known`, advanced with the tokens. */
	size_t known;
	struct loc place;
};

static const struct {
	const char *text;
	enum token_kind kind;
} operators[] = {
	{ "//", TOKEN_FLOORDIV }, { "**", TOKEN_POW },      { "==", TOKEN_EQ },    { "!=", TOKEN_NE },
	{ ">=", TOKEN_GE },       { "<=", TOKEN_LE },       { "+", TOKEN_ADD },    { "-", TOKEN_SUB },
	{ "/", TOKEN_DIV },       { "*", TOKEN_MUL },       { "%", TOKEN_MOD },    { "~", TOKEN_TILDE },
	{ "[", TOKEN_LBRACKET },  { "]", TOKEN_RBRACKET },  { "(", TOKEN_LPAREN }, { ")", TOKEN_RPAREN },
	{ "{", TOKEN_LBRACE },    { "}", TOKEN_RBRACE },    { ">", TOKEN_GT },     { "<", TOKEN_LT },
	{ "=", TOKEN_ASSIGN },    { ".", TOKEN_DOT },       { ":", TOKEN_COLON },  { "|", TOKEN_PIPE },
	{ ",", TOKEN_COMMA },     { ";", TOKEN_SEMICOLON },
};

const char *token_kind_name(enum token_kind kind) {
	static const char *const names[] = {
		[TOKEN_END] = "the end of the template",
		[TOKEN_BAD] = "a mistake",
		[TOKEN_DATA] = "text",
		[TOKEN_PRINT_BEGIN] = "'{{'",
		[TOKEN_PRINT_END] = "'}}'",
		[TOKEN_TAG_BEGIN] = "'{%'",
		[TOKEN_TAG_END] = "'%}'",
		[TOKEN_NAME] = "a name",
		[TOKEN_STRING] = "a string",
		[TOKEN_INT] = "an integer",
		[TOKEN_REAL] = "a float",
		[TOKEN_LPAREN] = "'('",
		[TOKEN_RPAREN] = "')'",
		[TOKEN_LBRACKET] = "'['",
		[TOKEN_RBRACKET] = "']'",
		[TOKEN_LBRACE] = "'{'",
		[TOKEN_RBRACE] = "'}'",
		[TOKEN_ASSIGN] = "'='",
		[TOKEN_COLON] = "':'",
		[TOKEN_COMMA] = "','",
	};

	return kind < ARRAY_LEN(names) && names[kind] ? names[kind] : "an operator";
}

/* Tokens come in order, so the walk from the last known place makes places linear in the text. */
static struct loc place_at(struct lexer *l, size_t at, size_t len) {
	struct loc loc;

	for (; l->known < at; l->known++) {
		unsigned char c = (unsigned char)l->text.s[l->known];

		if (c == '\n') {
			l->place.line++;
			l->place.col = 1;
		} else if ((c & 0xc0) != 0x80) {
			l->place.col++;
		}
	}
	loc = l->place;
	loc.len = (uint32_t)MAX(utf8_count(l->text.s + at, MIN(len, l->text.len - at)), (size_t)1);
	return loc;
}

static struct token *push(struct lexer *l, enum token_kind kind, size_t at, size_t len) {
	struct token t = { .kind = kind, .loc = place_at(l, at, kind == TOKEN_DATA ? 1 : len) };

	t.text = (struct str){ l->text.s + at, len };
	vec_push(&l->out->list, t);
	return &l->out->list.v[l->out->list.n - 1];
}

static void fail(struct lexer *l, size_t at, size_t len, const char *message) {
	struct token *t = push(l, TOKEN_BAD, at, len);

	t->text = str_of(message);
	l->failed = true;
}

static bool at_is(const struct lexer *l, size_t at, const char *word) {
	size_t n = strlen(word);

	return at <= l->text.len && l->text.len - at >= n && memcmp(l->text.s + at, word, n) == 0;
}

static size_t spaces_at(const struct lexer *l, size_t at) {
	return utf8_spaces(l->text.s + at, l->text.len - at);
}

/* If an end mark (its sign included) begins at `at`, the offset behind it and the white space it takes; else 0. */
static size_t end_mark(const struct lexer *l, size_t at, const char *mark, bool is_block) {
	if (at < l->text.len && l->text.s[at] == '-' && at_is(l, at + 1, mark))
		return at + 3 + spaces_at(l, at + 3);
	if (is_block && at < l->text.len && l->text.s[at] == '+' && at_is(l, at + 1, mark))
		return at + 3;
	if (!at_is(l, at, mark))
		return 0;
	at += 2;
	return is_block && l->options.trim_blocks && at_is(l, at, "\n") ? at + 1 : at;
}

static void moved_to(struct lexer *l, size_t at) {
	l->line_starting = at > 0 && l->text.s[at - 1] == '\n';
	l->at = at;
}

/* Data from l->at to `end`, in front of a mark with this sign (0: none). */
static void push_data(struct lexer *l, size_t end, char sign, bool is_print) {
	const char *s = l->text.s + l->at;
	size_t len = end - l->at, line = len;

	if (sign == '-') {
		len = utf8_rstrip(s, len);
	} else if (sign != '+' && l->options.lstrip_blocks && !is_print) {
		while (line && s[line - 1] != '\n')
			line--;
		if ((line || l->line_starting) && utf8_spaces(s + line, len - line) == len - line)
			len = line;
	}
	if (len)
		(void)push(l, TOKEN_DATA, l->at, len);
}

static char sign_at(const struct lexer *l, size_t at) {
	return at < l->text.len && (l->text.s[at] == '-' || l->text.s[at] == '+') ? l->text.s[at] : 0;
}

/* If `word` stands alone in a tag that begins at `at`, the offset behind the tag's end mark; else 0. */
static size_t lone_tag(const struct lexer *l, size_t at, const char *word, bool is_end) {
	if (!at_is(l, at, "{%"))
		return 0;
	at += 2 + (sign_at(l, at + 2) != 0);
	at += spaces_at(l, at);
	if (!at_is(l, at, word))
		return 0;
	at += strlen(word);
	at += spaces_at(l, at);
	if (is_end)
		return end_mark(l, at, "%}", true);
	if (at_is(l, at, "-%}"))
		return at + 3 + spaces_at(l, at + 3);
	return at_is(l, at, "%}") ? at + 2 : 0;
}

static void lex_raw(struct lexer *l, size_t begin, size_t at) {
	moved_to(l, at);
	for (; at < l->text.len; at++) {
		size_t end = lone_tag(l, at, "endraw", true);

		if (!end)
			continue;
		push_data(l, at, sign_at(l, at + 2), false);
		moved_to(l, end);
		return;
	}
	fail(l, begin, 2, "{% raw %} is not closed by {% endraw %}");
}

static void lex_comment(struct lexer *l, size_t begin) {
	for (size_t at = begin + 2 + (sign_at(l, begin + 2) != 0); at < l->text.len; at++) {
		size_t end = end_mark(l, at, "#}", true);

		if (!end)
			continue;
		moved_to(l, end);
		return;
	}
	fail(l, begin, 2, "this comment is not closed by #}");
}

static size_t digits(const struct lexer *l, size_t at, const char *set, bool underscore_first) {
	size_t from = at;

	for (;;) {
		size_t next = at;

		if (next < l->text.len && l->text.s[next] == '_' && (at > from || underscore_first))
			next++;
		if (next >= l->text.len || !l->text.s[next] || !strchr(set, l->text.s[next]))
			return at - from;
		at = next + 1;
	}
}

static const char *const decimal = "0123456789";

/* The length of a float at l->at, or 0: digits with a fraction, an exponent or both. */
static size_t real_len(const struct lexer *l) {
	size_t at = l->at + digits(l, l->at, decimal, false), end = 0, n;

	if (at == l->at || (l->at && l->text.s[l->at - 1] == '.'))
		return 0;
	if (at < l->text.len && l->text.s[at] == '.' && (n = digits(l, at + 1, decimal, false)))
		end = at = at + 1 + n;
	if (at < l->text.len && (l->text.s[at] == 'e' || l->text.s[at] == 'E')) {
		at += 1 + (sign_at(l, at + 1) != 0);
		n = digits(l, at, decimal, false);
		if (n)
			end = at + n;
	}
	return end ? end - l->at : 0;
}

static size_t int_len(const struct lexer *l, int *ret_base) {
	static const struct {
		char letter;
		int base;
		const char *digits;
	} bases[] = { { 'b', 2, "01" }, { 'o', 8, "01234567" }, { 'x', 16, "0123456789abcdefABCDEF" } };

	*ret_base = 10;
	if (l->text.s[l->at] != '0')
		return digits(l, l->at, decimal, false);
	for (size_t i = 0; i < ARRAY_LEN(bases) && l->at + 1 < l->text.len; i++) {
		size_t n = digits(l, l->at + 2, bases[i].digits, true);

		if (tolower(l->text.s[l->at + 1]) == bases[i].letter && n) {
			*ret_base = bases[i].base;
			return 2 + n;
		}
	}
	return digits(l, l->at, "0", false);
}

static void lex_number(struct lexer *l) {
	size_t len = real_len(l), n = 0;
	bool is_real = len > 0;
	int base = 10;
	struct token *t;
	char *plain;

	if (!is_real)
		len = int_len(l, &base);
	plain = arena_alloc(l->arena, len + 1);
	for (size_t i = base == 10 ? 0 : 2; i < len; i++)
		if (l->text.s[l->at + i] != '_')
			plain[n++] = l->text.s[l->at + i];
	t = push(l, is_real ? TOKEN_REAL : TOKEN_INT, l->at, len);
	errno = 0;
	if (is_real)
		t->real = strtod(plain, NULL);
	else
		t->integer = strtoll(plain, NULL, base);
	if (!is_real && errno == ERANGE)
		fail(l, l->at, len, "integers have 64 bits here: this one is too large");
	l->at += len;
}

static int hex_value(const char *s, size_t n, uint32_t *ret_v) {
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return -EINVAL;
		v = v << 4 | (uint32_t)(isdigit((unsigned char)s[i]) ? s[i] - '0' : tolower(s[i]) - 'a' + 10);
	}
	*ret_v = v;
	return 0;
}

/* One escape of Python's; s points behind the backslash. Returns the bytes taken, or 0 when it is malformed. */
static size_t unescape_one(const char *s, size_t len, struct text *out) {
	static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
	const char *simple = memchr(from, s[0], sizeof(from) - 1);
	uint32_t v = 0;
	size_t n;

	if (simple) {
		text_char(out, to[simple - from]);
		return 1;
	}
	if (s[0] == '\n')
		return 1;
	if (s[0] >= '0' && s[0] <= '7') {
		for (n = 0; n < 3 && n < len && s[n] >= '0' && s[n] <= '7'; n++)
			v = v << 3 | (uint32_t)(s[n] - '0');
		text_utf8(out, v);
		return n;
	}
	n = s[0] == 'x' ? 2 : s[0] == 'u' ? 4 : s[0] == 'U' ? 8 : 0;
	if (s[0] == 'N' || (unsigned char)s[0] >= 0x80)
		return 0; /* what Python makes of the latter is an accident */
	if (!n) {
		text_char(out, '\\');
		return SIZE_MAX; /* the backslash stays, the character is taken as it is */
	}
	if (len < n + 1 || hex_value(s + 1, n, &v) < 0 || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 0;
	text_utf8(out, v);
	return n + 1;
}

static bool unescape(struct lexer *l, struct str raw, struct str *ret_s) {
	struct text out = { 0 };
	bool good = true;

	if (!memchr(raw.s, '\\', raw.len)) {
		*ret_s = raw;
		return true;
	}
	for (size_t i = 0; i < raw.len && good;) {
		size_t n;

		if (raw.s[i] != '\\') {
			text_char(&out, raw.s[i++]);
			continue;
		}
		n = unescape_one(raw.s + i + 1, raw.len - i - 1, &out);
		good = n > 0;
		i += n == SIZE_MAX ? 1 : n + 1;
	}
	*ret_s = (struct str){ arena_dup(l->arena, out.v, out.n), out.n };
	text_done(&out);
	return good;
}

static void lex_string(struct lexer *l) {
	char quote = l->text.s[l->at];
	size_t end = l->at + 1;
	struct str text;

	while (end < l->text.len && l->text.s[end] != quote)
		end += l->text.s[end] == '\\' ? 2 : 1;
	if (end >= l->text.len) {
		fail(l, l->at, 1, "this string is not closed");
		return;
	}
	end++;
	if (!unescape(l, (struct str){ l->text.s + l->at + 1, end - l->at - 2 }, &text))
		fail(l, l->at, end - l->at, "an escape in this string is malformed or not supported");
	else
		push(l, TOKEN_STRING, l->at, end - l->at)->text = text;
	l->at = end;
}

/* Keeps the books on brackets; false after a mistake. */
static bool balance(struct lexer *l, char c) {
	static const char opening[] = "{([", closing[] = "})]";
	const char *p;

	if ((p = memchr(opening, c, 3))) {
		if (l->depth == BRACKETS_MAX) {
			fail(l, l->at, 1, "too many brackets inside each other");
			return false;
		}
		l->brackets[l->depth++] = closing[p - opening];
	} else if (memchr(closing, c, 3)) {
		if (!l->depth || l->brackets[--l->depth] != c) {
			fail(l, l->at, 1, "this bracket closes nothing that is open");
			return false;
		}
	}
	return true;
}

static void lex_operator(struct lexer *l) {
	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		if (!at_is(l, l->at, operators[i].text))
			continue;
		if (!balance(l, operators[i].text[0]))
			return;
		(void)push(l, operators[i].kind, l->at, strlen(operators[i].text));
		l->at += strlen(operators[i].text);
		return;
	}
	fail(l, l->at, 1,
	     (unsigned char)l->text.s[l->at] >= 0x80 ? "names have ASCII letters, digits and underscores here"
						     : "this character has no meaning inside a tag");
}

/* The inside of {{ }} or {% %}, end mark included. */
static void lex_tag(struct lexer *l, const char *mark, bool is_block) {
	l->depth = 0;
	while (!l->failed && l->at < l->text.len) {
		size_t end = l->depth ? 0 : end_mark(l, l->at, mark, is_block), n;
		unsigned char c = (unsigned char)l->text.s[l->at];

		if (end) {
			(void)push(l, is_block ? TOKEN_TAG_END : TOKEN_PRINT_END, l->at, 2 + (c == '-' || c == '+'));
			moved_to(l, end);
			return;
		}
		n = spaces_at(l, l->at);
		if (n) {
			l->at += n;
		} else if (isdigit(c)) {
			lex_number(l);
		} else if (isalpha(c) || c == '_') {
			while (l->at + n < l->text.len &&
			       (isalnum((unsigned char)l->text.s[l->at + n]) || l->text.s[l->at + n] == '_'))
				n++;
			(void)push(l, TOKEN_NAME, l->at, n);
			l->at += n;
		} else if (c == '"' || c == '\'') {
			lex_string(l);
		} else {
			lex_operator(l);
		}
	}
}

/* Data, and the mark behind it; at the end of the text only data. */
static void lex_root(struct lexer *l) {
	size_t at = l->at, raw;
	bool is_print;

	while (at < l->text.len && !at_is(l, at, "{{") && !at_is(l, at, "{%") && !at_is(l, at, "{#")) {
		const char *brace = at + 1 < l->text.len ? memchr(l->text.s + at + 1, '{', l->text.len - at - 1) : NULL;

		at = brace ? (size_t)(brace - l->text.s) : l->text.len;
	}
	if (at == l->text.len) {
		if (at > l->at)
			(void)push(l, TOKEN_DATA, l->at, at - l->at);
		l->at = at;
		return;
	}
	is_print = l->text.s[at + 1] == '{';
	push_data(l, at, sign_at(l, at + 2), is_print);
	raw = lone_tag(l, at, "raw", false);
	if (raw) {
		lex_raw(l, at, raw);
	} else if (l->text.s[at + 1] == '#') {
		lex_comment(l, at);
	} else {
		(void)push(l, is_print ? TOKEN_PRINT_BEGIN : TOKEN_TAG_BEGIN, at, 2);
		l->at = at + 2 + (sign_at(l, at + 2) != 0);
		lex_tag(l, is_print ? "}}" : "%}", !is_print);
	}
}

void lex(struct arena *a, uint32_t file, struct str text, struct template_options options, struct tokens *ret_tokens) {
	struct lexer l = { .arena = a, .options = options, .out = ret_tokens, .line_starting = true };

	if (!options.keep_trailing_newline && text.len && text.s[text.len - 1] == '\n')
		text.len--;
	l.text = text;
	l.place = (struct loc){ .file = file, .line = 1, .col = 1 };
	while (!l.failed && l.at < text.len)
		lex_root(&l);
	if (!l.failed)
		(void)push(&l, TOKEN_END, text.len, 0);
}
