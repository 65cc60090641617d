/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of random prefixes, written in both layouts and each record size, and read back: by libmaxminddb, which must
 * give the answer that the list of prefixes gives; by the verifier, which must find nothing; and by the loader, from
 * which the same bytes must come again.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <maxminddb.h>
#include <string.h>
#include <sys/mman.h>

#include "geo/mmdb_load.h"
#include "geo/mmdb_verify.h"
#include "geo/mmdb_write.h"
#include "mmdb_make.h"
#include "random.h"

enum { VALUES = 5, ROWS = 24 };

struct rows {
	struct {
		struct prefix p;
		uint32_t value;
	} row[ROWS];
	unsigned n, aliases;
};

/* Prefixes that often lie in each other, side by side, or at the places that are special. */
static struct prefix random_prefix(uint64_t *seed) {
	static const struct ip places[] = {
		{ 0, IP4_MAPPED_LO },          { 0, IP4_MAPPED_LO | 0xc0000200 }, { 0, 0 },
		{ UINT64_C(0x2002) << 48, 0 }, { UINT64_C(0x20010000) << 32, 0 }, { UINT64_C(0x20010db800010000), 0 },
	};
	struct ip ip = places[random_below(seed, ARRAY_LEN(places))];
	bool v4 = ip_is_v4(ip);

	if (random_below(seed, 2))
		ip.lo ^= (uint64_t)random_below(seed, 4) << random_below(seed, 30);
	if (!v4 && random_below(seed, 2))
		ip.hi ^= (uint64_t)random_below(seed, 4) << random_below(seed, 62);
	return prefix_around(ip, v4 ? 96 + random_below(seed, 33) : random_below(seed, 129));
}

static void make_rows(struct rows *rows, uint64_t *seed) {
	rows->n = random_below(seed, ROWS + 1);
	rows->aliases = random_below(seed, 8);
	for (unsigned i = 0; i < rows->n; i++) {
		rows->row[i].p = random_prefix(seed);
		rows->row[i].value = random_below(seed, VALUES);
	}
}

/* By the definition: the longest prefix, of equal ones the last. */
static int answer(const struct rows *rows, struct ip ip) {
	int best = -1, best_len = -1;

	if (!ip_is_v4(ip) && ip.hi == 0 && ip.lo <= UINT32_MAX)
		ip = ip_from_v4((uint32_t)ip.lo);
	if ((rows->aliases & GEO_ALIAS_6TO4) && ip.hi >> 48 == 0x2002)
		ip = ip_from_v4((uint32_t)(ip.hi >> 16));
	if ((rows->aliases & GEO_ALIAS_TEREDO) && ip.hi >> 32 == 0x20010000)
		ip = ip_from_v4((uint32_t)ip.hi);
	for (unsigned i = 0; i < rows->n; i++) {
		if (!prefix_has_ip(rows->row[i].p, ip) || rows->row[i].p.len < best_len)
			continue;
		best = (int)rows->row[i].value;
		best_len = rows->row[i].p.len;
	}
	return best;
}

/* IPv4 as a file has it, at ::/96, and then taken out again. */
static struct geo_roots make_tree(struct geo_tree *t, const struct rows *rows) {
	uint32_t v4 = GEO_EMPTY, v6 = GEO_EMPTY;

	for (unsigned len = 0; len <= 128; len++) {
		for (unsigned i = 0; i < rows->n; i++) {
			struct prefix p = rows->row[i].p;
			uint32_t leaf = GEO_LEAF + rows->row[i].value;

			if (p.len != len)
				continue;
			if (prefix_family(p) == FAMILY_4)
				v4 = geo_tree_set(t, v4, (struct ip){ 0, (uint32_t)p.ip.lo }, len, leaf);
			else
				v6 = geo_tree_set(t, v6, p.ip, len, leaf);
		}
	}
	return (struct geo_roots){ geo_tree_split(t, v4, 0).v4, v6 };
}

static const struct mmdb_meta meta = {
	.database_type = "Test-Country",
	.description = "random prefixes",
	.build_epoch = 1700000000,
};

struct out {
	int fd;
	uint8_t *bytes;
	struct mmdb_stats stats;
};

static struct out write_file(const struct geo_tree *t, uint32_t root, const uint32_t *value_offset,
			     const struct mmdb_data *d, enum mmdb_layout layout, unsigned bits) {
	struct out o = { memfd_create("mmdb", 0), NULL, { 0 } };
	struct mmdb_meta m = meta;

	m.record_bits = bits;
	assert_int_equal(mmdb_write(o.fd, t, root, value_offset, d, &m, layout, &o.stats), 0);
	assert_int_equal(lseek(o.fd, 0, SEEK_CUR), o.stats.bytes);
	o.bytes = malloc(o.stats.bytes);
	assert_int_equal(pread(o.fd, o.bytes, o.stats.bytes, 0), o.stats.bytes);
	assert_int_equal(o.stats.record_bits, bits ? bits : 24);
	return o;
}

static void out_done(struct out *o) {
	free(o->bytes);
	(void)close(o->fd);
}

static struct mmdb_data *make_data(uint32_t ret_offset[VALUES]) {
	struct mmdb_data *d = mmdb_data_new();

	for (uint32_t i = 0; i < VALUES; i++) {
		char code[] = { 'A', (char)('A' + i), 0 };

		mmdb_data_map(d, 1);
		mmdb_data_text(d, STR("country"));
		mmdb_data_map(d, 1);
		mmdb_data_text(d, STR("iso_code"));
		mmdb_data_text(d, str_of(code));
		assert_int_equal(mmdb_data_end(d, &ret_offset[i]), 0);
	}
	return d;
}

/* --- what reads it --- */

static int their_answer(const MMDB_s *theirs, struct ip ip, unsigned *ret_len) {
	struct sockaddr_in6 sa6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in sa4 = { .sin_family = AF_INET };
	MMDB_lookup_result_s found;
	MMDB_entry_data_s data;
	int error;

	sa4.sin_addr.s_addr = htonl((uint32_t)ip.lo);
	ip_to_bytes(ip, sa6.sin6_addr.s6_addr);
	found = MMDB_lookup_sockaddr(theirs, ip_is_v4(ip) ? (struct sockaddr *)&sa4 : (struct sockaddr *)&sa6, &error);
	assert_int_equal(error, MMDB_SUCCESS);
	*ret_len = found.netmask;
	if (!found.found_entry)
		return -1;
	assert_int_equal(MMDB_get_value(&found.entry, &data, "country", "iso_code", NULL), MMDB_SUCCESS);
	assert_true(data.type == MMDB_DATA_TYPE_UTF8_STRING && data.data_size == 2);
	return data.utf8_string[1] - 'A';
}

static int our_answer(const struct mmdb *db, struct ip ip, unsigned *ret_len) {
	struct prefix network;
	uint64_t offset;
	char code[3];
	int r = mmdb_lookup(db, ip, &offset, &network, NULL);

	assert_true(r >= 0 && prefix_has_ip(network, ip));
	*ret_len = network.len;
	if (r == 0)
		return -1;
	assert_int_equal(mmdb_country(db, offset, code, NULL), 1);
	return code[1] - 'A';
}

static void ask(const struct rows *rows, const MMDB_s *theirs, const struct mmdb *ours, struct ip ip) {
	unsigned their_len, our_len;
	int expected = answer(rows, ip);

	assert_int_equal(our_answer(ours, ip, &our_len), expected);
	/* Of a mapped address libmaxminddb knows what the file says at ::ffff:0:0/96; here it is given as IPv4. */
	assert_int_equal(their_answer(theirs, ip, &their_len), expected);
	assert_int_equal(ip_is_v4(ip) ? MAX(their_len, 96U) : their_len, our_len);
}

static void check_answers(const struct rows *rows, const struct out *o, uint64_t *seed) {
	char path[32];
	struct mmdb db;
	MMDB_s theirs;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", o->fd);
	assert_int_equal(MMDB_open(path, 0, &theirs), MMDB_SUCCESS);
	assert_int_equal(mmdb_open(o->bytes, o->stats.bytes, &db, NULL), 0);
	for (unsigned i = 0; i < rows->n; i++) {
		struct ip first = prefix_first(rows->row[i].p), last = prefix_last(rows->row[i].p);

		ask(rows, &theirs, &db, first);
		ask(rows, &theirs, &db, last);
		ask(rows, &theirs, &db, ip_next(last));
		ask(rows, &theirs, &db, ip_previous(first));
		ask(rows, &theirs, &db, ip_from_v4((uint32_t)random_next(seed)));
		ask(rows, &theirs, &db, (struct ip){ random_next(seed), random_next(seed) });
		ask(rows, &theirs, &db, (struct ip){ UINT64_C(0x2002) << 48 | (first.lo & UINT32_MAX) << 16, 1 });
		ask(rows, &theirs, &db, (struct ip){ UINT64_C(0x20010000) << 32 | (first.lo & UINT32_MAX), 1 });
	}
	MMDB_close(&theirs);
}

static int fail_on_error(const struct mmdb_fault *fault, bool is_error, void *user) {
	(void)user;
	if (is_error)
		fail_msg("%s at %lu", fault->what, (unsigned long)fault->offset);
	return 0;
}

static int count_network(const struct mmdb_network *n, void *user) {
	assert_true(n->has_value);
	++*(uint64_t *)user;
	return 0;
}

static void check_counts(const struct out *o, const struct geo_tree *t, uint32_t root, uint32_t v4_root,
			 unsigned aliases) {
	struct mmdb_counts counts = { 0 };
	uint64_t networks = 0;
	struct mmdb db;

	assert_int_equal(mmdb_verify(o->bytes, o->stats.bytes, fail_on_error, NULL, &counts), 0);
	assert_int_equal(mmdb_open(o->bytes, o->stats.bytes, &db, NULL), 0);
	assert_int_equal(mmdb_each(&db, false, count_network, &networks, NULL), 0);
	assert_int_equal(counts.networks, networks);
	assert_int_equal(counts.nodes, o->stats.nodes);
	if (!geo_is_node(v4_root))
		return;
	assert_int_equal(geo_tree_networks(t, root, v4_root), networks);
	assert_int_equal(mmdb_aliases(&db), aliases);
}

/* Equal bytes come from the file itself, whatever its layout was. */
static void check_again(const struct out *o, const struct out *shared) {
	uint32_t root, v4_root, *value_offset;
	struct mmdb_data *d = mmdb_data_new();
	struct mmdb_base base = { 0 };
	struct geo_tree t;
	struct mmdb db;
	struct out again;

	geo_tree_init(&t);
	assert_int_equal(mmdb_open(o->bytes, o->stats.bytes, &db, NULL), 0);
	assert_int_equal(mmdb_load(&db, &t, &base, NULL), 0);
	value_offset = calloc(VALUES, sizeof(*value_offset));
	for (uint32_t i = 0; i < base.count; i++) {
		assert_int_equal(mmdb_data_copy(d, &db, base.offset[i], NULL), 0);
		assert_int_equal(mmdb_data_end(d, &value_offset[i]), 0);
	}
	root = geo_tree_graft(&t, base.roots, base.aliases, &v4_root);
	again = write_file(&t, root, value_offset, d, MMDB_LAYOUT_SHARED, 0);
	assert_int_equal(again.stats.nodes, shared->stats.nodes);
	if (base.count == VALUES) { /* else the first file has values that nobody uses */
		assert_int_equal(again.stats.bytes, shared->stats.bytes);
		assert_memory_equal(again.bytes, shared->bytes, shared->stats.bytes);
	}
	out_done(&again);
	free(value_offset);
	mmdb_base_done(&base);
	mmdb_data_free(d);
	geo_tree_done(&t);
}

static void test_random(void **state) {
	uint32_t value_offset[VALUES];
	struct mmdb_data *d = make_data(value_offset);
	uint64_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		static const unsigned bits[] = { 0, 28, 32 };
		struct rows rows = { 0 };
		uint32_t root, v4_root;
		struct out shared, reference;
		struct geo_tree t;

		geo_tree_init(&t);
		make_rows(&rows, &seed);
		root = geo_tree_graft(&t, make_tree(&t, &rows), rows.aliases, &v4_root);
		shared = write_file(&t, root, value_offset, d, MMDB_LAYOUT_SHARED, 0);
		for (unsigned j = 0; j < 2 * ARRAY_LEN(bits); j++) {
			struct out o = write_file(&t, root, value_offset, d,
						  j % 2 ? MMDB_LAYOUT_SHARED : MMDB_LAYOUT_REFERENCE, bits[j / 2]);

			check_counts(&o, &t, root, v4_root, rows.aliases);
			check_answers(&rows, &o, &seed);
			check_again(&o, &shared);
			out_done(&o);
		}
		reference = write_file(&t, root, value_offset, d, MMDB_LAYOUT_REFERENCE, 0);
		assert_true(reference.stats.nodes >= shared.stats.nodes);
		if (geo_is_node(v4_root)) {
			struct mmdb db;

			assert_int_equal(mmdb_open(reference.bytes, reference.stats.bytes, &db, NULL), 0);
			assert_int_equal(db.v4_root, 96);
		}
		out_done(&reference);
		out_done(&shared);
		geo_tree_done(&t);
	}
	mmdb_data_free(d);
}

/* Equal records that a writer put down twice, the second time with its keys turned, are one value: so the halves of the
 * node are one, and there is no node. */
static void test_equal_records(void **state) {
	static struct bytes file;
	struct mmdb_base base = { 0 };
	struct geo_tree t;
	struct mmdb db;

	(void)state;
	put_node(&file, 24, 1 + 16, 1 + 16 + 9);
	put_separator(&file);
	for (unsigned i = 0; i < 2; i++) {
		put_head(&file, MMDB_MAP, 2);
		for (unsigned j = 0; j < 2; j++) {
			put_text(&file, i == j ? "a" : "b");
			put_text(&file, i == j ? "A" : "B");
		}
	}
	put_meta(&file, 1, 24, 4);
	geo_tree_init(&t);
	assert_int_equal(mmdb_open(file.b, file.n, &db, NULL), 0);
	assert_int_equal(mmdb_load(&db, &t, &base, NULL), 0);
	assert_int_equal(base.count, 1);
	assert_int_equal(base.offset[0], db.data_start);
	assert_int_equal(base.roots.v4, GEO_LEAF);
	assert_int_equal(base.roots.v6, GEO_EMPTY);
	mmdb_base_done(&base);
	geo_tree_done(&t);
}

static void test_record_bits(void **state) {
	static const struct {
		uint64_t largest;
		unsigned asked;
		int r;
		unsigned bits;
	} rows[] = {
		{ 0, 0, 0, 24 },
		{ 0xffffff, 0, 0, 24 },
		{ 0x1000000, 0, 0, 28 },
		{ 0xfffffff, 0, 0, 28 },
		{ 0x10000000, 0, 0, 32 },
		{ UINT32_MAX, 0, 0, 32 },
		{ UINT64_C(1) << 32, 0, -E2BIG, 0 },
		{ 0x1000000, 24, -ERANGE, 0 },
		{ 0xffffff, 28, 0, 28 },
		{ 0x10000000, 28, -ERANGE, 0 },
		{ 1, 26, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned bits = 0;

		assert_int_equal(mmdb_write_record_bits(rows[i].largest, rows[i].asked, &bits), rows[i].r);
		assert_int_equal(bits, rows[i].bits);
	}
}

/* 28-bit nodes with every bit of both halves. */
static void test_nodes(void **state) {
	(void)state;
	for (unsigned bits = 24; bits <= 32; bits += 4) {
		for (unsigned i = 0; i < 2 * bits; i++) {
			uint32_t left = i < bits ? UINT32_C(1) << i : 0,
				 right = i < bits ? 0 : UINT32_C(1) << (i - bits);
			uint8_t bytes[24] = { 0 };
			struct mmdb db = { .bytes = bytes, .record_bits = bits, .node_count = 1 };

			assert_int_equal(mmdb_write_node(bytes, bits, left, right), bits / 4);
			assert_int_equal(mmdb_record(&db, 0, 0), left);
			assert_int_equal(mmdb_record(&db, 0, 1), right);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_equal_records),
		cmocka_unit_test(test_record_bits),
		cmocka_unit_test(test_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
