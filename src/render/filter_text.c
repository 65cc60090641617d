/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on text, and the methods of strings. Lengths and positions count code points. */
#include <ctype.h>

#include "render/template_render.h"

static const struct value *string(struct render *r, struct str s, const struct value *origin) {
	return value_str(r->arena, s.s, s.len, origin->loc);
}

enum casing { CASE_UPPER, CASE_LOWER, CASE_CAPITAL, CASE_TITLE };

static const struct value *recase(struct render *r, const struct call *c, enum casing how) {
	bool begin = true;
	struct str s;
	char *out;

	if (!text_of(r, c->self, c->loc, &s) || !only_ascii(r, c, s))
		return NULL;
	out = arena_alloc(r->arena, s.len + 1);
	for (size_t i = 0; i < s.len; i++) {
		int ch = (unsigned char)s.s[i];

		out[i] = (char)(how == CASE_UPPER || (how != CASE_LOWER && begin) ? toupper(ch) : tolower(ch));
		begin = how == CASE_TITLE && ((ch && strchr("-({[<", ch)) || point_is_space((uint32_t)ch));
	}
	return string(r, (struct str){ out, s.len }, c->self);
}

const struct value *str_upper(struct render *r, struct call *c) {
	return recase(r, c, CASE_UPPER);
}

const struct value *str_lower(struct render *r, struct call *c) {
	return recase(r, c, CASE_LOWER);
}

const struct value *str_capitalize(struct render *r, struct call *c) {
	return recase(r, c, CASE_CAPITAL);
}

static const struct value *filter_title(struct render *r, struct call *c) {
	return recase(r, c, CASE_TITLE);
}

const struct value *str_string(struct render *r, struct call *c) {
	struct str s;

	return value_is_str(c->self) ? c->self : text_of(r, c->self, c->loc, &s) ? string(r, s, c->self) : NULL;
}

static bool in_set(struct str set, const char *s, size_t n) {
	return memmem(set.s, set.len, s, n) != NULL;
}

enum { STRIP_LEFT = 1, STRIP_RIGHT = 2 };

static const struct value *strip(struct render *r, const struct call *c, int sides) {
	struct str s, set;
	size_t n;

	if (!text_of(r, c->self, c->loc, &s))
		return NULL;
	if (!c->arg[0] || c->arg[0]->kind == VALUE_NULL) {
		n = sides & STRIP_LEFT ? utf8_spaces(s.s, s.len) : 0;
		s = (struct str){ s.s + n, s.len - n };
		if (sides & STRIP_RIGHT)
			s.len = utf8_rstrip(s.s, s.len);
		return string(r, s, c->self);
	}
	if (!str_of_value(r, c->arg[0], c->loc, "the set of characters", &set))
		return NULL;
	while (sides & STRIP_LEFT && s.len && (utf8_point(s.s, s.len, &n), in_set(set, s.s, n)))
		s = (struct str){ s.s + n, s.len - n };
	while (sides & STRIP_RIGHT && s.len) {
		for (n = 1; n < s.len && ((unsigned char)s.s[s.len - n] & 0xc0) == 0x80;)
			n++;
		if (!in_set(set, s.s + s.len - n, n))
			break;
		s.len -= n;
	}
	return string(r, s, c->self);
}

const struct value *str_trim_chars(struct render *r, struct call *c) {
	return strip(r, c, STRIP_LEFT | STRIP_RIGHT);
}

const struct value *str_lstrip(struct render *r, struct call *c) {
	return strip(r, c, STRIP_LEFT);
}

const struct value *str_rstrip(struct render *r, struct call *c) {
	return strip(r, c, STRIP_RIGHT);
}

const struct value *str_replace(struct render *r, struct call *c) {
	struct str s, old, new;
	struct text t = { 0 };
	int64_t left = -1;
	const char *hit;

	if (!text_of(r, c->self, c->loc, &s) || !text_of(r, c->arg[0], c->loc, &old) ||
	    !text_of(r, c->arg[1], c->loc, &new))
		return NULL;
	if (c->arg[2] && c->arg[2]->kind != VALUE_NULL && !int_of(r, c->arg[2], c->loc, "the count", &left))
		return NULL;
	if (!old.len)
		return fail(r, c->loc, NULL, "there is nothing to replace: the first argument is empty");
	while (left-- != 0 && s.len && (hit = memmem(s.s, s.len, old.s, old.len))) {
		text_add(&t, s.s, (size_t)(hit - s.s));
		text_add(&t, new.s, new.len);
		s.len -= (size_t)(hit - s.s) + old.len;
		s.s = hit + old.len;
		if (t.n > TEMPLATE_STRING_MAX) {
			text_done(&t);
			return fail(r, c->loc, NULL, "a string has at most %d MiB", TEMPLATE_STRING_MAX >> 20);
		}
	}
	text_add(&t, s.s, s.len);
	return take_text(r, &t, c->self, true);
}

static const struct value *filter_indent(struct render *r, struct call *c) {
	struct str s, line, by = { NULL, 0 };
	bool first = false, blank = false, begun = false;
	struct text t = { 0 }, spaces = { 0 };
	int64_t width = 4;

	if (!str_of_value(r, c->self, c->loc, "what is indented", &s) || !arg_bool(r, c, 1, &first) ||
	    !arg_bool(r, c, 2, &blank))
		return NULL;
	if (c->arg[0] && value_is_str(c->arg[0]))
		by = value_as_str(c->arg[0]);
	else if (!arg_int(r, c, 0, "the width", &width))
		return NULL;
	if (width > 1000)
		return fail(r, c->loc, NULL, "the width is at most 1000");
	text_pad(&spaces, ' ', (size_t)MAX(width, (int64_t)0));
	if (!by.s)
		by = (struct str){ spaces.v, spaces.n };
	if (s.len && s.s[s.len - 1] == '\r')
		s.len--; /* Jinja2 appends a newline, and the two are one line end */
	/* A newline at the end, or an empty text, make one more line, which is empty. */
	for (bool more = true; more && t.n <= TEMPLATE_STRING_MAX; begun = true) {
		bool last = !s.len;

		if (last || !str_next_line(&s, &line))
			line = (struct str){ "", 0 };
		more = !last && (s.len || (line.s + line.len != s.s));
		if (begun)
			text_char(&t, '\n');
		if (begun ? blank || line.len : first)
			text_add(&t, by.s, by.len);
		text_add(&t, line.s, line.len);
	}
	text_done(&spaces);
	return take_text(r, &t, c->self, t.n <= TEMPLATE_STRING_MAX || fail(r, c->loc, NULL, "the text is too long"));
}

static const struct value *filter_truncate(struct render *r, struct call *c) {
	int64_t length = 255, leeway = 5;
	struct str s, end = STR("...");
	bool kill = false;
	struct text t = { 0 };
	const char *blank;
	size_t keep;

	if (!str_of_value(r, c->self, c->loc, "what is truncated", &s) || !arg_int(r, c, 0, "the length", &length) ||
	    !arg_bool(r, c, 1, &kill) || (c->arg[2] && !str_of_value(r, c->arg[2], c->loc, "the end", &end)) ||
	    (c->arg[3] && c->arg[3]->kind != VALUE_NULL && !int_of(r, c->arg[3], c->loc, "the leeway", &leeway)))
		return NULL;
	if (length < (int64_t)utf8_count(end.s, end.len) || leeway < 0 || length > TEMPLATE_STRING_MAX ||
	    leeway > TEMPLATE_STRING_MAX)
		return fail(r, c->loc, NULL, "the length is at least that of the end, and the leeway at least 0");
	if ((int64_t)utf8_count(s.s, s.len) <= length + leeway)
		return c->self;
	keep = utf8_prefix(s.s, s.len, (size_t)length - utf8_count(end.s, end.len));
	blank = kill ? NULL : memrchr(s.s, ' ', keep);
	text_add(&t, s.s, blank ? (size_t)(blank - s.s) : keep);
	text_add(&t, end.s, end.len);
	return take_text(r, &t, c->self, true);
}

static const struct value *filter_wordcount(struct render *r, struct call *c) {
	int64_t n = 0;
	bool inside = false;
	struct str s;

	if (!text_of(r, c->self, c->loc, &s) || !only_ascii(r, c, s))
		return NULL;
	for (size_t i = 0; i < s.len; i++) {
		bool word = isalnum((unsigned char)s.s[i]) || s.s[i] == '_';

		n += word && !inside;
		inside = word;
	}
	return value_int(r->arena, n, c->self->loc);
}

static const struct value *pad(struct render *r, const struct call *c, int64_t width, int side) {
	struct text t = { 0 };
	struct str s;
	size_t n, fill, left;

	if (!text_of(r, c->self, c->loc, &s))
		return NULL;
	if (width > TEMPLATE_STRING_MAX)
		return fail(r, c->loc, NULL, "a string has at most %d MiB", TEMPLATE_STRING_MAX >> 20);
	n = utf8_count(s.s, s.len);
	fill = width > (int64_t)n ? (size_t)width - n : 0;
	left = side < 0 ? 0 : side > 0 ? fill : fill / 2 + (fill & (size_t)width & 1);
	text_pad(&t, ' ', left);
	text_add(&t, s.s, s.len);
	text_pad(&t, ' ', fill - left);
	return take_text(r, &t, c->self, true);
}

const struct value *str_center(struct render *r, struct call *c) {
	int64_t width = 80;

	return arg_int(r, c, 0, "the width", &width) ? pad(r, c, width, 0) : NULL;
}

const struct value *str_ljust(struct render *r, struct call *c) {
	int64_t width = 0;

	return arg_int(r, c, 0, "the width", &width) ? pad(r, c, width, -1) : NULL;
}

const struct value *str_rjust(struct render *r, struct call *c) {
	int64_t width = 0;

	return arg_int(r, c, 0, "the width", &width) ? pad(r, c, width, 1) : NULL;
}

/* A sign stays in front of the zeros. */
const struct value *str_zfill(struct render *r, struct call *c) {
	struct str s = value_as_str(c->self);
	size_t n = utf8_count(s.s, s.len), sign = s.len && (s.s[0] == '-' || s.s[0] == '+');
	struct text t = { 0 };
	int64_t width;

	if (!int_of(r, c->arg[0], c->loc, "the width", &width))
		return NULL;
	if (width > TEMPLATE_STRING_MAX)
		return fail(r, c->loc, NULL, "a string has at most %d MiB", TEMPLATE_STRING_MAX >> 20);
	text_add(&t, s.s, sign);
	text_pad(&t, '0', width > (int64_t)n ? (size_t)width - n : 0);
	text_add(&t, s.s + sign, s.len - sign);
	return take_text(r, &t, c->self, true);
}

static const struct value *filter_format(struct render *r, struct call *c) {
	struct value *args = value_list(r->arena, NO_LOC);
	struct str s;

	if (c->n_kw)
		return fail(r, c->loc, NULL, "named arguments of format are not supported here");
	args->flags = VALUE_TUPLE;
	for (uint32_t i = 0; i < c->n_rest; i++)
		value_list_push(r->arena, args, c->rest[i]);
	return text_of(r, c->self, c->loc, &s) ? format_percent(r, s, args, c->loc) : NULL;
}

static const struct value *filter_urlencode(struct render *r, struct call *c) {
	struct text t = { 0 };
	struct str s;

	if (c->self->kind == VALUE_LIST || c->self->kind == VALUE_DICT)
		return fail_datum(r, c->loc, c->self, NULL, "urlencode takes a string here");
	if (!text_of(r, c->self, c->loc, &s))
		return NULL;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char ch = (unsigned char)s.s[i];

		if (isalnum(ch) || (ch && strchr("_.-~/", ch)))
			text_char(&t, (char)ch);
		else
			text_printf(&t, "%%%02X", ch);
	}
	return take_text(r, &t, c->self, true);
}

static const struct value *filter_default(struct render *r, struct call *c) {
	bool falsy = false, b;

	if (!arg_bool(r, c, 1, &falsy))
		return NULL;
	if (c->self->kind != VALUE_UNDEFINED) {
		if (!falsy)
			return c->self;
		if (!truth(r, c->self, c->loc, &b))
			return NULL;
		if (b)
			return c->self;
	}
	return c->arg[0] ? c->arg[0] : value_text(r->arena, "", NO_LOC);
}

#define REFUSED(name, why)                                                                                             \
	{ name, "*args", NULL, FILTER_REFUSED | FILTER_REST, why }

const struct filter filters_text[] = {
	{ "capitalize", "", str_capitalize, 0, "the first letter in upper case, all others in lower case" },
	{ "center", "width=80", str_center, 0, "blanks on both sides up to a width" },
	{ "d", "default_value='', boolean=false", filter_default, FILTER_UNDEFINED | FILTER_MARKUP,
	  "the same as default" },
	{ "default", "default_value='', boolean=false", filter_default, FILTER_UNDEFINED | FILTER_MARKUP,
	  "another value if this one is undefined; with boolean=true also if it is empty, none, false or 0" },
	{ "format", "*args", filter_format, FILTER_REST, "the text as a format: %s, %r, %d, %x, %o, %e, %f, %g, %%" },
	{ "indent", "width=4, first=false, blank=false", filter_indent, 0,
	  "blanks (or the text given as width) in front of each line but the first and the empty ones" },
	{ "lower", "", str_lower, 0, "all letters in lower case" },
	{ "replace", "old, new, count=none", str_replace, FILTER_MARKUP,
	  "one text replaced by another, count times or always" },
	{ "string", "", str_string, FILTER_MARKUP, "the value as text" },
	{ "title", "", filter_title, 0, "the first letter of each word in upper case, all others in lower case" },
	{ "trim", "chars=none", str_trim_chars, 0, "without white space, or without these characters, at both ends" },
	{ "truncate", "length=255, killwords=false, end='...', leeway=none", filter_truncate, 0,
	  "cut to a length if it is longer than that by more than leeway (5)" },
	{ "upper", "", str_upper, 0, "all letters in upper case" },
	{ "urlencode", "", filter_urlencode, 0, "for a URL: all but letters, digits and _.-~/ as %XX" },
	{ "wordcount", "", filter_wordcount, 0, "the number of words" },
	REFUSED("e", "configuration files are not HTML: use the quote_ filter of the format"),
	REFUSED("escape", "configuration files are not HTML: use the quote_ filter of the format"),
	REFUSED("forceescape", "configuration files are not HTML: use the quote_ filter of the format"),
	REFUSED("safe", "nothing is escaped here: leave it out"),
	REFUSED("striptags", "it is for HTML"),
	REFUSED("urlize", "it is for HTML"),
	REFUSED("xmlattr", "it is for HTML"),
	REFUSED("pprint", "use tojson"),
	REFUSED("random", "a template gives the same text every time"),
	REFUSED("wordwrap", "break the lines in the template"),
	REFUSED("filesizeformat", "divide, and use format"),
	{ NULL, NULL, NULL, 0, NULL },
};
