/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libfyaml names the grammar rule that failed; people need the line to change. The first row of `explanations` whose
 * test holds gives the message. Rows look at the parser's message and at the source text.
 */
#include "conf/yaml_error.h"

#include <string.h>

/* The character at a place, or 0. Columns count code points, all that is looked for is ASCII. */
static char char_at(const struct sources *s, struct loc loc, uint32_t ahead) {
	const char *text;
	size_t len, at;

	if (!sources_line(s, loc.file, loc.line, &text, &len) || !loc.col)
		return 0;
	at = utf8_prefix(text, len, loc.col - 1 + (size_t)ahead);
	return at < len ? text[at] : 0;
}

bool yaml_is_flow(const struct sources *s, struct loc loc) {
	char c = char_at(s, loc, 0);

	return c == '[' || c == '{';
}

/* The first character of a line that is not a blank, as a place. */
static struct loc line_start(const struct sources *s, struct loc loc, uint32_t line) {
	const char *text;
	size_t len, i = 0;

	loc.line = line;
	loc.len = 1;
	if (!sources_line(s, loc.file, line, &text, &len))
		return loc;
	while (i < len && (text[i] == ' ' || text[i] == '\t'))
		i++;
	loc.col = (uint32_t)i + 1;
	loc.len = (uint32_t)MAX(utf8_count(text + i, len - i), (size_t)1);
	return loc;
}

/* A plain scalar that was cut at "::" because YAML takes a colon at its end for a key. */
static bool cut_at_colons(const struct yaml_stumble *at) {
	const struct node *n = at->last_scalar;

	return n && !n->quoted && n->text.len && n->text.s[n->text.len - 1] == ':' && n->loc.line <= at->loc.line &&
	       char_at(at->sources, n->loc, n->loc.len) == ':';
}

static bool says(const struct yaml_stumble *at, const char *words) {
	return strstr(at->message, words) != NULL;
}

/* Whether a tab stands in a line's indentation, and before its how-manieth code point. Blank lines and comments may
 * have tabs. */
static bool tab_indented(const struct yaml_stumble *at, uint32_t line, uint32_t *ret_col) {
	const char *text;
	size_t len, i = 0, tab = SIZE_MAX;

	if (!sources_line(at->sources, at->loc.file, line, &text, &len))
		return false;
	for (; i < len && (text[i] == ' ' || text[i] == '\t'); i++)
		if (text[i] == '\t' && tab == SIZE_MAX)
			tab = i;
	if (tab == SIZE_MAX || i == len || text[i] == '#')
		return false;
	*ret_col = (uint32_t)tab + 1;
	return true;
}

/* The first tab of a line, wherever it stands. */
static void find_tab(const struct yaml_stumble *at, uint32_t line, uint32_t *ret_col) {
	const char *text, *tab;
	size_t len;

	if (sources_line(at->sources, at->loc.file, line, &text, &len) && (tab = memchr(text, '\t', len)))
		*ret_col = (uint32_t)utf8_count(text, (size_t)(tab - text)) + 1;
}

static bool is_colons(const struct yaml_stumble *at) {
	return cut_at_colons(at);
}
static struct loc colons_loc(const struct yaml_stumble *at) {
	struct loc loc = at->last_scalar->loc;

	loc.len++;
	return loc;
}

/* The parser sometimes stumbles on the line above, whose value seems to go on. */
static struct loc tab_loc(const struct yaml_stumble *at) {
	struct loc loc = { .file = at->loc.file, .line = at->loc.line, .col = at->loc.col, .len = 1 };

	find_tab(at, loc.line, &loc.col);
	if (!tab_indented(at, loc.line, &loc.col) && tab_indented(at, loc.line + 1, &loc.col))
		loc.line++;
	return loc;
}
static bool is_tab(const struct yaml_stumble *at) {
	uint32_t col;

	return says(at, "tab") || tab_indented(at, at->loc.line, &col) ||
	       (says(at, "multiline") && tab_indented(at, at->loc.line + 1, &col));
}

static struct loc as_said(const struct yaml_stumble *at) {
	return at->loc;
}

/* The line that version control left at, above or below the stumble, or 0. */
static uint32_t conflict_line(const struct yaml_stumble *at) {
	static const char *const marks[] = { "<<<<<<< ", "|||||||", "=======", ">>>>>>> " };
	const char *text;
	size_t len;

	for (uint32_t line = at->loc.line - (at->loc.line > 1); line <= at->loc.line + 1; line++)
		for (size_t i = 0; i < ARRAY_LEN(marks); i++)
			if (sources_line(at->sources, at->loc.file, line, &text, &len) && len >= 7 &&
			    strncmp(text, marks[i], MIN(len, strlen(marks[i]))) == 0)
				return line;
	return 0;
}
static bool is_conflict(const struct yaml_stumble *at) {
	return conflict_line(at);
}
static struct loc conflict_loc(const struct yaml_stumble *at) {
	return line_start(at->sources, at->loc, conflict_line(at));
}

/* The first no-break space of the line: it looks like a space and YAML takes it for a letter. */
static bool find_no_break(const struct yaml_stumble *at, size_t *ret_offset) {
	const char *text, *found;
	size_t len;

	if (!sources_line(at->sources, at->loc.file, at->loc.line, &text, &len) ||
	    !(found = memmem(text, len, "\xc2\xa0", 2)))
		return false;
	*ret_offset = utf8_count(text, (size_t)(found - text));
	return true;
}
static bool is_no_break(const struct yaml_stumble *at) {
	size_t offset;

	return find_no_break(at, &offset);
}
static struct loc no_break_loc(const struct yaml_stumble *at) {
	size_t offset = 0;

	(void)find_no_break(at, &offset);
	return (struct loc){ .file = at->loc.file, .line = at->loc.line, .col = (uint32_t)offset + 1, .len = 1 };
}
static struct loc this_line(const struct yaml_stumble *at) {
	return line_start(at->sources, at->loc, at->loc.line);
}

static size_t strspn_blanks(const char *text, size_t len) {
	size_t i = 0;

	while (i < len && text[i] == ' ')
		i++;
	return i;
}

/* "roles [a: b]", "www { to: x }": the bracket became part of the key. */
static bool is_key_with_bracket(const struct yaml_stumble *at) {
	const char *text, *colon;
	size_t len, i;

	if (at->open_flow || !sources_line(at->sources, at->loc.file, at->loc.line, &text, &len))
		return false;
	i = strspn_blanks(text, len);
	colon = memmem(text, len, ": ", 2);
	/* Behind a word and a blank, not behind the dash of a list item. */
	for (char last = '-'; colon && text + i < colon; last = text[i] == ' ' ? last : text[i], i++)
		if ((text[i] == '[' || text[i] == '{') && text[i ? i - 1 : 0] == ' ' && last != '-')
			return true;
	return false;
}

/* A quote is named by the parser at its opening. */
static bool is_quote(const struct yaml_stumble *at) {
	return says(at, "quoted scalar") && !says(at, "trailing content");
}
static struct loc quote_loc(const struct yaml_stumble *at) {
	struct loc loc = at->loc;
	char c = char_at(at->sources, loc, 0);

	if (c != '"' && c != '\'' && loc.col > 1)
		loc.col--;
	return loc;
}

enum { BRACKETS_MAX = 128 };

/*
 * The brackets that are open in front of the stumble: all that the parser has told of begins at open_flow, and it may
 * have read further than it told. Returns how many there are; the innermost comes last. Lines are walked by byte: they
 * may be as long as the file.
 */
static unsigned open_brackets(const struct yaml_stumble *at, struct loc ret_open[static BRACKETS_MAX]) {
	struct loc loc = at->open_flow ? at->open_flow->loc : line_start(at->sources, at->loc, at->loc.line);
	const char *text;
	unsigned n = 0;
	char quote = 0;
	size_t len;

	for (; loc.line <= at->loc.line && sources_line(at->sources, loc.file, loc.line, &text, &len); loc.line++) {
		const size_t end = loc.line == at->loc.line ? utf8_prefix(text, len, at->loc.col - 1) : len;
		char before = ' ';

		for (size_t i = utf8_prefix(text, len, loc.col - 1); i < end; before = text[i++]) {
			const char c = text[i];

			if (!quote && c == '#' && before == ' ')
				break;
			if (quote || c == '"' || c == '\'')
				quote = !quote ? c : quote == c ? 0 : quote;
			else if ((c == '[' || c == '{') && n < BRACKETS_MAX)
				ret_open[n++] = (struct loc){ loc.file, loc.line, (uint32_t)i, 1 };
			else if ((c == ']' || c == '}') && n)
				n--;
		}
		loc.col = 1;
	}
	/* Columns count code points: only those that are still open pay for it. */
	for (unsigned i = 0; i < n; i++)
		if (sources_line(at->sources, loc.file, ret_open[i].line, &text, &len))
			ret_open[i].col = (uint32_t)utf8_count(text, ret_open[i].col) + 1;
	return n;
}

/* An error on a later line than an open bracket, or at a closing one of the other kind: the bracket was not closed. */
static struct loc unclosed_loc(const struct yaml_stumble *at) {
	struct loc open[BRACKETS_MAX];
	unsigned n = open_brackets(at, open);

	return n ? open[n - 1] : at->open_flow ? at->open_flow->loc : at->loc;
}
static bool is_unclosed(const struct yaml_stumble *at) {
	struct loc open[BRACKETS_MAX];
	unsigned n = open_brackets(at, open);

	return n && (says(at, "mismatched") || open[n - 1].line < at->loc.line);
}

/* "ip: 1" followed by a deeper "ipv6: 2": the parser points at the 1. */
static bool is_deeper(const struct yaml_stumble *at) {
	return says(at, "multiline plain key") && at->key_pending && at->key_pending->loc.line == at->loc.line;
}
static struct loc deeper_loc(const struct yaml_stumble *at) {
	return line_start(at->sources, at->loc, at->loc.line + 1);
}

/* The same with more lines at that depth: then the value is what does not belong. */
static bool is_value_above(const struct yaml_stumble *at) {
	uint32_t deeper = deeper_loc(at).col;

	return is_deeper(at) && deeper >= at->key_pending->loc.col + 2 &&
	       line_start(at->sources, at->loc, at->loc.line + 2).col >= deeper;
}

/* Whether only blanks stand before the place. */
static bool starts_line(const struct yaml_stumble *at) {
	return line_start(at->sources, at->loc, at->loc.line).col == at->loc.col;
}

static bool is_no_colon(const struct yaml_stumble *at) {
	return says(at, "multiline plain key") || says(at, "could not find expected ':'") || says(at, "missing ':'") ||
	       (says(at, "invalid value after mapping") && starts_line(at));
}
/* "ip:192.0.2.1": a word, a colon, and no blank. A word of hex digits alone begins an address. */
static bool is_no_blank(const struct yaml_stumble *at) {
	struct loc loc = this_line(at);
	bool word = false;
	char c;

	while ((c = char_at(at->sources, loc, 0)) && !strchr(": []{}\"'#,", c)) {
		word |= !strchr("0123456789abcdefABCDEF", c);
		loc.col++;
	}
	return is_no_colon(at) && word && c == ':' && !strchr(" :", char_at(at->sources, loc, 1));
}

static bool is_no_dash(const struct yaml_stumble *at) {
	return says(at, "expected '-' indicator");
}
/* "{ name: x }" on a line of its own: the parser has not seen yet that it stands in a list. */
static bool is_bare_braces(const struct yaml_stumble *at) {
	return is_no_colon(at) && !at->open_flow && char_at(at->sources, this_line(at), 0) == '{';
}

/* "geo:" and below it "base /usr": a value, until the next line shows that it was to be a key. */
static bool is_first_key(const struct yaml_stumble *at) {
	const struct node *n = at->last_scalar;

	return n && !at->last_is_key && !n->quoted && !n->missing && n->loc.line < at->loc.line &&
	       n->loc.col == at->loc.col && starts_line(at);
}
static struct loc last_scalar_loc(const struct yaml_stumble *at) {
	return at->last_scalar->loc;
}
static bool is_behind(const struct yaml_stumble *at) {
	return (says(at, "invalid value after mapping") || says(at, "trailing content") ||
		says(at, "end of block sequence")) &&
	       !starts_line(at);
}
static bool is_indent(const struct yaml_stumble *at) {
	return says(at, "indent") || says(at, "indend") || says(at, "end of block") ||
	       says(at, "invalid mapping in plain multiline");
}

static bool is_two_values(const struct yaml_stumble *at) {
	return says(at, "nested block mapping on the same line");
}

static bool is_start(const struct yaml_stumble *at) {
	return says(at, "plain scalar cannot start with");
}
static bool is_comma(const struct yaml_stumble *at) {
	return says(at, "comma");
}
static bool is_empty_item(const struct yaml_stumble *at) {
	return says(at, "expected node content");
}
static bool is_extra(const struct yaml_stumble *at) {
	return says(at, "extra closing");
}
static bool always(const struct yaml_stumble *at) {
	(void)at;
	return true;
}

static const struct explanation {
	bool (*test)(const struct yaml_stumble *);
	struct loc (*loc)(const struct yaml_stumble *);
	const char *message; /* NULL: the parser's own */
	const char *hint;
} explanations[] = {
	{ is_colons, colons_loc, "a value that ends in \"::\" is read as the key of a mapping",
	  "quote it, for instance \"2001:db8::\"" },
	{ is_conflict, conflict_loc, "a merge conflict was left in this file",
	  "keep one of the two versions, and remove the lines with <<<<<<<, ======= and >>>>>>>" },
	{ is_tab, tab_loc, "a tab stands where YAML counts spaces", "indent with spaces" },
	{ is_no_break, no_break_loc, "a no-break space (U+00A0), which YAML does not take for a space",
	  "write a plain space, or quote the value if it belongs to it" },
	{ is_key_with_bracket, this_line, "a key without a colon", "write it as \"key: value\"" },
	{ is_quote, quote_loc, "the quote that opens here is not closed", "close it on the same line" },
	{ is_unclosed, unclosed_loc, "the bracket that opens here is not closed, or a comma is missing behind it",
	  "write [a, b] or { key: value, key: value }" },
	{ is_value_above, as_said, "a value, and a mapping indented below it, for the same key",
	  "remove the value, or indent the lines below it like this one" },
	{ is_deeper, deeper_loc, "this line is indented deeper than the line above it, which already has a value",
	  "indent it like the other keys of its mapping" },
	{ is_no_blank, this_line, "a colon without a blank behind it", "write it as \"key: value\"" },
	{ is_no_dash, this_line, "an item of the list above without its dash", "write \"- \" in front of it" },
	{ is_bare_braces, this_line, "a mapping in braces where a key is expected",
	  "write \"- \" in front of it if it is an item of the list above" },
	{ is_first_key, last_scalar_loc, "a key without a colon", "write it as \"key: value\"" },
	{ is_no_colon, this_line, "a key without a colon", "write it as \"key: value\"" },
	{ is_behind, as_said, "this stands behind a value that has already ended",
	  "remove it, begin a new line, or put quotes around the whole value" },
	{ is_indent, this_line, "this line's indentation fits no mapping or list above it",
	  "indent it like the lines that it belongs to" },
	{ is_two_values, as_said, "a second \": \" on the same line", "quote the value if the colon is part of it" },
	{ is_start, as_said, "a value cannot start with this character", "quote the value" },
	{ is_comma, as_said, "a comma or a closing bracket is missing before this",
	  "write [a, b] or { key: value, key: value }" },
	{ is_extra, as_said, "a closing bracket without an opening one", "remove it" },
	{ is_empty_item, as_said, "the value before this is missing", "write it, or remove what announces it" },
	{ always, as_said, NULL, NULL },
};

/* The end of a text without a last line feed counts as a line to the parser. */
static struct loc inside(const struct sources *s, struct loc loc) {
	const char *text;
	size_t len;

	while (loc.line > 1 && !sources_line(s, loc.file, loc.line, &text, &len)) {
		loc.line--;
		loc.col = 1;
	}
	return loc;
}

void yaml_explain(struct arena *a, struct diags *d, const struct yaml_stumble *at) {
	const struct explanation *e = explanations;

	while (!e->test(at))
		e++;
	diag_error(d, "yaml-syntax", inside(at->sources, e->loc(at)), e->hint, "%s",
		   e->message ? e->message : arena_printf(a, "%s", at->message));
}
