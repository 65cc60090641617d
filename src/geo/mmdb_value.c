/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A value begins with a control byte: three bits of type and five of size. Type 0 means that the next byte has the type
 * less 7, and that byte comes before further bytes of the size. A pointer has its own layout. A container's size counts
 * items, not bytes; so a value's end is only found by going through all of it, and what claims more items than bytes
 * are left is refused before anybody begins.
 */
#include "geo/mmdb_value.h"

#include <errno.h>
#include <string.h>

static int fail(struct mmdb_fault *fault, const char *what, uint64_t offset) {
	if (fault)
		*fault = (struct mmdb_fault){ what, offset };
	return -EBADMSG;
}

/* The section that an offset lies in: pointers count from its start, and nothing may reach behind its end. */
struct section {
	uint64_t start, end;
};

static int section_of(const struct mmdb *db, uint64_t offset, struct section *ret_s, struct mmdb_fault *fault) {
	struct section data = { db->data_start, db->data_start + db->data_len }, meta = { db->meta_start, db->len };

	*ret_s = offset >= meta.start ? meta : data;
	if (offset < ret_s->start || offset >= ret_s->end)
		return fail(fault, "a value is expected outside the data section", offset);
	return 0;
}

static uint64_t big_endian(const uint8_t *p, size_t n) {
	uint64_t x = 0;

	for (size_t i = 0; i < n; i++)
		x = x << 8 | p[i];
	return x;
}

/* A control byte, taken apart: a type (MMDB_POINTER with its target) and a size. */
struct head {
	enum mmdb_type type;
	uint32_t size;
	uint64_t target, end; /* offsets in the file */
};

static int read_pointer(const struct mmdb *db, const struct section *s, uint64_t offset, struct head *ret_h,
			struct mmdb_fault *fault) {
	static const uint32_t base[4] = { 0, 2048, 526336, 0 };
	unsigned control = db->bytes[offset], extra = control >> 3 & 3;
	uint64_t high = extra == 3 ? 0 : control & 7U, target;

	if (s->end - offset < extra + 2)
		return fail(fault, "a pointer reaches behind the end of its section", offset);
	target = (high << 8 * (extra + 1) | big_endian(db->bytes + offset + 1, extra + 1)) + base[extra];
	if (target >= s->end - s->start)
		return fail(fault, "a pointer points behind the end of its section", offset);
	*ret_h = (struct head){ MMDB_POINTER, 0, s->start + target, offset + extra + 2 };
	return 0;
}

static int read_size(const struct mmdb *db, const struct section *s, uint64_t offset, struct head *h,
		     struct mmdb_fault *fault) {
	static const uint32_t base[3] = { 29, 285, 65821 };
	unsigned n = h->size < 29 ? 0 : h->size - 28;

	if (n == 0)
		return 0;
	if (s->end - h->end < n)
		return fail(fault, "a value's size reaches behind the end of its section", offset);
	h->size = base[n - 1] + (uint32_t)big_endian(db->bytes + h->end, n);
	h->end += n;
	return 0;
}

static int read_head(const struct mmdb *db, const struct section *s, uint64_t offset, struct head *ret_h,
		     struct mmdb_fault *fault) {
	unsigned control = db->bytes[offset], type = control >> 5;
	struct head h = { .size = control & 31, .end = offset + 1 };
	int r;

	if (type == MMDB_POINTER)
		return read_pointer(db, s, offset, ret_h, fault);
	if (type == 0) {
		if (h.end == s->end)
			return fail(fault, "a value's type lies behind the end of its section", offset);
		type = db->bytes[h.end++] + 7U;
		if (type < MMDB_INT32 || type == MMDB_CONTAINER || type == MMDB_END || type > MMDB_FLOAT)
			return fail(fault, "a value has a type that the format does not know", offset);
	}
	h.type = (enum mmdb_type)type;
	r = read_size(db, s, offset, &h, fault);
	if (r == 0)
		*ret_h = h;
	return r;
}

/* Numbers have a largest or an exact size. */
static bool size_fits(enum mmdb_type type, uint32_t size) {
	static const uint8_t most[] = {
		[MMDB_UINT16] = 2,   [MMDB_UINT32] = 4, [MMDB_INT32] = 4,  [MMDB_UINT64] = 8,
		[MMDB_UINT128] = 16, [MMDB_BOOL] = 1,   [MMDB_DOUBLE] = 8, [MMDB_FLOAT] = 4,
	};

	if (type == MMDB_DOUBLE || type == MMDB_FLOAT)
		return size == most[type];
	return type >= ARRAY_LEN(most) || !most[type] || size <= most[type];
}

static void read_number(const uint8_t *p, struct mmdb_value *v) {
	uint32_t bits32;
	uint64_t bits64;
	float real;

	if (v->size > 8) {
		v->hi = big_endian(p, v->size - 8);
		p += v->size - 8;
	}
	v->lo = bits64 = big_endian(p, MIN(v->size, 8U));
	bits32 = (uint32_t)bits64;
	if (v->type == MMDB_INT32)
		v->lo = (uint64_t)(int64_t)(int32_t)bits32;
	if (v->type == MMDB_DOUBLE)
		memcpy(&v->real, &bits64, sizeof(v->real));
	if (v->type == MMDB_FLOAT) {
		memcpy(&real, &bits32, sizeof(real));
		v->real = (double)real;
	}
	if (v->type == MMDB_DOUBLE || v->type == MMDB_FLOAT)
		v->lo = 0;
}

static int read_payload(const struct mmdb *db, const struct section *s, uint64_t offset, struct mmdb_value *v,
			struct mmdb_fault *fault) {
	uint64_t left = s->end - v->content;

	if (!size_fits(v->type, v->size))
		return fail(fault, "a number has a size that its type cannot have", offset);
	if (v->type == MMDB_MAP || v->type == MMDB_ARRAY) {
		if (v->size > left / (v->type == MMDB_MAP ? 2 : 1))
			return fail(fault, "a map or array says that it has more items than there are bytes left",
				    offset);
		v->next = v->content;
		return 0;
	}
	if (v->type == MMDB_BOOL) {
		v->lo = v->size;
		v->next = v->content;
		return 0;
	}
	if (v->size > left)
		return fail(fault, "a value reaches behind the end of its section", offset);
	v->next = v->content + v->size;
	if (v->type == MMDB_STRING || v->type == MMDB_BYTES)
		v->text = (struct str){ (const char *)db->bytes + v->content, v->size };
	else
		read_number(db->bytes + v->content, v);
	return 0;
}

int mmdb_value(const struct mmdb *db, uint64_t offset, struct mmdb_value *ret_v, struct mmdb_fault *ret_fault) {
	struct mmdb_value v = { 0 };
	struct section s;
	struct head h = { 0 };
	uint64_t behind = 0;
	int r = section_of(db, offset, &s, ret_fault);

	if (r == 0)
		r = read_head(db, &s, offset, &h, ret_fault);
	if (r == 0 && h.type == MMDB_POINTER) {
		v.was_pointer = true;
		behind = h.end;
		offset = h.target;
		r = read_head(db, &s, offset, &h, ret_fault);
		if (r == 0 && h.type == MMDB_POINTER)
			return fail(ret_fault, "a pointer points to a pointer", offset);
	}
	if (r < 0)
		return r;
	v.type = h.type;
	v.size = h.size;
	v.start = offset;
	v.content = h.end;
	r = read_payload(db, &s, offset, &v, ret_fault);
	if (r < 0)
		return r;
	if (v.was_pointer)
		v.next = behind;
	*ret_v = v;
	return 0;
}

/* What follows a value is known at once, but for containers in place: those put their items on a stack of counts. */
int mmdb_skip(const struct mmdb *db, uint64_t offset, uint64_t *ret_next, struct mmdb_fault *ret_fault) {
	uint32_t left[MMDB_DEPTH_MAX + 1];
	unsigned depth = 0;

	left[0] = 1;
	for (;;) {
		struct mmdb_value v = { 0 };
		int r;

		while (depth && !left[depth])
			depth--;
		if (!left[depth])
			break;
		if (depth == MMDB_DEPTH_MAX)
			return fail(ret_fault, "values are nested deeper than 512", offset);
		left[depth]--;
		r = mmdb_value(db, offset, &v, ret_fault);
		if (r < 0)
			return r;
		offset = v.next;
		if (v.was_pointer || (v.type != MMDB_MAP && v.type != MMDB_ARRAY))
			continue;
		left[++depth] = v.type == MMDB_MAP ? 2 * v.size : v.size;
	}
	*ret_next = offset;
	return 0;
}

/* The value of one key of a map. */
static int find_key(const struct mmdb *db, const struct mmdb_value *map, const char *key, struct mmdb_value *ret_v,
		    struct mmdb_fault *fault) {
	uint64_t at = map->content;

	for (uint32_t i = 0; i < map->size; i++) {
		struct mmdb_value k;
		int r = mmdb_value(db, at, &k, fault);

		if (r < 0)
			return r;
		if (k.type != MMDB_STRING)
			return fail(fault, "a map's key is no text", at);
		if (str_is(k.text, key)) {
			r = mmdb_value(db, k.next, ret_v, fault);
			return r < 0 ? r : 1;
		}
		r = mmdb_skip(db, k.next, &at, fault);
		if (r < 0)
			return r;
	}
	return 0;
}

int mmdb_get(const struct mmdb *db, uint64_t offset, const char *const *path, struct mmdb_value *ret_v,
	     struct mmdb_fault *ret_fault) {
	struct mmdb_value v;
	int r = mmdb_value(db, offset, &v, ret_fault);

	if (r < 0)
		return r;
	for (; *path; path++) {
		struct mmdb_value below;

		if (v.type != MMDB_MAP)
			return 0;
		r = find_key(db, &v, *path, &below, ret_fault);
		if (r <= 0)
			return r;
		v = below;
	}
	*ret_v = v;
	return 1;
}

static bool is_letter(char c) {
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool take_code(const struct mmdb_value *v, char ret_code[static 3]) {
	const char *s = v->text.s;

	if (v->type != MMDB_STRING || v->text.len != 2 || !is_letter(s[0]) || !is_letter(s[1]))
		return false;
	ret_code[0] = (char)(s[0] & ~0x20);
	ret_code[1] = (char)(s[1] & ~0x20);
	ret_code[2] = 0;
	return true;
}

int mmdb_country(const struct mmdb *db, uint64_t offset, char ret_code[static 3], struct mmdb_fault *ret_fault) {
	static const char *const paths[][3] = {
		{ "country", "iso_code", NULL },
		{ NULL },
		{ "country_code", NULL },
		{ "iso_code", NULL },
		{ "country", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct mmdb_value v = { 0 };
		int r = mmdb_get(db, offset, paths[i], &v, ret_fault);

		if (r < 0)
			return r;
		if (r && take_code(&v, ret_code))
			return 1;
	}
	return 0;
}
