/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of strings. Those that are filters too are in filter_text.c. */
#include <ctype.h>

#include "render/template_render.h"

static const struct value *starts(struct render *r, struct call *c, bool at_end) {
	const struct value *const *v = &c->arg[0];
	struct str s = value_as_str(c->self), part;
	uint32_t n = 1;

	if (c->arg[0]->kind == VALUE_LIST && c->arg[0]->flags & VALUE_TUPLE) {
		v = c->arg[0]->list.v;
		n = c->arg[0]->list.n;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (!str_of_value(r, v[i], c->loc, "what is looked for", &part))
			return NULL;
		if (part.len <= s.len && memcmp(at_end ? s.s + s.len - part.len : s.s, part.s, part.len) == 0)
			return &value_true;
	}
	return &value_false;
}

static const struct value *method_startswith(struct render *r, struct call *c) {
	return starts(r, c, false);
}

static const struct value *method_endswith(struct render *r, struct call *c) {
	return starts(r, c, true);
}

static void push_str(struct render *r, struct value *list, const char *s, size_t len) {
	value_list_push(r->arena, list, value_str(r->arena, s, len, list->loc));
}

static void split_blanks(struct render *r, struct value *list, struct str s, int64_t left) {
	for (;;) {
		size_t at = utf8_spaces(s.s, s.len), n;

		s = (struct str){ s.s + at, s.len - at };
		if (!s.len)
			return;
		if (left-- == 0) {
			push_str(r, list, s.s, s.len);
			return;
		}
		for (at = 0; at < s.len && !point_is_space(utf8_point(s.s + at, s.len - at, &n));)
			at += n;
		push_str(r, list, s.s, at);
		s = (struct str){ s.s + at, s.len - at };
	}
}

static const struct value *method_split(struct render *r, struct call *c) {
	struct value *list = value_list(r->arena, c->self->loc);
	struct str s = value_as_str(c->self), sep;
	int64_t left = -1;
	const char *hit;

	if (!arg_int(r, c, 1, "maxsplit", &left))
		return NULL;
	if (!c->arg[0] || c->arg[0]->kind == VALUE_NULL) {
		split_blanks(r, list, s, left);
		return list;
	}
	if (!str_of_value(r, c->arg[0], c->loc, "the separator", &sep))
		return NULL;
	if (!sep.len)
		return fail(r, c->loc, NULL, "the separator is not empty");
	while (left-- != 0 && s.len && (hit = memmem(s.s, s.len, sep.s, sep.len))) {
		push_str(r, list, s.s, (size_t)(hit - s.s));
		s.len -= (size_t)(hit - s.s) + sep.len;
		s.s = hit + sep.len;
	}
	push_str(r, list, s.s, s.len);
	return list;
}

static const struct value *method_splitlines(struct render *r, struct call *c) {
	struct value *list = value_list(r->arena, c->self->loc);
	struct str s = value_as_str(c->self), line;

	while (str_next_line(&s, &line))
		push_str(r, list, line.s, line.len);
	return list;
}

static const struct value *method_join(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->arg[0], c->loc);
	struct text t = { 0 };
	struct str s;

	for (uint32_t i = 0; items && i < items->list.n; i++) {
		if (i)
			text_add(&t, c->self->str.s, c->self->str.len);
		if (!str_of_value(r, items->list.v[i], c->loc, "each item that is joined by a method", &s))
			items = NULL;
		else
			text_add(&t, s.s, s.len);
		if (items && t.n > TEMPLATE_STRING_MAX)
			items = fail(r, c->loc, NULL, "the text is too long");
	}
	return take_text(r, &t, items, items != NULL);
}

static const struct value *method_find_text(struct render *r, struct call *c) {
	struct str s = value_as_str(c->self), part;
	const char *hit;

	if (!str_of_value(r, c->arg[0], c->loc, "what is looked for", &part))
		return NULL;
	hit = part.len ? memmem(s.s, s.len, part.s, part.len) : s.s;
	return value_int(r->arena, hit ? (int64_t)utf8_count(s.s, (size_t)(hit - s.s)) : -1, NO_LOC);
}

static const struct value *method_count(struct render *r, struct call *c) {
	struct str s = value_as_str(c->self), part;
	int64_t n = 0;
	const char *hit;

	if (!str_of_value(r, c->arg[0], c->loc, "what is counted", &part))
		return NULL;
	if (!part.len)
		return value_int(r->arena, (int64_t)utf8_count(s.s, s.len) + 1, NO_LOC);
	for (; s.len && (hit = memmem(s.s, s.len, part.s, part.len)); n++) {
		s.len -= (size_t)(hit - s.s) + part.len;
		s.s = hit + part.len;
	}
	return value_int(r->arena, n, NO_LOC);
}

static const struct value *cut(struct render *r, struct call *c, bool at_end) {
	struct str s = value_as_str(c->self), part;

	if (!str_of_value(r, c->arg[0], c->loc, "what is removed", &part))
		return NULL;
	if (part.len > s.len || memcmp(at_end ? s.s + s.len - part.len : s.s, part.s, part.len) != 0)
		return c->self;
	return value_str(r->arena, at_end ? s.s : s.s + part.len, s.len - part.len, c->self->loc);
}

static const struct value *method_removeprefix(struct render *r, struct call *c) {
	return cut(r, c, false);
}

static const struct value *method_removesuffix(struct render *r, struct call *c) {
	return cut(r, c, true);
}

static const struct value *method_isdigit(struct render *r, struct call *c) {
	if (!only_ascii(r, c, value_as_str(c->self)))
		return NULL;
	for (size_t i = 0; i < c->self->str.len; i++)
		if (!isdigit((unsigned char)c->self->str.s[i]))
			return &value_false;
	return value_of_bool(c->self->str.len > 0);
}

#define METHOD(name, args, fn)                                                                                         \
	{                                                                                                              \
		VALUE_STR, {                                                                                           \
			name, args, fn, 0, ""                                                                          \
		}                                                                                                      \
	}
#define NO_METHOD(name)                                                                                                \
	{                                                                                                              \
		VALUE_STR, {                                                                                           \
			name, "", str_string, FILTER_REFUSED, ""                                                       \
		}                                                                                                      \
	}

const struct function str_methods[] = {
	METHOD("capitalize", "", str_capitalize),
	METHOD("center", "width", str_center),
	METHOD("count", "sub", method_count),
	METHOD("endswith", "suffix", method_endswith),
	METHOD("find", "sub", method_find_text),
	METHOD("isdigit", "", method_isdigit),
	METHOD("join", "iterable", method_join),
	METHOD("ljust", "width", str_ljust),
	METHOD("lower", "", str_lower),
	METHOD("lstrip", "chars=none", str_lstrip),
	METHOD("removeprefix", "prefix", method_removeprefix),
	METHOD("removesuffix", "suffix", method_removesuffix),
	METHOD("replace", "old, new, count=none", str_replace),
	METHOD("rjust", "width", str_rjust),
	METHOD("rstrip", "chars=none", str_rstrip),
	METHOD("split", "sep=none, maxsplit=-1", method_split),
	METHOD("splitlines", "", method_splitlines),
	METHOD("startswith", "prefix", method_startswith),
	METHOD("strip", "chars=none", str_trim_chars),
	METHOD("upper", "", str_upper),
	METHOD("zfill", "width", str_zfill),
	NO_METHOD("casefold"),
	NO_METHOD("encode"),
	NO_METHOD("expandtabs"),
	NO_METHOD("format"),
	NO_METHOD("format_map"),
	NO_METHOD("index"),
	NO_METHOD("isalnum"),
	NO_METHOD("isalpha"),
	NO_METHOD("isascii"),
	NO_METHOD("isdecimal"),
	NO_METHOD("isidentifier"),
	NO_METHOD("islower"),
	NO_METHOD("isnumeric"),
	NO_METHOD("isprintable"),
	NO_METHOD("isspace"),
	NO_METHOD("istitle"),
	NO_METHOD("isupper"),
	NO_METHOD("maketrans"),
	NO_METHOD("partition"),
	NO_METHOD("rfind"),
	NO_METHOD("rindex"),
	NO_METHOD("rpartition"),
	NO_METHOD("rsplit"),
	NO_METHOD("swapcase"),
	NO_METHOD("title"),
	NO_METHOD("translate"),
	NO_METHOD("escape"),
	NO_METHOD("striptags"),
	NO_METHOD("unescape"),
	{ VALUE_STR, { NULL, NULL, NULL, 0, NULL } },
};
