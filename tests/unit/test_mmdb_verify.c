/* SPDX-License-Identifier: Apache-2.0 */
/* What the verifier finds, and where, in files made by hand with one thing wrong. */
#include "unit.h"

#include <errno.h>

#include "geo/mmdb_verify.h"
#include "mmdb_make.h"

static struct bytes file;

struct found {
	struct mmdb_fault fault[8];
	bool is_error[8];
	unsigned n;
};

static int collect(const struct mmdb_fault *fault, bool is_error, void *user) {
	struct found *f = user;

	if (f->n < ARRAY_LEN(f->fault)) {
		f->fault[f->n] = *fault;
		f->is_error[f->n++] = is_error;
	}
	return 0;
}

static int verify(struct found *ret_found, struct mmdb_counts *ret_counts) {
	uint8_t *exact = malloc(file.n);
	int r;

	memset(ret_found, 0, sizeof(*ret_found));
	memcpy(exact, file.b, file.n);
	r = mmdb_verify(exact, file.n, collect, ret_found, ret_counts);
	free(exact);
	return r;
}

static void expect(const char *what, uint64_t offset, bool is_error) {
	struct found f;
	int r = verify(&f, NULL);

	assert_int_equal(r, is_error);
	assert_int_equal(f.n, 1);
	assert_string_equal(f.fault[0].what, what);
	assert_int_equal(f.fault[0].offset, offset);
	assert_int_equal(f.is_error[0], is_error);
}

/* An IPv4 file of one node whose halves both have the value. */
static void expect_finding(const void *bytes, size_t len, const char *what, uint64_t at, bool is_error) {
	file.n = 0;
	put_node(&file, 24, 17, 17);
	put_separator(&file);
	put(&file, bytes, len);
	put_meta(&file, 1, 24, 4);
	expect(what, 22 + at, is_error);
}

static void test_values(void **state) {
	static const struct {
		const char *bytes;
		size_t len;
		uint64_t at;
		const char *what;
		bool is_error;
	} rows[] = {
		{ "\x43x\xffy", 4, 2, "a text is not UTF-8", true },
		{ "\x42\xc3\x28", 3, 1, "a text is not UTF-8", true },
		{ "\xe1\x41\xff\xa0", 4, 2, "a text is not UTF-8", true },
		{ "\xe2\x41k\xa0\x41k\xa0", 7, 0, "a map has a key twice", true },
		{ "\xe3\x41z\xa0\x41k\xa0\x20\x01", 9, 9, "a value is expected outside the data section", true },
		{ "\xe2\x41k\xa0\x20\x01\xa0", 7, 0, "a map has a key twice", true },
		{ "\xe1\xa0\xa0", 3, 1, "a map's key is no text", true },
		{ "\x02\x04\x20\x00\xa0", 5, 0, "a value holds itself", true },
		{ "\x01\x04\x20\x00", 4, 0, "a value holds itself", true },
		{ "\x01\x04\x20\x7f", 4, 2, "a pointer points behind the end of its section", true },
		{ "\x01\x04\x20\x05\x00\x20\x00", 7, 5, "a pointer points to a pointer", true },
		{ "\x01\x04\x42y", 4, 2, "a value reaches behind the end of its section", true },
		{ "\x67\x00\x00\x00\x00\x00\x00\x00", 8, 0, "a number has a size that its type cannot have", true },
		{ "\xa0\xa0", 2, 1, "nothing points to the bytes from here on", false },
		{ "\x01\x04\x20\x04\xa1\x07", 6, 4, "only other values point to this value, which Go's Verify refuses",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_finding(rows[i].bytes, rows[i].len, rows[i].what, rows[i].at, rows[i].is_error);
}

/* Arrays of one item that is a pointer of 5 bytes to the array before it (or behind it), and a number at the end. */
static uint64_t put_chain(unsigned n, bool forward) {
	uint64_t base = file.n, here;

	if (!forward)
		put_head(&file, 5, 0);
	for (unsigned i = 1; i < n; i++) {
		here = file.n - base;
		put_head(&file, 11, 1);
		put_big(&file, 0x38, 1);
		put_big(&file, forward ? here + 7 : i == 1 ? 0 : here - 7, 4);
	}
	if (forward)
		put_head(&file, 5, 0);
	return n == 1 || forward ? 0 : 1 + 7 * (uint64_t)(n - 2);
}

/* The last of the values is 512 deep, or two more, which is too many, also where the inner ones were looked at before
 * the outer ones: half of them from one record, and then all from another. A pointer counts for one. */
static void test_depth(void **state) {
	(void)state;
	for (unsigned n = 257; n <= 258; n++) {
		for (unsigned way = 0; way < 3; way++) {
			struct found f;
			uint64_t top;
			int r;

			file.n = 0;
			put_node(&file, 24, 17, 17);
			put_separator(&file);
			top = put_chain(n, way == 0);
			put_meta(&file, 1, 24, 4);
			file.n -= file.n; /* once more, now that the top is known */
			put_node(&file, 24, 17 + (way == 2 ? 1 + 7 * 100 : top), 17 + top);
			put_separator(&file);
			(void)put_chain(n, way == 0);
			put_meta(&file, 1, 24, 4);
			r = verify(&f, NULL);
			assert_int_equal(r, n == 258);
			if (r)
				assert_string_equal(f.fault[0].what, "values are nested deeper than 512");
		}
	}
}

/* --- the tree --- */

static void begin_tree(unsigned nodes, const uint64_t (*records)[2]) {
	file.n = 0;
	for (unsigned i = 0; i < nodes; i++)
		put_node(&file, 24, records[i][0], records[i][1]);
	put_separator(&file);
	put_head(&file, 5, 0);
}

static void test_records(void **state) {
	static const struct {
		uint64_t records[3][2];
		const char *what;
		uint64_t at;
		bool is_error;
	} rows[] = {
		{ { { 1, 2 }, { 3, 4 }, { 3, 19 } }, "a record points into the separator", 9, true },
		{ { { 1, 2 }, { 3, 3 }, { 18, 19 } }, "a record points into the separator", 12, true },
		{ { { 1, 2 }, { 3, 3 }, { 20, 19 } }, "a record points behind the end of the data section", 12, true },
		{ { { 1, 2 }, { 3, 0 }, { 19, 19 } }, "a node leads back to itself", 9, true },
		{ { { 1, 2 }, { 3, 19 }, { 3, 2 } }, "a node leads back to itself", 15, true },
		{ { { 2, 2 }, { 3, 19 }, { 3, 1 } }, "", 0, true },
		{ { { 2, 2 }, { 3, 19 }, { 3, 19 } }, "nothing leads to this node of the tree", 6, false },
		{ { { 2, 3 }, { 3, 19 }, { 3, 19 } }, "nothing leads to this node of the tree", 6, false },
		{ { { 2, 3 }, { 1, 19 }, { 3, 19 } }, "nothing leads to this node of the tree", 6, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct found f;

		begin_tree(3, rows[i].records);
		put_meta(&file, 3, 24, 4);
		if (*rows[i].what)
			expect(rows[i].what, rows[i].at, rows[i].is_error);
		else
			assert_int_equal(verify(&f, NULL), 0);
	}
}

/* Each node names the next one twice and the last one a value: 2^levels places, each counted, none visited twice. In an
 * IPv6 file of more than 96 levels all places at level 96 are the IPv4 tree, which counts once. */
static void test_counts(void **state) {
	(void)state;
	for (unsigned levels = 32; levels <= 130; levels++) {
		uint64_t networks = levels == 32   ? UINT64_C(1) << 32
				    : levels < 64  ? (UINT64_C(1) << levels) + 1
				    : levels <= 96 ? UINT64_MAX
						   : UINT64_C(1) << (levels - 96);
		struct mmdb_counts counts = { 0 };
		struct found f;

		file.n = 0;
		for (unsigned i = 0; i < levels; i++) {
			uint64_t next = i + 1 == levels ? levels + 16 : i + 1;

			put_node(&file, 24, next, next);
		}
		put_separator(&file);
		put_head(&file, 5, 0);
		put_meta(&file, levels, 24, levels == 32 ? 4 : 6);
		assert_int_equal(verify(&f, &counts), levels > 128 ? 2 : 0);
		if (levels > 128) {
			assert_string_equal(f.fault[0].what, "the tree goes on behind the last bit of an address");
			assert_int_equal(f.fault[0].offset, 127 * 6);
			continue;
		}
		assert_int_equal(counts.networks, networks);
		assert_int_equal(counts.nodes, levels);
		assert_int_equal(counts.records, 2);
		assert_int_equal(counts.values, 1);
	}
}

static int count_network(const struct mmdb_network *n, void *user) {
	(void)n;
	++*(uint64_t *)user;
	return 0;
}

/*
 * Node 96 is IPv4, one value and `other`. ::ffff:0:0/96 is node 112, two values, and no alias: what is there is IPv4
 * for everybody who asks. Node 112 is 8000::/1, too, where it counts.
 */
static void make_mapped(uint64_t other) {
	enum { NODES = 113, VALUE = NODES + 16 };

	file.n = 0;
	for (unsigned i = 0; i < 96; i++)
		put_node(&file, 24, i + 1, i == 0 ? 112 : i == 80 ? 97 : NODES);
	put_node(&file, 24, VALUE, other);
	for (unsigned i = 97; i < 112; i++)
		put_node(&file, 24, NODES, i + 1);
	put_node(&file, 24, VALUE, VALUE);
	put_separator(&file);
	put_head(&file, 5, 0);
	put_meta(&file, NODES, 24, 6);
}

static void test_mapped(void **state) {
	struct mmdb_counts counts = { 0 };
	uint64_t networks = 0;
	struct found f;
	struct mmdb db;

	(void)state;
	make_mapped(113);
	assert_int_equal(verify(&f, &counts), 0);
	assert_int_equal(counts.networks, 3);
	assert_int_equal(mmdb_open(file.b, file.n, &db, NULL), 0);
	assert_int_equal(mmdb_each(&db, false, count_network, &networks, NULL), 0);
	assert_int_equal(networks, 3);
	make_mapped(96); /* IPv4 holds itself */
	assert_int_equal(verify(&f, NULL), 1);
	assert_string_equal(f.fault[1].what, "the tree goes on behind the last bit of an address");
	assert_int_equal(f.fault[1].offset, 96 * 6 + 3);
}

static void test_separator(void **state) {
	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		static const uint64_t records[1][2] = { { 17, 17 } };

		begin_tree(1, records);
		file.b[6 + i] = 1;
		put_meta(&file, 1, 24, 4);
		expect("the 16 bytes between tree and data are not all zero", 6 + i, true);
	}
}

/* --- metadata --- */

static size_t meta_at(const char *key) {
	return (size_t)((uint8_t *)memmem(file.b, file.n, key, strlen(key)) - file.b);
}

static void good_file(void) {
	static const uint64_t records[1][2] = { { 17, 17 } };

	begin_tree(1, records);
	put_meta(&file, 1, 24, 4);
}

static void test_metadata(void **state) {
	struct mmdb_counts counts = { 0 };
	struct found f;
	size_t at;

	(void)state;
	good_file();
	assert_int_equal(verify(&f, &counts), 0);
	assert_int_equal(f.n, 0);
	assert_int_equal(counts.networks, 2);
	at = meta_at("Test-Country");
	memcpy(file.b + at, "Test-Kountry", 12);
	expect("database_type has none of the words that geoip2 readers look for (Country, City, ASN, ...)", at, false);
	good_file();
	at = meta_at("description");
	file.b[at] = 'D';
	expect("the metadata has no description, which libmaxminddb and Go's Verify demand",
	       meta_at("MaxMind.com") + 11, false);
	good_file();
	at = meta_at("languages");
	file.b[at] = 'L';
	expect("the metadata has no languages, which libmaxminddb demands", meta_at("MaxMind.com") + 11, false);
	good_file();
	at = meta_at("minor");
	file.b[at] = 'M';
	expect("the metadata has no binary_format_minor_version", meta_at("MaxMind.com") + 11, true);
	good_file();
	at = meta_at("record_size") + 11;
	file.b[at] = 6 << 5 | 2;
	expect("record_size is no uint16", at, false);
	good_file();
	at = file.n;
	put_head(&file, 5, 0);
	expect("nothing points to the bytes from here on", at, false);
	good_file();
	put_text(&file, "z");
	put_head(&file, 7, 0);
	at = meta_at("MaxMind.com") + 11;
	file.b[at]++;
	expect("the metadata ends in an empty map or array, which libmaxminddb 1.13.0 refuses", file.n - 1, false);
	file.b[--file.n - 1] = 'z';
	assert_int_equal(verify(&f, NULL), 1);
}

/* A caller that has heard enough hears no more. */
static int stop(const struct mmdb_fault *fault, bool is_error, void *user) {
	(void)fault, (void)is_error;
	return ++*(unsigned *)user == 2;
}

static void test_stop(void **state) {
	static const uint64_t records[3][2] = { { 4, 5 }, { 6, 7 }, { 8, 9 } };
	unsigned heard = 0;

	(void)state;
	begin_tree(3, records);
	put_meta(&file, 3, 24, 4);
	assert_int_equal(mmdb_verify(file.b, file.n, stop, &heard, NULL), 2);
	assert_int_equal(heard, 2);
	assert_int_equal(mmdb_verify(file.b, file.n, NULL, NULL, NULL), 6);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values), cmocka_unit_test(test_depth),     cmocka_unit_test(test_records),
		cmocka_unit_test(test_counts), cmocka_unit_test(test_separator), cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_mapped), cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
