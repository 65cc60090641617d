/* SPDX-License-Identifier: Apache-2.0 */
#include "geo/answer.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "base/emit.h"
#include "geo/country.h"

enum { DEPTH_MAX = 512, VALUES_MAX = 1000000 };

int geo_answer(const struct mmdb *db, uint64_t offset, struct geo_answer *ret_answer, struct mmdb_fault *ret_fault) {
	static const char *const name_path[] = { "country", "names", "en", NULL };
	static const char *const eu_path[] = { "country", "is_in_european_union", NULL };
	static const char *const code_path[] = { "country", "iso_code", NULL };
	struct geo_answer a = { .code = "" };
	const struct country *c;
	struct mmdb_value v;
	int r = mmdb_country(db, offset, a.code, ret_fault);

	if (r <= 0) {
		if (r == 0)
			*ret_answer = a;
		return r;
	}
	c = country_of_code(a.code);
	r = mmdb_get(db, offset, code_path, &v, ret_fault);
	if (r == 0 && c) {
		a.in_eu = c->in_eu;
		a.name = str_of(c->name);
	}
	if (r == 1)
		r = mmdb_get(db, offset, eu_path, &v, ret_fault);
	if (r == 1)
		a.in_eu = v.type == MMDB_BOOL && v.lo;
	if (r >= 0)
		r = mmdb_get(db, offset, name_path, &v, ret_fault);
	if (r < 0)
		return r;
	if (r == 1 && v.type == MMDB_STRING)
		a.name = v.text;
	else if (c)
		a.name = str_of(c->name);
	*ret_answer = a;
	return 0;
}

static void write_real(FILE *out, double x, bool is_float) {
	char text[32];

	if (!isfinite(x)) {
		(void)fputs("null", out);
		return;
	}
	/* The fewest digits that are enough: 15 (or 6) often are. */
	(void)snprintf(text, sizeof(text), "%.*g", is_float ? 6 : 15, x);
	if (is_float ? strtof(text, NULL) != (float)x : strtod(text, NULL) != x)
		(void)snprintf(text, sizeof(text), "%.*g", is_float ? 9 : 17, x);
	(void)fputs(text, out);
}

static void write_scalar(FILE *out, const struct mmdb_value *v) {
	switch (v->type) {
	case MMDB_STRING:
		json_write_string(out, v->text.s, v->text.len);
		return;
	case MMDB_BYTES:
		(void)fputc('"', out);
		for (size_t i = 0; i < v->text.len; i++)
			(void)fprintf(out, "%02x", (unsigned char)v->text.s[i]);
		(void)fputc('"', out);
		return;
	case MMDB_DOUBLE:
	case MMDB_FLOAT:
		write_real(out, v->real, v->type == MMDB_FLOAT);
		return;
	case MMDB_BOOL:
		(void)fputs(v->lo ? "true" : "false", out);
		return;
	case MMDB_INT32:
		(void)fprintf(out, "%" PRId64, (int64_t)v->lo);
		return;
	default:
		if (v->hi)
			(void)fprintf(out, "\"0x%" PRIx64 "%016" PRIx64 "\"", v->hi, v->lo);
		else
			(void)fprintf(out, "%" PRIu64, v->lo);
	}
}

/* One value being written. Pointers can make a record of a few bytes endless, so its values are counted. */
struct writing {
	FILE *out;
	const struct mmdb *db;
	uint32_t values;
	struct mmdb_fault *fault;
};

static int refuse(const struct writing *w, const char *what, uint64_t offset) {
	if (w->fault)
		*w->fault = (struct mmdb_fault){ what, offset };
	return -EBADMSG;
}

static int write_value(struct writing *w, uint64_t *at, unsigned depth);

static int write_key(const struct writing *w, uint64_t *at) {
	struct mmdb_value key;
	int r = mmdb_value(w->db, *at, &key, w->fault);

	if (r < 0)
		return r;
	if (key.type != MMDB_STRING)
		return refuse(w, "a map's key is no text", *at);
	json_write_string(w->out, key.text.s, key.text.len);
	(void)fputc(':', w->out);
	*at = key.next;
	return 0;
}

static int write_items(struct writing *w, const struct mmdb_value *v, uint64_t *at, unsigned depth) {
	bool map = v->type == MMDB_MAP;
	int r = 0;

	(void)fputc(map ? '{' : '[', w->out);
	for (uint32_t i = 0; r == 0 && i < v->size; i++) {
		if (i)
			(void)fputc(',', w->out);
		if (map)
			r = write_key(w, at);
		if (r == 0)
			r = write_value(w, at, depth + 1);
	}
	(void)fputc(map ? '}' : ']', w->out);
	return r;
}

/* Writes the value at *at and moves behind it. */
static int write_value(struct writing *w, uint64_t *at, unsigned depth) {
	struct mmdb_value v;
	uint64_t inner;
	int r = mmdb_value(w->db, *at, &v, w->fault);

	if (r < 0)
		return r;
	if (depth == DEPTH_MAX)
		return refuse(w, "values are nested more than 512 deep", *at);
	if (++w->values > VALUES_MAX)
		return refuse(w, "a record has more than a million values", *at);
	if (v.type != MMDB_MAP && v.type != MMDB_ARRAY) {
		write_scalar(w->out, &v);
		*at = v.next;
		return 0;
	}
	inner = v.content;
	r = write_items(w, &v, &inner, depth);
	*at = v.was_pointer ? v.next : inner;
	return r;
}

int mmdb_write_json(FILE *out, const struct mmdb *db, uint64_t offset, struct mmdb_fault *ret_fault) {
	struct writing w = { out, db, 0, ret_fault };

	return write_value(&w, &offset, 0);
}
