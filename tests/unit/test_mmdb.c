/* SPDX-License-Identifier: Apache-2.0 */
/* The reader against files made by hand; against files of other writers and other readers: tests/cli/test_geo_mmdb.py.
 */
#include "unit.h"

#include <errno.h>

#include "geo/mmdb_value.h"
#include "geo/tree.h"
#include "mmdb_make.h"

static struct bytes file;

/* One node, whose left half has the value that is put next. */
static void begin(void) {
	file.n = 0;
	put_node(&file, 24, 1 + 16, 1);
	put_separator(&file);
}

static uint64_t open_value(struct mmdb *ret_db) {
	struct prefix network;
	uint64_t offset = 0;

	put_meta(&file, 1, 24, 4);
	assert_int_equal(mmdb_open(file.b, file.n, ret_db, NULL), 0);
	assert_int_equal(mmdb_lookup(ret_db, ip_from_v4(1), &offset, &network, NULL), 1);
	return offset;
}

static void test_types(void **state) {
	static const char *const keys[] = {
		"uint128", "int32", "short", "double", "float", "yes", "no", "bytes", "list"
	};
	struct mmdb_value v[ARRAY_LEN(keys)];
	struct mmdb db;
	uint64_t at, next;

	(void)state;
	begin();
	put_head(&file, MMDB_MAP, ARRAY_LEN(keys));
	put_text(&file, "uint128");
	put_head(&file, MMDB_UINT128, 16);
	put_big(&file, 0x8001020304050607, 8);
	put_big(&file, 0x08090a0b0c0d0e0f, 8);
	put_text(&file, "int32");
	put_number(&file, MMDB_INT32, (uint32_t)-5, 4);
	put_text(&file, "short");
	put_number(&file, MMDB_INT32, 0xfffe, 2);
	put_text(&file, "double");
	put_number(&file, MMDB_DOUBLE, 0x3ff8000000000000, 8);
	put_text(&file, "float");
	put_number(&file, MMDB_FLOAT, 0x3f000000, 4);
	put_text(&file, "yes");
	put_head(&file, MMDB_BOOL, 1);
	put_text(&file, "no");
	put_head(&file, MMDB_BOOL, 0);
	put_text(&file, "bytes");
	put_head(&file, MMDB_BYTES, 0);
	put_text(&file, "list");
	put_head(&file, MMDB_ARRAY, 2);
	put_number(&file, MMDB_UINT16, 0, 0);
	put_number(&file, MMDB_UINT64, UINT64_MAX, 8);
	at = open_value(&db);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		assert_int_equal(mmdb_get(&db, at, (const char *const[]){ keys[i], NULL }, &v[i], NULL), 1);
	assert_true(v[0].hi == 0x8001020304050607 && v[0].lo == 0x08090a0b0c0d0e0f);
	assert_true((int64_t)v[1].lo == -5 && v[2].lo == 0xfffe);
	assert_true(v[3].real == 1.5 && v[4].real == 0.5 && v[5].lo == 1 && v[6].lo == 0);
	assert_true(v[7].type == MMDB_BYTES && v[7].size == 0 && v[8].type == MMDB_ARRAY && v[8].size == 2);
	assert_int_equal(mmdb_skip(&db, at, &next, NULL), 0);
	assert_int_equal(next, db.data_start + db.data_len);
	assert_int_equal(mmdb_get(&db, at, (const char *const[]){ "list", "x", NULL }, &v[0], NULL), 0);
	assert_int_equal(mmdb_get(&db, at, (const char *const[]){ "none", NULL }, &v[0], NULL), 0);
}

/* The sizes at which the size field changes its form. */
static void test_sizes(void **state) {
	static const uint32_t sizes[] = { 0, 28, 29, 284, 285, 300, 30000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (enum mmdb_type type = MMDB_STRING; type <= MMDB_ARRAY; type += MMDB_ARRAY - MMDB_STRING) {
			struct mmdb_value v = { 0 };
			struct mmdb db;
			uint64_t at, next;

			begin();
			put_head(&file, type, sizes[i]);
			memset(file.b + file.n, 'A', sizes[i]);
			if (type == MMDB_ARRAY)
				memset(file.b + file.n, 0xa0, sizes[i]); /* uint16 0 */
			file.n += sizes[i];
			at = open_value(&db);
			assert_int_equal(mmdb_value(&db, at, &v, NULL), 0);
			assert_true(v.type == type && v.size == sizes[i]);
			assert_int_equal(mmdb_skip(&db, at, &next, NULL), 0);
			assert_int_equal(next, db.data_start + db.data_len);
		}
	}
}

/* The largest size there is, 65821 + 2^24 - 1, is legal; here it only reaches too far. */
static void test_largest_size(void **state) {
	struct mmdb_fault fault = { 0 };
	struct mmdb_value v;
	struct mmdb db;
	uint64_t at;

	(void)state;
	begin();
	put_big(&file, 2 << 5 | 31, 1);
	put_big(&file, 0xffffff, 3);
	at = open_value(&db);
	assert_int_equal(mmdb_value(&db, at, &v, &fault), -EBADMSG);
	assert_string_equal(fault.what, "a value reaches behind the end of its section");
	assert_int_equal(fault.offset, at);
}

/* Values that are wrong, and where. */
static void test_faults(void **state) {
	static const struct {
		const char *bytes;
		size_t len;
		uint64_t at; /* in the data section */
		const char *what;
	} rows[] = {
		{ "\x20\x00", 2, 0, "a pointer points to a pointer" },
		{ "\x20", 1, 0, "a pointer reaches behind the end of its section" },
		{ "\x20\x80", 2, 0, "a pointer points behind the end of its section" },
		{ "\x00\x05\x00", 3, 0, "a value has a type that the format does not know" },
		{ "\x00\x06", 2, 0, "a value has a type that the format does not know" },
		{ "\x00\x09", 2, 0, "a value has a type that the format does not know" },
		{ "\x00\x00", 2, 0, "a value has a type that the format does not know" },
		{ "\x00", 1, 0, "a value's type lies behind the end of its section" },
		{ "\x5d", 1, 0, "a value's size reaches behind the end of its section" },
		{ "\x42x", 2, 0, "a value reaches behind the end of its section" },
		{ "\x67xxxxxxx", 8, 0, "a number has a size that its type cannot have" },
		{ "\xa3xxx", 4, 0, "a number has a size that its type cannot have" },
		{ "\x02\x07", 2, 0, "a number has a size that its type cannot have" },
		{ "\xff\x0f\x42\x40", 4, 0, "a map or array says that it has more items than there are bytes left" },
		{ "\x04\x04\xa0\xa0\xa0", 5, 0,
		  "a map or array says that it has more items than there are bytes left" },
		{ "\xe2\x41k\xa0", 4, 0, "a map or array says that it has more items than there are bytes left" },
		{ "\xe1\xa0\xa0", 3, 1, "a map's key is no text" },
		{ "\xe1\x41k\x41", 4, 3, "a value reaches behind the end of its section" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mmdb_fault fault = { 0 };
		struct mmdb_value v;
		struct mmdb db;
		uint64_t at;

		begin();
		put(&file, rows[i].bytes, rows[i].len);
		at = open_value(&db);
		assert_int_equal(mmdb_get(&db, at, (const char *const[]){ "k", NULL }, &v, &fault), -EBADMSG);
		assert_string_equal(fault.what, rows[i].what);
		assert_int_equal(fault.offset, at + rows[i].at);
	}
}

/* Each size of a pointer names what it should; the largest one ignores the bits beside its size. */
static void test_pointers(void **state) {
	static const struct {
		uint32_t target;
		const char *bytes;
		size_t len;
	} rows[] = { { 10, "\x20\x0a", 2 },
		     { 2047, "\x27\xff", 2 },
		     { 2048, "\x28\x00\x00", 3 },
		     { 4000, "\x28\x07\xa0", 3 },
		     { 20000, "\x3f\x00\x00\x4e\x20", 5 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mmdb_value v;
		struct mmdb db;
		uint64_t at;

		begin();
		put(&file, rows[i].bytes, rows[i].len);
		memset(file.b + file.n, 0xa0, rows[i].target);
		file.n = 6 + 16 + rows[i].target;
		put_text(&file, "here");
		at = open_value(&db);
		assert_int_equal(mmdb_value(&db, at, &v, NULL), 0);
		assert_true(v.was_pointer && str_is(v.text, "here") && v.next == at + rows[i].len);
		assert_int_equal(v.start, at + rows[i].target);
	}
}

/* 511 arrays in each other and a number; one more is refused, not followed. */
static void test_depth(void **state) {
	(void)state;
	for (unsigned n = 511; n <= 513; n++) {
		struct mmdb_fault fault = { 0 };
		struct mmdb db;
		uint64_t at, next;

		begin();
		for (unsigned i = 0; i < n; i++)
			put_head(&file, MMDB_ARRAY, 1);
		put_head(&file, MMDB_UINT16, 0);
		at = open_value(&db);
		assert_int_equal(mmdb_skip(&db, at, &next, &fault), n == 511 ? 0 : -EBADMSG);
		if (n > 511)
			assert_int_equal(fault.offset, at + 1024);
	}
}

/* --- the tree --- */

/*
 * An IPv6 file: 96 nodes lead to IPv4; 0.0.0.0/1 is value 0, 128.0.0.0/1 empty, 8000::/1 value 1, 2002::/16 the IPv4
 * tree where asked for.
 */
static void make_tree(unsigned bits, bool alias) {
	enum { NODES = 97 + 15 };

	file.n = 0;
	for (unsigned i = 0; i < 96; i++)
		put_node(&file, bits, i + 1, i == 0 ? NODES + 16 + 3 : i == 2 && alias ? 97 : NODES);
	put_node(&file, bits, NODES + 16, NODES);
	for (unsigned i = 3; i < 16; i++) {
		unsigned next = i == 15 ? 96 : 97 + i - 2;

		put_node(&file, bits, (0x2002 >> (15 - i) & 1) ? NODES : next, (0x2002 >> (15 - i) & 1) ? next : NODES);
	}
	put_node(&file, bits, NODES, NODES);
	put_node(&file, bits, NODES, NODES);
	put_separator(&file);
	put_text(&file, "AA");
	put_text(&file, "BB");
	put_meta(&file, NODES, bits, 6);
}

static void test_lookup(void **state) {
	static const struct {
		const char *ip, *network, *code;
	} rows[] = {
		{ "1.2.3.4", "0.0.0.0/1", "AA" },
		{ "127.255.255.255", "0.0.0.0/1", "AA" },
		{ "128.0.0.0", "128.0.0.0/1", NULL },
		{ "::ffff:1.2.3.4", "0.0.0.0/1", "AA" },
		{ "8000::", "8000::/1", "BB" },
		{ "::1", "::/97", "AA" },
		{ "4000::", "4000::/2", NULL },
		{ "2002:102:304::", "2002::/17", "AA" },
		{ "2002:8000::", "2002:8000::/17", NULL },
	};

	(void)state;
	for (unsigned bits = 24; bits <= 32; bits += 4) {
		struct mmdb db;

		make_tree(bits, true);
		assert_int_equal(mmdb_open(file.b, file.n, &db, NULL), 0);
		assert_int_equal(mmdb_aliases(&db), GEO_ALIAS_6TO4);
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			char text[PREFIX_TEXT_MAX], code[3];
			struct prefix network;
			uint64_t at = 0;
			struct ip ip;

			assert_int_equal(ip_parse(rows[i].ip, strlen(rows[i].ip), &ip, NULL), 0);
			assert_int_equal(mmdb_lookup(&db, ip, &at, &network, NULL), rows[i].code != NULL);
			(void)prefix_format(network, text);
			assert_string_equal(text, rows[i].network);
			if (!rows[i].code)
				continue;
			assert_int_equal(mmdb_country(&db, at, code, NULL), 1);
			assert_string_equal(code, rows[i].code);
		}
	}
}

static int collect(const struct mmdb_network *n, void *user) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(n->prefix, text);
	(void)strcat(strcat(user, text), n->has_value ? "=" : " ");
	return 0;
}

static void test_each(void **state) {
	char text[8192] = "";
	struct mmdb db;

	(void)state;
	make_tree(28, true);
	assert_int_equal(mmdb_open(file.b, file.n, &db, NULL), 0);
	assert_int_equal(mmdb_each(&db, false, collect, text, NULL), 0);
	assert_string_equal(text, "0.0.0.0/1=8000::/1=");
	text[0] = 0;
	assert_int_equal(mmdb_each(&db, true, collect, text, NULL), 0);
	assert_memory_equal(text, "0.0.0.0/1=128.0.0.0/1 ::1:0:0/96 ::2:0:0/95 ", 44);
	assert_null(strstr(text, "2002::/16"));
	assert_null(strstr(text, "2002::/17"));
	assert_non_null(strstr(text, "2003::/16"));
}

/* A value above ::/96 answers IPv4. */
static void test_short_v4(void **state) {
	struct prefix network;
	struct mmdb db;
	uint64_t at;
	char text[1024] = "";

	(void)state;
	begin();
	put_text(&file, "AA");
	put_meta(&file, 1, 24, 6);
	assert_int_equal(mmdb_open(file.b, file.n, &db, NULL), 0);
	assert_int_equal(db.v4_root_depth, 1);
	assert_int_equal(mmdb_lookup(&db, ip_from_v4(UINT32_MAX), &at, &network, NULL), 1);
	assert_true(prefix_equal(network, (struct prefix){ ip_from_v4(0), 96 }));
	assert_int_equal(mmdb_each(&db, true, collect, text, NULL), 0);
	assert_string_equal(text, "0.0.0.0/0=::/1=8000::/1 ");
}

static void test_v4_file(void **state) {
	struct prefix network;
	struct mmdb db;
	uint64_t at;
	char text[1024] = "";

	(void)state;
	begin();
	put_text(&file, "AA");
	put_meta(&file, 1, 24, 4);
	assert_int_equal(mmdb_open(file.b, file.n, &db, NULL), 0);
	assert_int_equal(mmdb_lookup(&db, (struct ip){ 1, 0 }, &at, &network, NULL), -EAFNOSUPPORT);
	assert_int_equal(mmdb_aliases(&db), 0);
	assert_int_equal(mmdb_each(&db, true, collect, text, NULL), 0);
	assert_string_equal(text, "0.0.0.0/1=128.0.0.0/1 ");
}

/* Records that lead nowhere: into the separator, behind the data, back to the root. */
static void test_bad_records(void **state) {
	static const struct {
		uint64_t record;
		const char *what;
	} rows[] = {
		{ 2, "a record of the tree points outside the data section" },
		{ 16, "a record of the tree points outside the data section" },
		{ 20, "a record of the tree points outside the data section" },
		{ 0xffffff, "a record of the tree points outside the data section" },
		{ 0, "the tree goes on behind the last bit of an address" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mmdb_fault fault = { NULL, 77 };
		struct prefix network;
		char text[1024] = "";
		struct mmdb db;
		uint64_t at;

		file.n = 0;
		put_node(&file, 24, 17, rows[i].record);
		put_separator(&file);
		put_text(&file, "AA");
		put_meta(&file, 1, 24, 4);
		assert_int_equal(mmdb_open(file.b, file.n, &db, NULL), 0);
		assert_int_equal(mmdb_lookup(&db, ip_from_v4(UINT32_MAX), &at, &network, &fault), -EBADMSG);
		assert_string_equal(fault.what, rows[i].what);
		assert_int_equal(fault.offset, 3);
		assert_int_equal(mmdb_each(&db, false, collect, text, &fault), -EBADMSG);
		assert_string_equal(fault.what, rows[i].what);
		assert_int_equal(fault.offset, 3);
	}
}

/* 32 levels of two nodes, each of which names both of the next level, and none is a network: 2^32 places. */
static void make_barren(unsigned apart) {
	unsigned nodes = 63 * apart + 1;

	file.n = 0;
	for (unsigned i = 0; i < nodes; i++) {
		unsigned at = i / apart, next = 2 * (at / 2 + 1);
		bool ends = i % apart || next > 62;

		put_node(&file, 24, ends ? nodes : (next + at % 2) * apart, ends ? nodes : (next + 1 - at % 2) * apart);
	}
	put_separator(&file);
	put_text(&file, "AA");
	put_meta(&file, nodes, 24, 4);
}

/* Where the nodes that a walk remembers get in each other's way, as numbers 1024 apart do, it gives up. */
static void test_each_ends(void **state) {
	struct mmdb_fault fault = { 0 };
	char text[1024] = "";
	struct mmdb db;

	(void)state;
	make_barren(1);
	assert_int_equal(mmdb_open(file.b, file.n, &db, NULL), 0);
	assert_int_equal(mmdb_each(&db, false, collect, text, NULL), 0);
	assert_string_equal(text, "");
	make_barren(1024);
	assert_int_equal(mmdb_open(file.b, file.n, &db, NULL), 0);
	assert_int_equal(mmdb_each(&db, false, collect, text, &fault), -EBADMSG);
	assert_string_equal(fault.what, "nodes without any network below are shared over and over");
}

/* --- metadata --- */

static void test_open_refuses(void **state) {
	struct mmdb_fault fault;
	struct mmdb db;
	size_t good;

	(void)state;
	make_tree(24, true);
	good = file.n;
	for (size_t n = 0; n < good; n++) { /* every truncation */
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, file.b, n);
		assert_int_equal(mmdb_open(exact, n, &db, &fault), -EBADMSG);
		assert_in_range(fault.offset, 0, n);
		free(exact);
	}
	file.n = 0;
	put_node(&file, 24, 1, 1);
	put_separator(&file);
	put_meta(&file, 2, 24, 6); /* a node more than there is */
	assert_int_equal(mmdb_open(file.b, file.n, &db, &fault), -EBADMSG);
	assert_int_equal(fault.offset, 22);
	file.n = 22;
	put_meta(&file, 1, 26, 6);
	assert_int_equal(mmdb_open(file.b, file.n, &db, &fault), -EBADMSG);
	assert_string_equal(fault.what, "record_size is not 24, 28 or 32");
	file.n = 22;
	put_meta(&file, 0, 24, 6);
	assert_int_equal(mmdb_open(file.b, file.n, &db, &fault), -EBADMSG);
	file.n = 22;
	put_meta(&file, 1, 24, 5);
	assert_int_equal(mmdb_open(file.b, file.n, &db, &fault), -EBADMSG);
}

/* Of several markers the last one counts. */
static void test_last_marker(void **state) {
	struct mmdb db;

	(void)state;
	file.n = 0;
	put_node(&file, 24, 1, 1);
	put_separator(&file);
	put_meta(&file, 77, 24, 4);
	put_meta(&file, 1, 24, 6);
	assert_int_equal(mmdb_open(file.b, file.n, &db, NULL), 0);
	assert_int_equal(db.node_count, 1);
	assert_int_equal(db.ip_version, 6);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),        cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_largest_size), cmocka_unit_test(test_faults),
		cmocka_unit_test(test_pointers),     cmocka_unit_test(test_depth),
		cmocka_unit_test(test_lookup),       cmocka_unit_test(test_each),
		cmocka_unit_test(test_short_v4),     cmocka_unit_test(test_v4_file),
		cmocka_unit_test(test_bad_records),  cmocka_unit_test(test_each_ends),
		cmocka_unit_test(test_open_refuses), cmocka_unit_test(test_last_marker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
