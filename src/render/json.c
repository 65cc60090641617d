/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jansson checks and decodes the text but forgets where a value stood. It keeps the order of members, though, so a
 * cursor can walk the text beside its tree: what is known to be well-formed needs no second parser, only steps over
 * strings and literals.
 */
#include "render/json.h"

#include <errno.h>
#include <jansson.h>

struct cursor {
	struct arena *arena;
	const char *at, *end;
	struct loc loc; /* of `at` */
};

static void step(struct cursor *c) {
	unsigned char ch = (unsigned char)*c->at++;

	if (ch == '\n') {
		c->loc.line++;
		c->loc.col = 1;
	} else if ((ch & 0xc0) != 0x80) {
		c->loc.col++;
	}
}

static void skip_blanks(struct cursor *c) {
	while (c->at < c->end && strchr(" \t\r\n", *c->at))
		step(c);
}

/* Over blanks and one mark of punctuation. */
static void skip_mark(struct cursor *c) {
	skip_blanks(c);
	if (c->at < c->end)
		step(c);
	skip_blanks(c);
}

/* Over a string, number or literal; the place and length of it. */
static struct loc skip_scalar(struct cursor *c) {
	struct loc loc = c->loc;

	if (c->at < c->end && *c->at == '"') {
		step(c);
		while (c->at < c->end && *c->at != '"') {
			if (*c->at == '\\')
				step(c);
			step(c);
		}
		if (c->at < c->end)
			step(c);
	} else {
		while (c->at < c->end && !strchr(" \t\r\n,]}", *c->at))
			step(c);
	}
	loc.len = c->loc.col - loc.col;
	return loc;
}

static const struct value *convert(struct cursor *c, const json_t *j);

static const struct value *convert_object(struct cursor *c, const json_t *j, struct loc loc) {
	struct value *dict = value_dict(c->arena, loc);
	const char *key;
	size_t len;
	json_t *item;

	skip_mark(c);
	json_object_keylen_foreach((json_t *)j, key, len, item) {
		struct loc key_loc = skip_scalar(c);

		skip_mark(c); /* : */
		value_dict_put(c->arena, dict, value_str(c->arena, arena_dup(c->arena, key, len), len, key_loc),
			       convert(c, item));
		skip_blanks(c);
		if (c->at < c->end && *c->at == ',')
			skip_mark(c);
	}
	skip_mark(c); /* } */
	return dict;
}

static const struct value *convert_array(struct cursor *c, const json_t *j, struct loc loc) {
	struct value *list = value_list(c->arena, loc);

	skip_mark(c);
	for (size_t i = 0; i < json_array_size(j); i++) {
		value_list_push(c->arena, list, convert(c, json_array_get(j, i)));
		skip_blanks(c);
		if (c->at < c->end && *c->at == ',')
			skip_mark(c);
	}
	skip_mark(c); /* ] */
	return list;
}

static const struct value *convert(struct cursor *c, const json_t *j) {
	struct loc loc;
	struct value *v;

	skip_blanks(c);
	loc = c->loc;
	loc.len = 1;
	if (json_is_object(j))
		return convert_object(c, j, loc);
	if (json_is_array(j))
		return convert_array(c, j, loc);
	loc = skip_scalar(c);
	switch (json_typeof(j)) {
	case JSON_STRING:
		return value_str(c->arena, arena_dup(c->arena, json_string_value(j), json_string_length(j)),
				 json_string_length(j), loc);
	case JSON_INTEGER:
		return value_int(c->arena, json_integer_value(j), loc);
	case JSON_REAL:
		return value_real(c->arena, json_real_value(j), loc);
	case JSON_NULL:
		v = arena_new(c->arena, struct value);
		v->kind = VALUE_NULL;
		v->loc = loc;
		return v;
	default:
		return value_bool(c->arena, json_is_true(j), loc);
	}
}

int json_parse(struct arena *a, uint32_t file, const char *text, size_t len, struct diags *diags,
	       const struct value **ret_value) {
	struct cursor c = { .arena = a, .at = text, .end = text + len, .loc = { .file = file, .line = 1, .col = 1 } };
	json_error_t error;
	json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	if (!j) {
		struct loc loc = { .file = file };

		if (error.line > 0) {
			loc.line = (uint32_t)error.line;
			loc.col = (uint32_t)MAX(error.column, 1);
			loc.len = 1;
		}
		diag_error(diags, "json", loc, NULL, "%s", error.text);
		return -EINVAL;
	}
	*ret_value = convert(&c, j);
	json_decref(j);
	return 0;
}
