/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text inside the syntax of a target, and tojson. What a syntax cannot hold even in quotes is an error, never dropped.
 */
#include <ctype.h>
#include <math.h>

#include "render/template_render.h"

/* "text" with a backslash before each of `escaped`; control characters and those of `refused` are errors. */
static const struct value *quote(struct render *r, struct call *c, const char *escaped, const char *refused) {
	struct text t = { 0 };
	struct str s;
	bool ok = true;

	if (!text_of(r, c->self, c->loc, &s))
		return NULL;
	text_char(&t, '"');
	for (size_t i = 0; i < s.len && ok; i++) {
		unsigned char ch = (unsigned char)s.s[i];

		if (ch < 0x20 || ch == 0x7f)
			ok = fail_datum(r, c->loc, c->self, NULL,
					"the text has a control character (0x%02x), which %s cannot hold", ch, c->name);
		else if (strchr(refused, ch))
			ok = fail_datum(r, c->loc, c->self, NULL, "the text has a '%c', which %s cannot hold", ch,
					c->name);
		else if (strchr(escaped, ch))
			text_char(&t, '\\');
		text_char(&t, (char)ch);
	}
	text_char(&t, '"');
	return take_text(r, &t, c->self, ok);
}

/* nginx: a '$' begins a variable and cannot be escaped. */
static const struct value *filter_quote_nginx(struct render *r, struct call *c) {
	return quote(r, c, "\\\"", "$");
}

/* HAProxy configuration manual 2.2: inside double quotes, backslash, quote and dollar are escaped. */
static const struct value *filter_quote_haproxy(struct render *r, struct call *c) {
	return quote(r, c, "\\\"$", "");
}

/* Icinga's strings end at a quote or a line feed and have C's escapes. */
static const struct value *filter_quote_icinga(struct render *r, struct call *c) {
	return quote(r, c, "\\\"", "");
}

/* nftables knows no escapes inside its quotes. */
static const struct value *filter_quote_nft(struct render *r, struct call *c) {
	return quote(r, c, "", "\"\\");
}

/* POSIX shell: bare when nothing in it is special, else in single quotes. */
static const struct value *filter_quote_shell(struct render *r, struct call *c) {
	struct text t = { 0 };
	bool bare = true;
	struct str s;

	if (!text_of(r, c->self, c->loc, &s))
		return NULL;
	if (memchr(s.s, '\0', s.len))
		return fail_datum(r, c->loc, c->self, NULL, "the text has a zero byte, which no shell word can hold");
	for (size_t i = 0; i < s.len; i++)
		bare &= isalnum((unsigned char)s.s[i]) || strchr("@%+=:,./_-", s.s[i]);
	if (bare && s.len)
		return value_str(r->arena, s.s, s.len, c->self->loc);
	text_char(&t, '\'');
	for (size_t i = 0; i < s.len; i++)
		if (s.s[i] == '\'')
			text_puts(&t, "'\"'\"'");
		else
			text_char(&t, s.s[i]);
	text_char(&t, '\'');
	return take_text(r, &t, c->self, true);
}

/* RFC 1035 section 5.1: a character-string, at most 255 bytes. */
static const struct value *filter_quote_dns(struct render *r, struct call *c) {
	struct text t = { 0 };
	struct str s;

	if (!text_of(r, c->self, c->loc, &s))
		return NULL;
	if (s.len > 255)
		return fail_datum(r, c->loc, c->self, "cut it into strings of 255 bytes each",
				  "the text has %zu bytes; a string in the DNS has at most 255", s.len);
	text_char(&t, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char ch = (unsigned char)s.s[i];

		if (ch < 0x20 || ch >= 0x7f)
			text_printf(&t, "\\%03u", ch);
		else
			text_printf(&t, ch == '"' || ch == '\\' ? "\\%c" : "%c", ch);
	}
	text_char(&t, '"');
	return take_text(r, &t, c->self, true);
}

/* Comments are users' text: a line feed in one would begin a line of configuration. */
static const struct value *filter_one_line(struct render *r, struct call *c) {
	struct str s;
	char *copy;

	if (!text_of(r, c->self, c->loc, &s))
		return NULL;
	s = str_trim(s);
	copy = arena_dup(r->arena, s.s, s.len);
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f)
			copy[i] = ' ';
	return value_str(r->arena, copy, s.len, c->self->loc);
}

struct json_writer {
	struct render *r;
	struct text *text;
	struct loc loc;
	int indent; /* -1: on one line */
	unsigned depth;
};

static bool json_write(struct json_writer *w, const struct value *v);

static void json_unicode(struct text *t, uint32_t point) {
	if (point >= 0x10000) {
		point -= 0x10000;
		text_printf(t, "\\u%04x\\u%04x", 0xd800 + (point >> 10), 0xdc00 + (point & 0x3ff));
	} else {
		text_printf(t, "\\u%04x", point);
	}
}

/* As json.dumps: ASCII only; and as Jinja2, the characters of HTML as \u003c. */
static void json_string(struct text *t, struct str s) {
	static const char from[] = "\"\\\n\r\t\f\b", to[] = "\"\\nrtfb";

	text_char(t, '"');
	for (size_t i = 0, n; i < s.len; i += n) {
		uint32_t point = utf8_point(s.s + i, s.len - i, &n);
		const char *p = point && point < 0x80 ? strchr(from, (int)point) : NULL;

		if (p) {
			text_char(t, '\\');
			text_char(t, to[p - from]);
		} else if (point < 0x20 || point >= 0x7f || strchr("<>&'", (int)point)) {
			json_unicode(t, point);
		} else {
			text_char(t, (char)point);
		}
	}
	text_char(t, '"');
}

static void json_line(const struct json_writer *w) {
	if (w->indent < 0)
		return;
	text_char(w->text, '\n');
	text_pad(w->text, ' ', (size_t)w->indent * w->depth);
}

/* The comma and the line in front of an item. */
static void json_next(const struct json_writer *w, bool first) {
	if (!first)
		text_puts(w->text, w->indent < 0 ? ", " : ",");
	json_line(w);
}

static int by_key(const void *pa, const void *pb) {
	const struct value_entry *a = *(const struct value_entry *const *)pa,
				 *b = *(const struct value_entry *const *)pb;
	int c = memcmp(a->key->str.s, b->key->str.s, MIN(a->key->str.len, b->key->str.len));

	return c ? c : a->key->str.len < b->key->str.len ? -1 : 1;
}

static bool json_dict(struct json_writer *w, const struct value *v) {
	const struct value_entry **sorted = arena_array(w->r->arena, const struct value_entry *, v->dict.n);

	for (uint32_t i = 0; i < v->dict.n; i++)
		sorted[i] = &v->dict.v[i];
	if (v->dict.n)
		qsort(sorted, v->dict.n, sizeof(*sorted), by_key);
	text_char(w->text, '{');
	w->depth++;
	for (uint32_t i = 0; i < v->dict.n; i++) {
		json_next(w, i == 0);
		json_string(w->text, value_as_str(sorted[i]->key));
		text_puts(w->text, ": ");
		if (!json_write(w, sorted[i]->value))
			return false;
	}
	w->depth--;
	if (v->dict.n)
		json_line(w);
	text_char(w->text, '}');
	return true;
}

static bool json_list(struct json_writer *w, const struct value *v) {
	if (v->flags & ~(VALUE_TUPLE | VALUE_GROUP))
		return fail(w->r, w->loc, "put '| list' in front", "tojson does not take %s", value_kind_name(v));
	text_char(w->text, '[');
	w->depth++;
	for (uint32_t i = 0; i < v->list.n; i++) {
		json_next(w, i == 0);
		if (!json_write(w, v->list.v[i]))
			return false;
	}
	w->depth--;
	if (v->list.n)
		json_line(w);
	text_char(w->text, ']');
	return true;
}

static bool json_write(struct json_writer *w, const struct value *v) {
	if (w->depth > 200)
		return fail(w->r, w->loc, NULL, "tojson takes at most 200 levels");
	if (w->text->n > TEMPLATE_STRING_MAX)
		return fail(w->r, w->loc, NULL, "a string has at most %d MiB", TEMPLATE_STRING_MAX >> 20);
	switch (v->kind) {
	case VALUE_UNDEFINED:
		return fail_undefined(w->r, v);
	case VALUE_NULL:
		text_puts(w->text, "null");
		return true;
	case VALUE_BOOL:
		text_puts(w->text, v->boolean ? "true" : "false");
		return true;
	case VALUE_INT:
		write_int(w->text, v->integer);
		return true;
	case VALUE_REAL:
		if (!isfinite(v->real))
			return fail_datum(w->r, w->loc, v, NULL, "JSON has no number that is not finite");
		write_real(w->text, v->real);
		return true;
	case VALUE_STR:
		json_string(w->text, value_as_str(v));
		return true;
	case VALUE_LIST:
		return json_list(w, v);
	case VALUE_DICT:
		return json_dict(w, v);
	default:
		return fail(w->r, w->loc, NULL, "tojson does not take %s", value_kind_name(v));
	}
}

static const struct value *filter_tojson(struct render *r, struct call *c) {
	struct text t = { 0 };
	struct json_writer w = { .r = r, .text = &t, .loc = c->loc, .indent = -1 };
	int64_t indent = -1;
	struct value *v;

	if (c->arg[0] && c->arg[0]->kind != VALUE_NULL) {
		if (!int_of(r, c->arg[0], c->loc, "the indent", &indent))
			return NULL;
		if (indent < 0 || indent > 16)
			return fail(r, c->loc, NULL, "the indent is 0 to 16");
	}
	w.indent = (int)indent;
	v = (struct value *)take_text(r, &t, c->self, json_write(&w, c->self));
	if (v)
		v->flags = VALUE_MARKUP;
	return v;
}

const struct filter filters_quote[] = {
	{ "one_line", "", filter_one_line, FILTER_OWN, "the text for a comment: control characters become blanks" },
	{ "quote_dns", "", filter_quote_dns, FILTER_OWN | FILTER_MARKUP,
	  "a character-string of a zone file (RFC 1035)" },
	{ "quote_haproxy", "", filter_quote_haproxy, FILTER_OWN | FILTER_MARKUP, "a word of HAProxy's configuration" },
	{ "quote_icinga", "", filter_quote_icinga, FILTER_OWN | FILTER_MARKUP,
	  "a string of Icinga's configuration; where it runs macros, put replace('$', '$$') in front" },
	{ "quote_nft", "", filter_quote_nft, FILTER_OWN | FILTER_MARKUP,
	  "a string of nftables, which cannot hold quotes or backslashes" },
	{ "quote_nginx", "", filter_quote_nginx, FILTER_OWN | FILTER_MARKUP,
	  "a word of nginx's configuration, which cannot hold a '$'" },
	{ "quote_shell", "", filter_quote_shell, FILTER_OWN | FILTER_MARKUP, "a word of the POSIX shell" },
	{ "tojson", "indent=none", filter_tojson, 0, "JSON in ASCII with sorted keys, and <, >, & and ' as \\u003c" },
	{ NULL, NULL, NULL, 0, NULL },
};
