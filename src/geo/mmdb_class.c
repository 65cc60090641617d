/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values are interned from the leaves up: a scalar is its type and bytes, an array its type and its items' numbers, a
 * map its type and its pairs of numbers in the order of the keys' numbers. Equal texts have one number, so that order
 * is the same for equal maps. (Hash-consing; Ershov, On Programming of Arithmetic Operations, 1958.)
 */
#include "geo/mmdb_class.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"

struct known {
	uint64_t start;
	uint64_t end; /* behind the last item */
	uint32_t number;
};

struct pair {
	uint32_t key, value;
};

void mmdb_classes_init(struct mmdb_classes *c) {
	*c = (struct mmdb_classes){ 0 };
	map_init(&c->number_of, &c->arena);
}

void mmdb_classes_done(struct mmdb_classes *c) {
	map_done(&c->number_of);
	arena_done(&c->arena);
}

void mmdb_class_file_init(struct mmdb_class_file *f, struct mmdb_classes *c, const struct mmdb *db) {
	*f = (struct mmdb_class_file){ .classes = c, .db = db };
	map_init(&f->number_at, &c->arena);
}

void mmdb_class_file_done(struct mmdb_class_file *f) {
	map_done(&f->number_at);
}

/* The number of bytes that were put into the arena after `mark`, which are given back when they are known. */
static uint32_t intern(struct mmdb_classes *c, struct arena_mark mark, const void *bytes, size_t len) {
	const uint32_t *known = map_get(&c->number_of, bytes, len);
	uint32_t *number;

	if (known) {
		arena_release(&c->arena, mark);
		return *known;
	}
	number = arena_new(&c->arena, uint32_t);
	*number = ++c->count;
	(void)map_add(&c->number_of, bytes, len, number);
	return *number;
}

static int fail(struct mmdb_fault *fault, const char *what, uint64_t offset) {
	if (fault)
		*fault = (struct mmdb_fault){ what, offset };
	return -EBADMSG;
}

static uint32_t intern_scalar(struct mmdb_classes *c, const struct mmdb_value *v) {
	struct arena_mark mark = arena_mark(&c->arena);
	uint64_t number[3] = { v->type, v->hi, v->lo };
	char *text;

	if (v->type == MMDB_DOUBLE || v->type == MMDB_FLOAT)
		memcpy(&number[2], &v->real, sizeof(v->real));
	if (v->type != MMDB_STRING && v->type != MMDB_BYTES)
		return intern(c, mark, arena_dup(&c->arena, number, sizeof(number)), sizeof(number));
	text = arena_alloc(&c->arena, v->text.len + 1);
	text[0] = (char)v->type;
	if (v->text.len)
		memcpy(text + 1, v->text.s, v->text.len);
	return intern(c, mark, text, v->text.len + 1);
}

static int pair_order(const void *a, const void *b) {
	const struct pair *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static uint32_t intern_items(struct mmdb_classes *c, const struct pair *items, size_t n) {
	struct arena_mark mark = arena_mark(&c->arena);

	return intern(c, mark, arena_dup(&c->arena, items, n * sizeof(*items)), n * sizeof(*items));
}

static int number_of(struct mmdb_class_file *f, uint64_t offset, unsigned depth, uint32_t *ret_number,
		     uint64_t *ret_next, struct mmdb_fault *fault);

/* Reads the items behind a map's or array's head. */
static int read_items(struct mmdb_class_file *f, const struct mmdb_value *v, unsigned depth, struct known *ret_known,
		      struct mmdb_fault *fault) {
	bool is_map = v->type == MMDB_MAP;
	VEC(struct pair) items = { 0 };
	uint64_t at = v->content;
	int r = 0;

	/* The type stands in front as an item of its own. */
	vec_push(&items, (struct pair){ 0, v->type });
	for (uint32_t i = 0; i < v->size && r == 0; i++) {
		struct pair pair = { 0 };

		if (is_map)
			r = number_of(f, at, depth, &pair.key, &at, fault);
		if (r == 0)
			r = number_of(f, at, depth, &pair.value, &at, fault);
		vec_push(&items, pair);
	}
	if (r == 0) {
		if (is_map)
			qsort(items.v + 1, items.n - 1, sizeof(*items.v), pair_order);
		ret_known->number = intern_items(f->classes, items.v, items.n);
		ret_known->end = at;
	}
	vec_done(&items);
	return r;
}

static int container(struct mmdb_class_file *f, const struct mmdb_value *v, unsigned depth,
		     const struct known **ret_known, struct mmdb_fault *fault) {
	struct known *k = map_get(&f->number_at, &v->start, sizeof(v->start));
	struct known found = { .start = v->start };
	int r;

	if (!k) {
		if (depth == MMDB_DEPTH_MAX)
			return fail(fault, "values are nested too deeply", v->start);
		r = read_items(f, v, depth + 1, &found, fault);
		if (r < 0)
			return r;
		k = arena_new(&f->classes->arena, struct known);
		*k = found;
		(void)map_add(&f->number_at, &k->start, sizeof(k->start), k);
	}
	*ret_known = k;
	return 0;
}

static int number_of(struct mmdb_class_file *f, uint64_t offset, unsigned depth, uint32_t *ret_number,
		     uint64_t *ret_next, struct mmdb_fault *fault) {
	const struct known *known;
	struct mmdb_value v;
	int r = mmdb_value(f->db, offset, &v, fault);

	if (r < 0)
		return r;
	if (v.type != MMDB_MAP && v.type != MMDB_ARRAY) {
		*ret_number = intern_scalar(f->classes, &v);
		*ret_next = v.next;
		return 0;
	}
	r = container(f, &v, depth, &known, fault);
	if (r < 0)
		return r;
	*ret_number = known->number;
	*ret_next = v.was_pointer ? v.next : known->end;
	return 0;
}

int mmdb_class(struct mmdb_class_file *f, uint64_t offset, uint32_t *ret_number, struct mmdb_fault *ret_fault) {
	uint64_t next;

	return number_of(f, offset, 0, ret_number, &next, ret_fault);
}
