/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dict is an array of entries in order of insertion; up to DICT_LINEAR of them a walk that compares hashes is the
 * fastest lookup, above that an open-addressing index of twice the capacity points into the array. Hashes are keyed
 * (map_hash), because the keys of JSON data may come from anybody.
 */
#include "render/value.h"

#include <string.h>

#include "base/map.h"

enum { DICT_LINEAR = 8 };

const struct value value_null = { .kind = VALUE_NULL };
const struct value value_true = { .kind = VALUE_BOOL, .boolean = true };
const struct value value_false = { .kind = VALUE_BOOL, .boolean = false };

static struct value *value_new(struct arena *a, enum value_kind kind, struct loc loc) {
	struct value *v = arena_new(a, struct value);

	v->kind = (uint8_t)kind;
	v->loc = loc;
	return v;
}

struct value *value_bool(struct arena *a, bool b, struct loc loc) {
	struct value *v = value_new(a, VALUE_BOOL, loc);

	v->boolean = b;
	return v;
}

struct value *value_int(struct arena *a, int64_t i, struct loc loc) {
	struct value *v = value_new(a, VALUE_INT, loc);

	v->integer = i;
	return v;
}

struct value *value_real(struct arena *a, double d, struct loc loc) {
	struct value *v = value_new(a, VALUE_REAL, loc);

	v->real = d;
	return v;
}

struct value *value_str(struct arena *a, const char *s, size_t len, struct loc loc) {
	struct value *v = value_new(a, VALUE_STR, loc);

	v->str.s = s;
	v->str.len = len;
	return v;
}

struct value *value_text(struct arena *a, const char *text, struct loc loc) {
	return value_str(a, text, strlen(text), loc);
}

static struct value *value_address(struct arena *a, struct prefix p, enum value_flag flag, const char *text, size_t len,
				   struct loc loc) {
	struct value *v = value_str(a, arena_dup(a, text, len), len, loc);
	struct prefix *copy = arena_new(a, struct prefix);

	*copy = p;
	v->flags = (uint8_t)flag;
	v->str.prefix = copy;
	return v;
}

struct value *value_ip(struct arena *a, struct ip ip, struct loc loc) {
	char text[IP_TEXT_MAX];
	size_t len = ip_format(ip, text);

	return value_address(a, prefix_host(ip), VALUE_IP, text, len, loc);
}

struct value *value_prefix(struct arena *a, struct prefix p, struct loc loc) {
	char text[PREFIX_TEXT_MAX];
	size_t len = prefix_format(p, text);

	return value_address(a, p, VALUE_PREFIX, text, len, loc);
}

struct value *value_list(struct arena *a, struct loc loc) {
	return value_new(a, VALUE_LIST, loc);
}

struct value *value_dict(struct arena *a, struct loc loc) {
	return value_new(a, VALUE_DICT, loc);
}

void value_list_push(struct arena *a, struct value *list, const struct value *item) {
	if (list->list.n == list->list.cap) {
		uint32_t cap = list->list.cap ? list->list.cap * 2 : 4;
		const struct value **v = arena_array(a, const struct value *, cap);

		if (list->list.n)
			memcpy(v, list->list.v, list->list.n * sizeof(*v));
		list->list.v = v;
		list->list.cap = cap;
	}
	list->list.v[list->list.n++] = item;
}

struct key key_of(const char *s, size_t len) {
	return (struct key){ .s = s, .len = (uint32_t)len, .hash = map_hash(s, len) };
}

bool key_is(struct key k, const char *word) {
	return k.len == strlen(word) && memcmp(k.s, word, k.len) == 0;
}

static bool entry_is(const struct value_entry *e, struct key k) {
	return e->hash == k.hash && e->key->str.len == k.len && memcmp(e->key->str.s, k.s, k.len) == 0;
}

static uint32_t slots(const struct value *dict) {
	return dict->dict.cap * 2; /* a power of two */
}

static struct value_entry *dict_find(const struct value *dict, struct key k) {
	if (!dict->dict.index) {
		for (uint32_t i = 0; i < dict->dict.n; i++)
			if (entry_is(&dict->dict.v[i], k))
				return &dict->dict.v[i];
		return NULL;
	}
	for (uint32_t at = k.hash & (slots(dict) - 1); dict->dict.index[at]; at = (at + 1) & (slots(dict) - 1))
		if (entry_is(&dict->dict.v[dict->dict.index[at] - 1], k))
			return &dict->dict.v[dict->dict.index[at] - 1];
	return NULL;
}

static void dict_index(struct value *dict, uint32_t entry) {
	uint32_t at = dict->dict.v[entry].hash & (slots(dict) - 1);

	while (dict->dict.index[at])
		at = (at + 1) & (slots(dict) - 1);
	dict->dict.index[at] = entry + 1;
}

static void dict_grow(struct arena *a, struct value *dict) {
	uint32_t cap = dict->dict.cap ? dict->dict.cap * 2 : DICT_LINEAR;
	struct value_entry *v = arena_array(a, struct value_entry, cap);

	if (dict->dict.n)
		memcpy(v, dict->dict.v, dict->dict.n * sizeof(*v));
	dict->dict.v = v;
	dict->dict.cap = cap;
	if (cap == DICT_LINEAR)
		return;
	dict->dict.index = arena_array(a, uint32_t, slots(dict));
	for (uint32_t i = 0; i < dict->dict.n; i++)
		dict_index(dict, i);
}

void value_dict_put(struct arena *a, struct value *dict, const struct value *key, const struct value *item) {
	struct key k = key_of(key->str.s, key->str.len);
	struct value_entry *e = dict_find(dict, k);

	if (e) {
		e->value = item;
		return;
	}
	if (dict->dict.n == dict->dict.cap)
		dict_grow(a, dict);
	dict->dict.v[dict->dict.n] = (struct value_entry){ .key = key, .value = item, .hash = k.hash };
	if (dict->dict.index)
		dict_index(dict, dict->dict.n);
	dict->dict.n++;
}

void value_dict_set(struct arena *a, struct value *dict, const char *key, const struct value *item) {
	value_dict_put(a, dict, value_text(a, key, item->loc), item);
}

const struct value *value_get(const struct value *dict, struct key key) {
	const struct value_entry *e = dict_find(dict, key);

	return e ? e->value : NULL;
}

const struct value *scope_get(const struct scope *scope, struct key key) {
	for (; scope; scope = scope->parent) {
		const struct value *v = value_get(scope->dict, key);

		if (v)
			return v;
	}
	return NULL;
}

const char *value_kind_name(const struct value *v) {
	static const char *const names[_VALUE_KIND_MAX] = {
		[VALUE_UNDEFINED] = "an undefined value",
		[VALUE_NULL] = "none",
		[VALUE_BOOL] = "a boolean",
		[VALUE_INT] = "an integer",
		[VALUE_REAL] = "a float",
		[VALUE_STR] = "a string",
		[VALUE_LIST] = "a list",
		[VALUE_DICT] = "a dict",
		[VALUE_OBJECT] = "a function or an object of the engine",
	};

	if (v->kind == VALUE_LIST && v->flags & VALUE_TUPLE)
		return "a tuple";
	if (v->kind == VALUE_LIST && v->flags & VALUE_ITERATOR)
		return "the unfinished result of a filter";
	if (v->kind == VALUE_LIST && v->flags & VALUE_VIEW)
		return "a view of a dict";
	return names[v->kind];
}
