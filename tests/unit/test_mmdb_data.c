/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder against the reader, and against sections written down by hand. */
#include "unit.h"

#include <errno.h>

#include "geo/mmdb_data.h"
#include "mmdb_make.h"

static struct bytes file;

static struct mmdb file_of(const struct mmdb_data *d) {
	struct str section = mmdb_data_section(d);
	struct mmdb db;

	file.n = 0;
	put_node(&file, 24, 1, 1);
	put_separator(&file);
	put(&file, section.s, section.len);
	put_meta(&file, 1, 24, 4);
	assert_int_equal(mmdb_open(file.b, file.n, &db, NULL), 0);
	return db;
}

static void put_country(struct mmdb_data *d, const char *code, const char *name, bool turned) {
	mmdb_data_map(d, 2);
	for (unsigned i = 0; i < 2; i++) {
		if (i == turned) {
			mmdb_data_text(d, STR("code"));
			mmdb_data_text(d, str_of(code));
		} else {
			mmdb_data_text(d, STR("names"));
			mmdb_data_map(d, 1);
			mmdb_data_text(d, STR("en"));
			mmdb_data_text(d, str_of(name));
		}
	}
}

/* Keys ascend, what is known is pointed to where that is shorter, and equal records are one. */
static void test_bytes(void **state) {
	static const char expected[] = "\xe2\x44"
				       "code\x42"
				       "CZ\x45"
				       "names\xe1\x42"
				       "en\x47"
				       "Czechia"
				       /* 27: what is known and longer than two bytes is a pointer */
				       "\xe2\x20\x01\x42"
				       "SK\x20\x09\xe1\x20\x10\x48"
				       "Slovakia";
	struct mmdb_data *d = mmdb_data_new();
	uint32_t at[3];

	(void)state;
	put_country(d, "CZ", "Czechia", false);
	assert_int_equal(mmdb_data_end(d, &at[0]), 0);
	put_country(d, "SK", "Slovakia", true);
	assert_int_equal(mmdb_data_end(d, &at[1]), 0);
	put_country(d, "CZ", "Czechia", true);
	assert_int_equal(mmdb_data_end(d, &at[2]), 0);
	assert_true(at[0] == 0 && at[1] == 27 && at[2] == 0);
	assert_int_equal(mmdb_data_section(d).len, sizeof(expected) - 1);
	assert_memory_equal(mmdb_data_section(d).s, expected, sizeof(expected) - 1);
	mmdb_data_free(d);
}

/* A pointer of two bytes for a text of two is no gain, and one more read. */
static void test_pointer_of_equal_length(void **state) {
	struct mmdb_data *d = mmdb_data_new();
	uint32_t at;

	(void)state;
	mmdb_data_array(d, 2);
	mmdb_data_text(d, STR("x"));
	mmdb_data_text(d, STR("x"));
	assert_int_equal(mmdb_data_end(d, &at), 0);
	assert_int_equal(mmdb_data_section(d).len, 6);
	assert_memory_equal(mmdb_data_section(d).s, "\x02\x04\x41x\x41x", 6);
	mmdb_data_free(d);
}

/* A record that is also inside another one stands by itself. */
static void test_record_of_its_own(void **state) {
	struct mmdb_data *d = mmdb_data_new();
	uint32_t outer, inner;

	(void)state;
	mmdb_data_array(d, 1);
	mmdb_data_text(d, STR("long enough"));
	assert_int_equal(mmdb_data_end(d, &outer), 0);
	mmdb_data_text(d, STR("long enough"));
	assert_int_equal(mmdb_data_end(d, &inner), 0);
	assert_true(outer == 0 && inner == 14);
	mmdb_data_free(d);
}

/* Texts around each size at which the size field grows, and one of which there is no longer. */
static void test_sizes(void **state) {
	static const uint32_t sizes[] = { 0, 1, 28, 29, 284, 285, 65820, 65821, 16843036 };
	struct mmdb_data *d = mmdb_data_new();
	char *text = calloc(1, 16843037);
	uint32_t at, next = 0;
	struct mmdb db = { 0 };

	(void)state;
	memset(text, 'x', 16843037);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct mmdb_value v;
		struct str section;

		mmdb_data_text(d, (struct str){ text, sizes[i] });
		assert_int_equal(mmdb_data_end(d, &at), 0);
		assert_int_equal(at, next);
		section = mmdb_data_section(d);
		db.bytes = (const uint8_t *)section.s;
		db.data_len = db.len = db.meta_start = section.len;
		assert_int_equal(mmdb_value(&db, at, &v, NULL), 0);
		assert_true(v.type == MMDB_STRING && v.size == sizes[i] && v.next == section.len);
		next = (uint32_t)section.len;
	}
	mmdb_data_text(d, (struct str){ text, 16843037 });
	assert_int_equal(mmdb_data_end(d, &at), -EINVAL);
	free(text);
	mmdb_data_free(d);
}

static void put_all_types(struct mmdb_data *d) {
	static const uint64_t numbers[] = { 0, 1, 255, 256, UINT16_MAX };

	mmdb_data_array(d, 19);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		mmdb_data_uint(d, MMDB_UINT16, 0, numbers[i]);
	mmdb_data_uint(d, MMDB_UINT32, 0, UINT32_MAX);
	mmdb_data_uint(d, MMDB_UINT64, 0, UINT64_MAX);
	mmdb_data_uint(d, MMDB_UINT128, UINT64_MAX, 1);
	mmdb_data_uint(d, MMDB_UINT128, 0, 1);
	mmdb_data_uint(d, MMDB_BOOL, 0, 0);
	mmdb_data_uint(d, MMDB_BOOL, 0, 1);
	mmdb_data_int(d, INT32_MIN);
	mmdb_data_int(d, -1);
	mmdb_data_int(d, INT32_MAX);
	mmdb_data_double(d, -1.5);
	mmdb_data_float(d, 0.25F);
	mmdb_data_bytes(d, STR("\x00\xff"));
	mmdb_data_map(d, 0);
	mmdb_data_array(d, 0);
}

static void test_types(void **state) {
	static const struct {
		enum mmdb_type type;
		uint64_t hi, lo;
	} rows[] = {
		{ MMDB_UINT16, 0, 0 },
		{ MMDB_UINT16, 0, 1 },
		{ MMDB_UINT16, 0, 255 },
		{ MMDB_UINT16, 0, 256 },
		{ MMDB_UINT16, 0, UINT16_MAX },
		{ MMDB_UINT32, 0, UINT32_MAX },
		{ MMDB_UINT64, 0, UINT64_MAX },
		{ MMDB_UINT128, UINT64_MAX, 1 },
		{ MMDB_UINT128, 0, 1 },
		{ MMDB_BOOL, 0, 0 },
		{ MMDB_BOOL, 0, 1 },
		{ MMDB_INT32, 0, (uint64_t)INT32_MIN },
		{ MMDB_INT32, 0, UINT64_MAX },
		{ MMDB_INT32, 0, INT32_MAX },
		{ MMDB_DOUBLE, 0, 0 },
		{ MMDB_FLOAT, 0, 0 },
		{ MMDB_BYTES, 0, 0 },
		{ MMDB_MAP, 0, 0 },
		{ MMDB_ARRAY, 0, 0 },
	};
	struct mmdb_data *d = mmdb_data_new(), *copy = mmdb_data_new();
	struct mmdb_value v;
	struct mmdb db;
	uint64_t next;
	uint32_t at;

	(void)state;
	put_all_types(d);
	assert_int_equal(mmdb_data_end(d, &at), 0);
	db = file_of(d);
	assert_int_equal(mmdb_value(&db, db.data_start + at, &v, NULL), 0);
	next = v.content;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(mmdb_value(&db, next, &v, NULL), 0);
		assert_true(v.type == rows[i].type && v.hi == rows[i].hi && v.lo == rows[i].lo);
		assert_true(v.type != MMDB_DOUBLE || v.real == -1.5);
		assert_true(v.type != MMDB_FLOAT || v.real == 0.25);
		next = v.next;
	}
	assert_int_equal(next, db.data_start + db.data_len);
	assert_int_equal(mmdb_data_copy(copy, &db, db.data_start + at, NULL), 0);
	assert_int_equal(mmdb_data_end(copy, &at), 0);
	assert_int_equal(mmdb_data_section(copy).len, mmdb_data_section(d).len);
	assert_memory_equal(mmdb_data_section(copy).s, mmdb_data_section(d).s, mmdb_data_section(d).len);
	mmdb_data_free(copy);
	mmdb_data_free(d);
}

/* Pointers of each length, to what was written before. */
static void test_far_pointers(void **state) {
	static const struct {
		uint32_t filler, len;
	} rows[] = { { 0, 2 }, { 3000, 3 }, { 600000, 4 }, { 140000000, 5 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mmdb_data *d = mmdb_data_new();
		char *filler = calloc(1, 14000001);
		struct mmdb db = { 0 };
		struct mmdb_value v;
		struct str section;
		uint32_t at;

		for (uint32_t left = rows[i].filler, n = 0; left; n++) { /* different ones, or they were one */
			uint32_t len = MIN(left, 14000000U);

			filler[0] = (char)n;
			mmdb_data_bytes(d, (struct str){ filler, len });
			assert_int_equal(mmdb_data_end(d, &at), 0);
			left -= len;
		}
		mmdb_data_text(d, STR("a target"));
		assert_int_equal(mmdb_data_end(d, &at), 0);
		mmdb_data_array(d, 1);
		mmdb_data_text(d, STR("a target"));
		assert_int_equal(mmdb_data_end(d, &at), 0);
		section = mmdb_data_section(d);
		assert_int_equal(section.len - at, 2 + rows[i].len);
		db.bytes = (const uint8_t *)section.s;
		db.data_len = db.len = db.meta_start = section.len;
		assert_int_equal(mmdb_value(&db, at + 2, &v, NULL), 0);
		assert_true(v.was_pointer && str_is(v.text, "a target"));
		free(filler);
		mmdb_data_free(d);
	}
}

static void nest(struct mmdb_data *d, unsigned levels) {
	for (unsigned i = 1; i < levels; i++)
		mmdb_data_array(d, 1);
	mmdb_data_uint(d, MMDB_BOOL, 0, 1);
}

static void test_mistakes(void **state) {
	struct mmdb_data *d = mmdb_data_new();
	uint32_t at = 77;

	(void)state;
	assert_int_equal(mmdb_data_end(d, &at), -EINVAL); /* nothing */
	mmdb_data_map(d, 1);
	mmdb_data_text(d, STR("a"));
	assert_int_equal(mmdb_data_end(d, &at), -EINVAL); /* not complete */
	mmdb_data_text(d, STR("a"));
	mmdb_data_text(d, STR("b"));
	assert_int_equal(mmdb_data_end(d, &at), -EINVAL); /* two */
	mmdb_data_text(d, STR("\xff"));
	assert_int_equal(mmdb_data_end(d, &at), -EINVAL);
	mmdb_data_uint(d, MMDB_UINT16, 0, 65536);
	assert_int_equal(mmdb_data_end(d, &at), -EINVAL);
	mmdb_data_uint(d, MMDB_UINT64, 1, 0);
	assert_int_equal(mmdb_data_end(d, &at), -EINVAL);
	mmdb_data_map(d, 1);
	mmdb_data_uint(d, MMDB_UINT16, 0, 1);
	mmdb_data_text(d, STR("b"));
	assert_int_equal(mmdb_data_end(d, &at), -EINVAL); /* a key that is a number */
	mmdb_data_map(d, 2);
	for (unsigned i = 0; i < 4; i++)
		mmdb_data_text(d, STR("a"));
	assert_int_equal(mmdb_data_end(d, &at), -EINVAL); /* a key twice */
	nest(d, 257);
	assert_int_equal(mmdb_data_end(d, &at), -EINVAL);
	assert_int_equal(at, 77);
	nest(d, 256);
	assert_int_equal(mmdb_data_end(d, &at), 0);
	assert_int_equal(at, 0);
	mmdb_data_free(d);
}

/* Twenty arrays, each with two pointers to the one before: 2^20 parts and more when written out. */
static void test_copy_of_too_much(void **state) {
	struct mmdb_data *d = mmdb_data_new();
	struct mmdb_fault fault = { 0 };
	uint64_t last = 0;
	struct mmdb db;
	uint32_t at;

	(void)state;
	file.n = 0;
	put_node(&file, 24, 1, 1);
	put_separator(&file);
	put_text(&file, "end");
	for (unsigned i = 0; i < 20; i++) {
		uint64_t here = file.n - 22;

		put_head(&file, MMDB_ARRAY, 2);
		put_big(&file, 0x2000 | last, 2);
		put_big(&file, 0x2000 | last, 2);
		last = here;
	}
	put_meta(&file, 1, 24, 4);
	assert_int_equal(mmdb_open(file.b, file.n, &db, NULL), 0);
	mmdb_data_array(d, 1);
	assert_int_equal(mmdb_data_copy(d, &db, db.data_start + last, &fault), -EBADMSG);
	assert_string_equal(fault.what, "a record has more than 2^16 parts");
	mmdb_data_text(d, STR("goes on"));
	assert_int_equal(mmdb_data_end(d, &at), 0);
	mmdb_data_free(d);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_record_of_its_own),
		cmocka_unit_test(test_pointer_of_equal_length),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_far_pointers),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_copy_of_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
