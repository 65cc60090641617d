/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each value is made once (hash consing): a scalar is known by its type and bytes, a container by its type and which
 * items it has, so that two values are equal exactly when they are the same datum. Maps are sorted when their last item
 * has come, and only then looked up.
 *
 * A datum is written in place where it is first met, and from then on there is something to point to. A record's value
 * always stands by itself: an equal one inside another value does not do, as readers that go through the section expect
 * to meet it there.
 */
#include "geo/mmdb_data.h"

#include <errno.h>

#include "base/map.h"
#include "base/vec.h"

#define NOWHERE UINT64_MAX

enum { COPY_MAX = 1 << 16, SIZE_MAX_BYTES = 65821 + 0xffffff };

struct datum {
	enum mmdb_type type;
	uint32_t size;       /* as the format counts it */
	uint32_t items;      /* of a container: twice the size of a map */
	const void *payload; /* bytes as written, or of a container const struct datum *[items] */
	uint64_t in_place;   /* offset of the first time it was written, and its length there */
	uint64_t in_place_len;
	uint64_t record; /* offset as a value by itself */
};

/* A container that waits for more items. */
struct open {
	enum mmdb_type type;
	uint32_t size, left;
	size_t first; /* in mmdb_data.items */
};

struct mmdb_data {
	struct arena arena;
	struct map known;
	VEC(struct datum *) items; /* of the open containers, one behind the other; at last the value itself */
	struct open open[MMDB_DATA_DEPTH_MAX];
	unsigned depth;
	int error;
	bool plain;
	VEC(uint8_t) key; /* scratch */
	VEC(uint8_t) out; /* the section */
	uint32_t last;
};

struct mmdb_data *mmdb_data_new(void) {
	struct arena a = { 0 };
	struct mmdb_data *d = arena_new(&a, struct mmdb_data);

	d->arena = a; /* which it lives in itself */
	map_init(&d->known, &d->arena);
	return d;
}

void mmdb_data_free(struct mmdb_data *d) {
	struct arena a;

	if (!d)
		return;
	map_done(&d->known);
	vec_done(&d->items);
	vec_done(&d->key);
	vec_done(&d->out);
	a = d->arena;
	arena_done(&a);
}

void mmdb_data_plain(struct mmdb_data *d) {
	d->plain = true;
}

void mmdb_data_drop(struct mmdb_data *d) {
	d->items.n = 0;
	d->depth = 0;
	d->error = 0;
}

struct str mmdb_data_section(const struct mmdb_data *d) {
	return (struct str){ (const char *)d->out.v, d->out.n };
}

uint32_t mmdb_data_last(const struct mmdb_data *d) {
	return d->last;
}

static void append(struct mmdb_data *d, const void *bytes, size_t n) {
	while (d->out.cap - d->out.n < n)
		d->out.v = vec_grow(d->out.v, &d->out.cap, 1);
	if (n)
		memcpy(d->out.v + d->out.n, bytes, n);
	d->out.n += n;
}

/* --- what a value is --- */

/* The datum of a type and payload, made when it is the first. */
static struct datum *intern(struct mmdb_data *d, enum mmdb_type type, uint32_t size, uint32_t items,
			    const void *payload, size_t payload_len) {
	uint8_t head[8] = { (uint8_t)type, 0, 0, 0 };
	struct datum *known;
	const char *key;

	memcpy(head + 4, &size, sizeof(size));
	while (d->key.cap < sizeof(head) + payload_len)
		d->key.v = vec_grow(d->key.v, &d->key.cap, 1);
	memcpy(d->key.v, head, sizeof(head));
	if (payload_len)
		memcpy(d->key.v + sizeof(head), payload, payload_len);
	known = map_get(&d->known, d->key.v, sizeof(head) + payload_len);
	if (known)
		return known;
	key = arena_dup(&d->arena, d->key.v, sizeof(head) + payload_len);
	known = arena_new(&d->arena, struct datum);
	*known = (struct datum){ type, size, items, key + sizeof(head), NOWHERE, 0, NOWHERE };
	(void)map_add(&d->known, key, sizeof(head) + payload_len, known);
	return known;
}

static int compare_texts(const struct datum *a, const struct datum *b) {
	int r = memcmp(a->payload, b->payload, MIN(a->size, b->size));

	return r ? r : a->size < b->size ? -1 : a->size > b->size;
}

static int compare_pairs(const void *a, const void *b) {
	return compare_texts(*(struct datum *const *)a, *(struct datum *const *)b);
}

static bool sort_map(struct datum **item, uint32_t pairs) {
	for (uint32_t i = 0; i < pairs; i++)
		if (item[2 * (size_t)i]->type != MMDB_STRING)
			return false;
	if (pairs > 1)
		qsort(item, pairs, 2 * sizeof(struct datum *), compare_pairs);
	for (uint32_t i = 1; i < pairs; i++)
		if (item[2 * (size_t)i] == item[2 * (size_t)(i - 1)])
			return false;
	return true;
}

/* Makes the innermost container, which has all its items, one of the container around it. */
static void complete(struct mmdb_data *d) {
	struct open o = d->open[--d->depth];
	size_t n = d->items.n - o.first;
	struct datum **item = d->items.v + o.first, *datum;

	if (o.type == MMDB_MAP && !sort_map(item, o.size)) {
		d->error = -EINVAL;
		return;
	}
	datum = intern(d, o.type, o.size, (uint32_t)n, item, n * sizeof(*item));
	d->items.n = o.first;
	vec_push(&d->items, datum);
}

/* Adds an item where items are expected, and ends the containers that it completes. */
static void put(struct mmdb_data *d, struct datum *datum) {
	if (d->error)
		return;
	if (d->depth == 0 && d->items.n) { /* something behind the end of the value */
		d->error = -EINVAL;
		return;
	}
	vec_push(&d->items, datum);
	while (d->depth && --d->open[d->depth - 1].left == 0 && !d->error)
		complete(d);
}

static void put_scalar(struct mmdb_data *d, enum mmdb_type type, uint32_t size, const void *payload, size_t len) {
	if (!d->error && d->depth == MMDB_DATA_DEPTH_MAX)
		d->error = -EINVAL;
	if (!d->error)
		put(d, intern(d, type, size, 0, payload, len));
}

static void begin(struct mmdb_data *d, enum mmdb_type type, uint32_t size, uint32_t items) {
	if (d->error)
		return;
	if (size == 0) {
		put_scalar(d, type, 0, NULL, 0);
		return;
	}
	if (d->depth == MMDB_DATA_DEPTH_MAX || (d->depth == 0 && d->items.n) || size > SIZE_MAX_BYTES) {
		d->error = -EINVAL;
		return;
	}
	d->open[d->depth++] = (struct open){ type, size, items, d->items.n };
}

void mmdb_data_map(struct mmdb_data *d, uint32_t pairs) {
	begin(d, MMDB_MAP, pairs, 2 * pairs);
}

void mmdb_data_array(struct mmdb_data *d, uint32_t items) {
	begin(d, MMDB_ARRAY, items, items);
}

static void put_slice(struct mmdb_data *d, enum mmdb_type type, struct str s) {
	if (s.len > SIZE_MAX_BYTES)
		d->error = -EINVAL;
	else
		put_scalar(d, type, (uint32_t)s.len, s.s, s.len);
}

void mmdb_data_text(struct mmdb_data *d, struct str text) {
	if (utf8_check(text.s, text.len) != text.len)
		d->error = -EINVAL;
	put_slice(d, MMDB_STRING, text);
}

void mmdb_data_bytes(struct mmdb_data *d, struct str bytes) {
	put_slice(d, MMDB_BYTES, bytes);
}

/* A number without the zero bytes before it; `size` bytes of it are there. */
static void put_number(struct mmdb_data *d, enum mmdb_type type, const uint8_t *big_endian, unsigned size) {
	while (size && !*big_endian) {
		big_endian++;
		size--;
	}
	put_scalar(d, type, size, big_endian, size);
}

static void big_endian_of(uint64_t x, uint8_t ret_bytes[static 8]) {
	for (int i = 8; i--; x >>= 8)
		ret_bytes[i] = (uint8_t)x;
}

void mmdb_data_uint(struct mmdb_data *d, enum mmdb_type type, uint64_t hi, uint64_t lo) {
	uint64_t most = type == MMDB_BOOL     ? 1
			: type == MMDB_UINT16 ? UINT16_MAX
			: type == MMDB_UINT32 ? UINT32_MAX
					      : UINT64_MAX;
	uint8_t bytes[16];

	if (lo > most || (hi && type != MMDB_UINT128))
		d->error = -EINVAL;
	big_endian_of(hi, bytes);
	big_endian_of(lo, bytes + 8);
	if (type == MMDB_BOOL)
		put_scalar(d, type, (uint32_t)lo, NULL, 0);
	else
		put_number(d, type, bytes, sizeof(bytes));
}

void mmdb_data_int(struct mmdb_data *d, int32_t value) {
	uint8_t bytes[8];

	big_endian_of((uint32_t)value, bytes);
	put_number(d, MMDB_INT32, bytes, 8); /* a negative one has all four bytes */
}

void mmdb_data_double(struct mmdb_data *d, double value) {
	uint8_t bytes[8];
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	big_endian_of(bits, bytes);
	put_scalar(d, MMDB_DOUBLE, 8, bytes, 8);
}

void mmdb_data_float(struct mmdb_data *d, float value) {
	uint8_t bytes[8];
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	big_endian_of(bits, bytes);
	put_scalar(d, MMDB_FLOAT, 4, bytes + 4, 4);
}

/* --- how it is written --- */

static void write_head(struct mmdb_data *d, enum mmdb_type type, uint32_t size) {
	static const uint32_t base[] = { 0, 29, 285, 65821 };
	unsigned more = size < 29 ? 0 : size < 285 ? 1 : size < 65821 ? 2 : 3, n = 0;
	uint8_t bytes[5];

	bytes[n++] = (uint8_t)((type > MMDB_MAP ? 0U : (unsigned)type << 5) | (more ? 28 + more : size));
	if (type > MMDB_MAP)
		bytes[n++] = (uint8_t)(type - MMDB_MAP);
	for (unsigned i = more; i--;)
		bytes[n++] = (uint8_t)((size - base[more]) >> 8 * i);
	append(d, bytes, n);
}

/* The bytes of a pointer, and how many. Each length begins where the one before ends; the longest has no base. */
static unsigned pointer_bytes(uint64_t target, uint8_t ret_bytes[static 5]) {
	static const uint32_t base[] = { 0, 2048, 526336, 0 };
	unsigned extra = target < 2048 ? 0 : target < 526336 ? 1 : target < 526336 + (1 << 27) ? 2 : 3;
	uint64_t x = target - base[extra];

	ret_bytes[0] = (uint8_t)(MMDB_POINTER << 5 | extra << 3 | (extra == 3 ? 0 : x >> 8 * (extra + 1)));
	for (unsigned i = 0; i <= extra; i++)
		ret_bytes[1 + i] = (uint8_t)(x >> 8 * (extra - i));
	return extra + 2;
}

static void write_item(struct mmdb_data *d, struct datum *datum);

/* Recursion goes no deeper than containers were open. */
static void write_in_place(struct mmdb_data *d, struct datum *datum) {
	struct datum *const *item = datum->payload;
	uint64_t start = d->out.n;

	write_head(d, datum->type, datum->size);
	for (uint32_t i = 0; i < datum->items; i++)
		write_item(d, item[i]);
	if (!datum->items && datum->type != MMDB_BOOL)
		append(d, datum->payload, datum->size);
	if (datum->in_place == NOWHERE) {
		datum->in_place = start;
		datum->in_place_len = d->out.n - start;
	}
}

static void write_item(struct mmdb_data *d, struct datum *datum) {
	uint8_t pointer[5];
	unsigned n;

	if (datum->in_place != NOWHERE && !d->plain) {
		n = pointer_bytes(datum->in_place, pointer);
		if (n < datum->in_place_len) {
			append(d, pointer, n);
			return;
		}
	}
	if (d->out.n <= UINT32_MAX) /* else it is too large already */
		write_in_place(d, datum);
}

int mmdb_data_end(struct mmdb_data *d, uint32_t *ret_offset) {
	int r = d->error ? d->error : d->depth || d->items.n != 1 ? -EINVAL : 0;
	struct datum *datum = d->items.n ? d->items.v[0] : NULL;
	uint64_t start = d->out.n;

	mmdb_data_drop(d);
	if (r < 0 || !datum)
		return -EINVAL;
	if (datum->record == NOWHERE) {
		write_in_place(d, datum);
		if (d->out.n > UINT32_MAX)
			return -E2BIG;
		datum->record = start;
		d->last = (uint32_t)start;
	}
	*ret_offset = (uint32_t)datum->record;
	return 0;
}

/* --- copies --- */

struct frame {
	uint64_t at; /* the next item */
	uint32_t left;
	bool in_place; /* what comes behind it begins where it ends */
};

static int copy_fail(struct mmdb_data *d, struct mmdb_fault *fault, const char *what, uint64_t offset) {
	mmdb_data_drop(d);
	if (fault && what)
		*fault = (struct mmdb_fault){ what, offset };
	return -EBADMSG;
}

static void copy_one(struct mmdb_data *d, const struct mmdb_value *v) {
	switch (v->type) {
	case MMDB_MAP:
		mmdb_data_map(d, v->size);
		break;
	case MMDB_ARRAY:
		mmdb_data_array(d, v->size);
		break;
	case MMDB_STRING:
		mmdb_data_text(d, v->text);
		break;
	case MMDB_BYTES:
		mmdb_data_bytes(d, v->text);
		break;
	case MMDB_DOUBLE:
		mmdb_data_double(d, v->real);
		break;
	case MMDB_FLOAT:
		mmdb_data_float(d, (float)v->real);
		break;
	case MMDB_INT32:
		mmdb_data_int(d, (int32_t)(int64_t)v->lo);
		break;
	default:
		mmdb_data_uint(d, v->type, v->hi, v->lo);
	}
}

int mmdb_data_copy(struct mmdb_data *d, const struct mmdb *from, uint64_t offset, struct mmdb_fault *ret_fault) {
	struct frame stack[MMDB_DATA_DEPTH_MAX + 1] = { { offset, 1, true } };
	unsigned depth = 0;

	for (unsigned parts = 0; stack[0].left || depth; parts++) {
		struct frame *f = &stack[depth];
		struct mmdb_value v;
		uint64_t at = f->at;

		if (mmdb_value(from, at, &v, ret_fault) < 0)
			return copy_fail(d, NULL, NULL, 0);
		if (depth == MMDB_DATA_DEPTH_MAX)
			return copy_fail(d, ret_fault, "values are nested deeper than 256", at);
		if (parts == COPY_MAX)
			return copy_fail(d, ret_fault, "a record has more than 2^16 parts", offset);
		f->left--;
		f->at = v.next;
		copy_one(d, &v);
		if (d->error)
			return copy_fail(d, ret_fault,
					 "a text is not UTF-8, or a map has a key twice or one that is no text", at);
		if ((v.type == MMDB_MAP || v.type == MMDB_ARRAY) && v.size)
			stack[++depth] =
				(struct frame){ v.content, v.type == MMDB_MAP ? 2 * v.size : v.size, !v.was_pointer };
		while (depth && !stack[depth].left) {
			if (stack[depth].in_place)
				stack[depth - 1].at = stack[depth].at;
			depth--;
		}
	}
	return 0;
}
