/* SPDX-License-Identifier: Apache-2.0 */
/* The build on disk against the model (geo_model.h) and, answer by answer and warning by warning, against the build in
 * memory. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "geo/extsort.h"
#include "geo/mmdb_diff.h"
#include "geo/mmdb_verify.h"
#include "geo/mmdb_write.h"
#include "geo/stream.h"
#include "geo/stream_verify.h"
#include "geo_model.h"

static const char *const codes[] = { "AT", "CZ", "DE", "SK", "US" };
enum { VALUES = ARRAY_LEN(codes) };

struct fixture {
	struct arena arena;
	struct sources sources;
	struct diags diags;
	char *bytes;
	size_t len;
	struct mmdb_stats stats;
	uint64_t networks;
};

static void fixture_init(struct fixture *f) {
	*f = (struct fixture){ 0 };
	sources_init(&f->sources, &f->arena);
	diags_init(&f->diags, &f->arena, &f->sources);
	(void)sources_add(&f->sources, "a.csv", NULL, 0);
	(void)sources_add(&f->sources, "b.csv", NULL, 0);
}

static void fixture_done(struct fixture *f) {
	free(f->bytes);
	diags_done(&f->diags);
	sources_done(&f->sources);
	arena_done(&f->arena);
}

static const struct mmdb_meta meta = { .database_type = "Test-Country", .description = "rows", .build_epoch = 1 };

/* The records of the values that are used. */
static struct mmdb_data *make_data(const bool used[VALUES], uint32_t ret_offset[VALUES]) {
	struct mmdb_data *d = mmdb_data_new();

	for (unsigned v = 0; v < VALUES; v++) {
		if (!used[v])
			continue;
		mmdb_data_map(d, 1);
		mmdb_data_text(d, STR("country"));
		mmdb_data_map(d, 1);
		mmdb_data_text(d, STR("iso_code"));
		mmdb_data_text(d, str_of(codes[v]));
		assert_int_equal(mmdb_data_end(d, &ret_offset[v]), 0);
	}
	return d;
}

static void read_back(struct fixture *f, int fd) {
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	f->len = (size_t)st.st_size;
	assert_int_equal(f->len, f->stats.bytes);
	f->bytes = malloc(f->len);
	assert_int_equal(pread(fd, f->bytes, f->len, 0), f->len);
	(void)close(fd);
}

/* Rows of two sources; ids of the second one are a table's. */
struct rows {
	struct geo_row row[2][MODEL_ROWS];
	unsigned n[2];
};

static void push(struct geo_sink *sink, const struct rows *rows) {
	for (unsigned k = 0; k < 2; k++) {
		assert_int_equal(sink->begin(sink, k + 1), 0);
		for (unsigned i = 0; i < rows->n[k]; i++) {
			struct geo_row row = rows->row[k][i];

			row.id = i + 1;
			row.id_is_line = k == 0;
			assert_int_equal(sink->add(sink, &row), 0);
		}
	}
}

static void build_in_memory(struct fixture *f, const struct rows *in, unsigned aliases) {
	bool used[VALUES] = { true, true, true, true, true };
	uint32_t offset[VALUES], v4_root, root;
	struct mmdb_data *d = make_data(used, offset);
	struct geo_roots roots;
	struct geo_rows rows;
	struct geo_tree t;
	int fd = temp_file_open("/tmp");

	fixture_init(f);
	geo_tree_init(&t);
	geo_rows_init(&rows, &f->diags);
	push(&rows.sink, in);
	roots = geo_rows_compile(&rows, &t);
	root = geo_tree_graft(&t, roots, aliases, &v4_root);
	f->networks = geo_tree_networks(&t, root, v4_root);
	assert_int_equal(mmdb_write(fd, &t, root, offset, d, &meta, MMDB_LAYOUT_SHARED, &f->stats), 0);
	read_back(f, fd);
	geo_rows_done(&rows);
	geo_tree_done(&t);
	mmdb_data_free(d);
}

static int no_fault(const struct mmdb_fault *fault, bool is_error, void *user) {
	(void)user;
	if (!is_error)
		return 0;
	fail_msg("%s at %llu", fault->what, (unsigned long long)fault->offset);
	return 1;
}

/* Every byte changed in turn: what stands behind the tree is always noticed, and of the tree at least what the verifier
 * of whole files notices. */
static void break_each_byte(const struct stream_written *w) {
	uint8_t bytes[4096];
	size_t len = w->stats->bytes, tree_len = w->stats->nodes * w->stats->record_bits / 4;

	assert_true(len <= sizeof(bytes));
	assert_int_equal(pread(w->fd, bytes, len, 0), len);
	for (size_t i = 0; i < len; i++) {
		uint8_t good = bytes[i];

		for (unsigned bit = 0; bit < 8; bit += 3) {
			bytes[i] = (uint8_t)(good ^ 1U << bit);
			assert_int_equal(pwrite(w->fd, &bytes[i], 1, (off_t)i), 1);
			if (i >= tree_len || mmdb_verify(bytes, len, NULL, NULL, NULL))
				assert_int_not_equal(stream_verify(w, NULL, NULL), 0);
			else
				assert_true(stream_verify(w, NULL, NULL) >= 0);
		}
		bytes[i] = good;
		assert_int_equal(pwrite(w->fd, &good, 1, (off_t)i), 1);
	}
	assert_int_equal(ftruncate(w->fd, (off_t)len - 1), 0);
	assert_int_not_equal(stream_verify(w, NULL, NULL), 0);
}

static void expect_verified(const struct stream_written *w, bool break_it) {
	assert_int_equal(stream_verify(w, no_fault, NULL), 0);
	if (break_it)
		break_each_byte(w);
}

static void build_on_disk(struct fixture *f, const struct rows *in, unsigned aliases, size_t memory, bool break_it) {
	bool used[VALUES];
	uint32_t offset[VALUES];
	struct mmdb_data *d;
	struct geo_stream s;
	int fd = temp_file_open("/tmp");

	fixture_init(f);
	assert_int_equal(geo_stream_init(&s, "/tmp", memory, &f->diags), 0);
	push(&s.sink, in);
	assert_int_equal(geo_stream_compile(&s, aliases, used, VALUES), 0);
	d = make_data(used, offset);
	assert_int_equal(geo_stream_write(&s, fd, offset, d, &meta, &f->stats, &f->networks), 0);
	expect_verified(&(struct stream_written){ fd, &f->stats, d, offset, used, VALUES, &meta }, break_it);
	if (!break_it)
		read_back(f, fd);
	else
		(void)close(fd);
	geo_stream_done(&s);
	mmdb_data_free(d);
}

static int no_change(const struct mmdb_change *c, void *user) {
	char network[PREFIX_TEXT_MAX];

	(void)user;
	(void)prefix_format(c->network, network);
	fail_msg("%s is %s in memory and %s on disk", network, c->from.country, c->to.country);
	return 1;
}

static void expect_same_warnings(struct fixture *a, struct fixture *b) {
	diags_sort(&a->diags);
	diags_sort(&b->diags);
	assert_int_equal(a->diags.list.n, b->diags.list.n);
	for (size_t i = 0; i < a->diags.list.n; i++) {
		assert_string_equal(a->diags.list.v[i].message, b->diags.list.v[i].message);
		assert_memory_equal(&a->diags.list.v[i].loc, &b->diags.list.v[i].loc, sizeof(struct loc));
	}
}

static void expect_same(struct fixture *a, struct fixture *b) {
	struct mmdb from, to;
	struct mmdb_fault fault;
	const struct mmdb *broken;
	const struct mmdb_diff diff = { &from, &to, false, no_change, NULL };

	assert_int_equal(mmdb_open(a->bytes, a->len, &from, NULL), 0);
	assert_int_equal(mmdb_open(b->bytes, b->len, &to, NULL), 0);
	assert_int_equal(mmdb_verify(b->bytes, b->len, no_fault, NULL, NULL), 0);
	assert_int_equal(mmdb_diff(&diff, &fault, &broken), 0);
	assert_int_equal(mmdb_aliases(&from), mmdb_aliases(&to));
	assert_true(to.node_count >= from.node_count);
	assert_int_equal(a->networks, b->networks);
	expect_same_warnings(a, b);
}

/* What the model says, of both ends of each cell. */
static void expect_model(const struct fixture *f, const struct model *m) {
	struct mmdb db;

	assert_int_equal(mmdb_open(f->bytes, f->len, &db, NULL), 0);
	for (unsigned cell = 0; cell < universe_cells(m->u); cell++) {
		struct ip ip = cell & 1 ? universe_last(m->u, cell) : universe_first(m->u, cell);
		int answer = model_answer(m, cell);
		uint64_t offset;
		struct prefix network;
		char code[3];
		int r;

		if (ip.hi == 0 && prefix_family(m->u->base) == FAMILY_6 && (ip_is_v4(ip) || ip.lo >> 32 == 0))
			continue;
		r = mmdb_lookup(&db, ip, &offset, &network, NULL);
		assert_int_equal(r, answer != MODEL_NONE);
		if (r && mmdb_country(&db, offset, code, NULL) == 1)
			assert_string_equal(code, codes[answer]);
	}
}

static void expect_rows(const struct rows *rows, unsigned aliases, size_t sort_memory, const struct model *m) {
	struct fixture memory, disk;

	build_in_memory(&memory, rows, aliases);
	build_on_disk(&disk, rows, aliases, sort_memory, false);
	expect_same(&memory, &disk);
	if (m)
		expect_model(&disk, m);
	fixture_done(&memory);
	fixture_done(&disk);
}

static void test_random_tables(void **state) {
	static const unsigned aliases[] = { 0, GEO_ALIAS_MAPPED | GEO_ALIAS_6TO4, GEO_ALIAS_TEREDO | GEO_ALIAS_6TO4 };
	uint64_t seed = 30;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		const struct universe *u = &universes[random_below(&seed, ARRAY_LEN(universes))];
		const struct universe *other = &universes[random_below(&seed, ARRAY_LEN(universes))];
		struct rows rows = { 0 };
		struct model m[2];

		model_random(&m[0], u, random_below(&seed, round % 3 ? 12 : MODEL_ROWS), &seed);
		model_random(&m[1], other, random_below(&seed, 12), &seed);
		for (unsigned k = 0; k < 2; k++)
			for (; rows.n[k] < m[k].n; rows.n[k]++)
				rows.row[k][rows.n[k]] = model_geo_row(&m[k], rows.n[k]);
		expect_rows(&rows, aliases[round % 3], round % 2 ? 1 << 20 : 2000,
			    !(round % 3) && !prefix_overlaps(u->base, other->base) ? &m[0] : NULL);
	}
}

/* One row over another, at the bounds of both families and of the places that are IPv4's. */
static void test_bounds(void **state) {
	static const char *const ranges[] = {
		"0.0.0.0 - 255.255.255.255",
		"255.255.255.255 - 255.255.255.255",
		"0.0.0.0 - 0.0.0.0",
		"::1:0:0 - ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		":: - ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"2002:: - 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:: - 2003::",
		"::fffe:0:1 - ::1:0:0:5",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff - ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	};
	struct rows rows = { .n = { 1, 1 } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(ranges) * ARRAY_LEN(ranges); i++)
		for (unsigned aliases = 0; aliases < 8; aliases++) {
			for (unsigned k = 0; k < 2; k++) {
				const char *text = ranges[k ? i / ARRAY_LEN(ranges) : i % ARRAY_LEN(ranges)];
				struct geo_row *row = &rows.row[k][0];

				*row = (struct geo_row){ .value = k, .created = GEO_NEVER };
				assert_int_equal(range_parse(text, strlen(text), &row->range, NULL), 0);
			}
			expect_rows(&rows, aliases, 1 << 20, NULL);
		}
}

static void test_broken_files(void **state) {
	uint64_t seed = 31;

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		struct rows rows = { .n = { 4, 0 } };
		struct fixture f;
		struct model m;

		model_random(&m, &universes[2 * round], rows.n[0], &seed);
		for (unsigned i = 0; i < rows.n[0]; i++)
			rows.row[0][i] = model_geo_row(&m, i);
		build_on_disk(&f, &rows, GEO_ALIAS_MAPPED | GEO_ALIAS_6TO4, 1 << 20, true);
		fixture_done(&f);
	}
}

static void test_nothing(void **state) {
	const struct rows rows = { 0 };

	(void)state;
	expect_rows(&rows, GEO_ALIAS_6TO4, 1 << 20, NULL);
}

/* Errors of the temporary files are told with their folder. */
static void test_no_folder(void **state) {
	struct fixture f;
	struct geo_stream s;
	bool used[VALUES];

	(void)state;
	fixture_init(&f);
	assert_int_equal(geo_stream_init(&s, "/nonexistent/folder", 1 << 20, &f.diags), 0);
	assert_int_equal(geo_stream_compile(&s, 0, used, VALUES), -ENOENT);
	assert_int_equal(f.diags.count[SEVERITY_ERROR], 1);
	assert_non_null(strstr(f.diags.list.v[0].message, "/nonexistent/folder"));
	geo_stream_done(&s);
	fixture_done(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_tables), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_broken_files),  cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
