/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data that templates see: null, bool, 64-bit integer, double, text, list, and dict in order of insertion. Every
 * value carries the place where it was written (file 0: no place), so that a template's complaint can name the datum.
 *
 * Addresses and prefixes are texts that know their bits: a template sees their RFC 5952 form in every respect (it
 * compares, joins and prints as that text), and the address filters need not parse it again. Rendering from typed
 * values and rendering from the same data as JSON therefore give the same bytes.
 *
 * Values live in an arena, are built by one thread and are immutable afterwards: they may then be shared by any number
 * of threads and renders. Texts are borrowed unless a function says that it copies; they must be UTF-8.
 *
 *     struct value *m = value_dict(&arena, loc_of_machine);
 *     value_dict_set(&arena, m, "name", value_text(&arena, "fe01", loc));
 *     value_dict_set(&arena, m, "ip", value_ip(&arena, ip, loc));
 *     struct scope estate = { .dict = estate_wide }, machine = { .dict = m, .parent = &estate };
 */
#pragma once

#include "addr/prefix.h"
#include "base/diag.h"

enum value_kind {
	VALUE_UNDEFINED, /* made by the engine only */
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_REAL,
	VALUE_STR,
	VALUE_LIST,
	VALUE_DICT,
	VALUE_OBJECT, /* made by the engine only: functions, macros, loop, namespaces, modules */
	_VALUE_KIND_MAX
};

enum value_flag {
	VALUE_IP = 1 << 0,       /* of a STR: prefix->ip is the address */
	VALUE_PREFIX = 1 << 1,   /* of a STR: *prefix is the network */
	VALUE_MARKUP = 1 << 2,   /* of a STR: came from tojson, which Jinja2 makes a Markup */
	VALUE_TUPLE = 1 << 3,    /* of a LIST: prints and compares as a tuple */
	VALUE_RANGE = 1 << 4,    /* of a LIST: made by range(); has no printed form here */
	VALUE_VIEW = 1 << 5,     /* of a LIST: dict.items() and its like; can be counted, not indexed or printed */
	VALUE_ITERATOR = 1 << 6, /* of a LIST: a generator in Jinja2; can be walked once, nothing else */
	VALUE_GROUP = 1 << 7,    /* of a tuple: from groupby, also has .grouper and .list */
};

/* A key with its hash, so that constant names are hashed once. */
struct key {
	const char *s;
	uint32_t len;
	uint32_t hash;
};

struct value_entry {
	const struct value *key; /* a STR */
	const struct value *value;
	uint32_t hash;
};

struct value {
	uint8_t kind;  /* enum value_kind */
	uint8_t flags; /* enum value_flag */
	struct loc loc;
	union {
		bool boolean;
		int64_t integer;
		double real;
		struct {
			const char *s;
			size_t len;
			const struct prefix *prefix; /* with VALUE_IP or VALUE_PREFIX */
		} str;
		struct {
			const struct value **v;
			uint32_t n, cap;
		} list;
		struct {
			struct value_entry *v;
			uint32_t n, cap;
			uint32_t *index; /* 2 * cap slots holding entry number + 1, once there are many */
		} dict;
		const void *object; /* engine only */
	};
};

/* Names are looked up in the first dict that has them. */
struct scope {
	const struct value *dict;
	const struct scope *parent; /* NULL at the end */
};

#define NO_LOC ((struct loc){ 0 })

extern const struct value value_null, value_true, value_false;

struct value *value_bool(struct arena *a, bool b, struct loc loc);
struct value *value_int(struct arena *a, int64_t i, struct loc loc);
struct value *value_real(struct arena *a, double d, struct loc loc);
struct value *value_str(struct arena *a, const char *s, size_t len, struct loc loc);
struct value *value_text(struct arena *a, const char *text, struct loc loc); /* zero-terminated */
struct value *value_ip(struct arena *a, struct ip ip, struct loc loc);
struct value *value_prefix(struct arena *a, struct prefix p, struct loc loc);
struct value *value_list(struct arena *a, struct loc loc);
struct value *value_dict(struct arena *a, struct loc loc);

/* Appends to a list under construction. */
void value_list_push(struct arena *a, struct value *list, const struct value *item);

/* Sets a key of a dict under construction; an existing key keeps its place and gets the new value. */
void value_dict_set(struct arena *a, struct value *dict, const char *key, const struct value *item);
void value_dict_put(struct arena *a, struct value *dict, const struct value *key, const struct value *item);

struct key key_of(const char *s, size_t len);
bool key_is(struct key k, const char *word);

/* The value under the key, or NULL. */
const struct value *value_get(const struct value *dict, struct key key);
const struct value *scope_get(const struct scope *scope, struct key key);

/* "a string", "a list", "null" …, for messages. */
const char *value_kind_name(const struct value *v);

static inline bool value_is_str(const struct value *v) {
	return v->kind == VALUE_STR;
}

static inline struct str value_as_str(const struct value *v) {
	return (struct str){ v->str.s, v->str.len };
}
