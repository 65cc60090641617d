/* SPDX-License-Identifier: Apache-2.0 */
/* Two trees walked together. jansson's parser bounds the depth; both sides' members are found by name. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "probe/compare_parts.h"

enum { PLACES_SHOWN = 3, PATH_MAX_BYTES = 300, VALUE_MAX_BYTES = 60 };

struct walk {
	struct arena *a;
	struct text path, places;
	uint32_t count;
};

static const char *shown_value(struct walk *w, const json_t *v) {
	struct str text;
	char *dump;

	if (!v)
		return "none";
	if (json_is_object(v))
		return arena_printf(w->a, "an object of %zu", json_object_size(v));
	if (json_is_array(v))
		return arena_printf(w->a, "a list of %zu", json_array_size(v));
	if (json_is_string(v)) {
		text = (struct str){ json_string_value(v), json_string_length(v) };
		if (text.len > VALUE_MAX_BYTES)
			text.len = utf8_prefix(text.s, VALUE_MAX_BYTES, VALUE_MAX_BYTES);
		return compare_shown(w->a, text);
	}
	dump = json_dumps(v, JSON_ENCODE_ANY);
	if (!dump)
		return "?";
	text = str_of(arena_printf(w->a, "%.*s", VALUE_MAX_BYTES, dump));
	free(dump);
	return text.s;
}

static void differ(struct walk *w, const json_t *x, const json_t *y) {
	if (w->count++ >= PLACES_SHOWN)
		return;
	text_puts(&w->places, w->count > 1 ? "; " : "");
	text_add(&w->places, w->path.v, MIN(w->path.n, (size_t)PATH_MAX_BYTES));
	text_printf(&w->places, "%s: IPv4 %s, IPv6 %s", w->path.n > PATH_MAX_BYTES ? "…" : "", shown_value(w, x),
		    shown_value(w, y));
}

static bool same_number(const json_t *x, const json_t *y) {
	if (json_is_integer(x) && json_is_integer(y))
		return json_integer_value(x) == json_integer_value(y);
	return json_number_value(x) == json_number_value(y);
}

static bool same_scalar(const json_t *x, const json_t *y) {
	if (json_is_number(x) && json_is_number(y))
		return same_number(x, y);
	return json_equal(x, y);
}

static bool is_plain(const char *key, size_t len) {
	for (size_t i = 0; i < len; i++)
		if (!((key[i] >= 'a' && key[i] <= 'z') || (key[i] >= 'A' && key[i] <= 'Z') || key[i] == '_' ||
		      (i && key[i] >= '0' && key[i] <= '9')))
			return false;
	return len;
}

static void push_key(struct walk *w, const char *key) {
	const size_t len = strlen(key);

	if (is_plain(key, len)) {
		text_char(&w->path, '.');
		text_add(&w->path, key, len);
	} else {
		text_printf(&w->path, "[%s]", compare_shown(w->a, (struct str){ key, len }));
	}
}

static void walk_values(struct walk *w, const json_t *x, const json_t *y);

static void walk_member(struct walk *w, const char *key, const json_t *x, const json_t *y) {
	const size_t before = w->path.n;

	push_key(w, key);
	walk_values(w, x, y);
	w->path.n = before;
}

static void walk_objects(struct walk *w, json_t *x, json_t *y) {
	const char *key;
	json_t *value;

	json_object_foreach(x, key, value) {
		walk_member(w, key, value, json_object_get(y, key));
	}
	json_object_foreach(y, key, value) {
		if (!json_object_get(x, key))
			walk_member(w, key, NULL, value);
	}
}

static void walk_lists(struct walk *w, json_t *x, json_t *y) {
	const size_t n = json_array_size(x), m = json_array_size(y), before = w->path.n;

	if (n != m) {
		differ(w, x, y);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		text_printf(&w->path, "[%zu]", i);
		walk_values(w, json_array_get(x, i), json_array_get(y, i));
		w->path.n = before;
	}
}

/* NULL: a member that one side lacks. */
static void walk_values(struct walk *w, const json_t *x, const json_t *y) {
	if (json_is_object(x) && json_is_object(y))
		walk_objects(w, (json_t *)(uintptr_t)x, (json_t *)(uintptr_t)y);
	else if (json_is_array(x) && json_is_array(y))
		walk_lists(w, (json_t *)(uintptr_t)x, (json_t *)(uintptr_t)y);
	else if (!x || !y || !same_scalar(x, y))
		differ(w, x, y);
}

static struct str laid_out(struct arena *a, const json_t *v) {
	char *dump = json_dumps(v, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	struct str text = STR("");

	if (dump)
		text = str_of(arena_printf(a, "%s\n", dump));
	free(dump);
	return text;
}

bool compare_json(struct str old, struct str new, struct arena *a, struct json_difference *ret) {
	struct walk w = { .a = a };
	json_t *x, *y = NULL;

	if (!old.len || !new.len || old.len > COMPARE_JSON_MAX || new.len > COMPARE_JSON_MAX)
		return false;
	x = json_loadb(old.s, old.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (x)
		y = json_loadb(new.s, new.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (x && y) {
		text_char(&w.path, '$');
		walk_values(&w, x, y);
		if (w.count > PLACES_SHOWN)
			text_printf(&w.places, "; and %u more", w.count - PLACES_SHOWN);
		*ret = (struct json_difference){
			.count = w.count,
			.places = { arena_dup(a, w.places.n ? w.places.v : "", w.places.n), w.places.n },
		};
		if (w.count) {
			ret->old = laid_out(a, x);
			ret->new = laid_out(a, y);
		}
	}
	text_done(&w.path);
	text_done(&w.places);
	json_decref(y);
	json_decref(x);
	return x && y;
}
