/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "geo_model.h"

struct fixture {
	struct arena arena;
	struct sources sources;
	struct diags diags;
};

static void fixture_init(struct fixture *f) {
	*f = (struct fixture){ 0 };
	sources_init(&f->sources, &f->arena);
	diags_init(&f->diags, &f->arena, &f->sources);
	(void)sources_add(&f->sources, "a.csv", NULL, 0);
	(void)sources_add(&f->sources, "b.csv", NULL, 0);
}

static void fixture_done(struct fixture *f) {
	diags_done(&f->diags);
	sources_done(&f->sources);
	arena_done(&f->arena);
}

/* Compiles the model's rows; the root of its family. */
static uint32_t compile(const struct model *m, struct geo_tree *t, struct diags *diags) {
	struct geo_roots roots;
	struct geo_rows rows;

	geo_rows_init(&rows, diags);
	assert_int_equal(rows.sink.begin(&rows.sink, 1), 0);
	for (unsigned i = 0; i < m->n; i++) {
		struct geo_row row = model_geo_row(m, i);

		assert_int_equal(rows.sink.add(&rows.sink, &row), 0);
	}
	roots = geo_rows_compile(&rows, t);
	geo_rows_done(&rows);
	if (prefix_family(m->u->base) == FAMILY_4)
		assert_int_equal(roots.v6, GEO_EMPTY);
	else
		assert_int_equal(roots.v4, GEO_EMPTY);
	return prefix_family(m->u->base) == FAMILY_4 ? roots.v4 : roots.v6;
}

static void expect(const struct geo_tree *t, uint32_t root, const struct model *m, struct ip ip, unsigned cell) {
	int answer = model_answer(m, cell);
	unsigned len;
	uint32_t record = geo_tree_find(t, root, ip, prefix_family(m->u->base), &len);

	if (ip_is_v4(ip) && prefix_family(m->u->base) == FAMILY_6)
		answer = MODEL_NONE;
	assert_int_equal(record, answer == MODEL_NONE ? GEO_EMPTY : GEO_LEAF + (uint32_t)answer);
}

static void expect_all(const struct geo_tree *t, uint32_t root, const struct model *m) {
	for (unsigned cell = 0; cell < universe_cells(m->u); cell++) {
		expect(t, root, m, universe_first(m->u, cell), cell);
		expect(t, root, m, universe_last(m->u, cell), cell);
	}
}

/* Every order gives the same tree: the same record in one, the same shape in another. */
static void expect_same(const struct geo_tree *t, uint32_t root, const struct model *m) {
	uint32_t n, other_n;
	uint32_t *shape = tree_shape(t, root, &n), *other_shape;
	struct geo_tree other;
	struct fixture f;

	fixture_init(&f);
	geo_tree_init(&other);
	other_shape = tree_shape(&other, compile(m, &other, &f.diags), &other_n);
	assert_int_equal(n, other_n);
	assert_memory_equal(shape, other_shape, n * sizeof(*shape));
	free(shape);
	free(other_shape);
	geo_tree_done(&other);
	fixture_done(&f);
}

static void test_random_tables(void **state) {
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 600; round++) {
		const struct universe *u = &universes[round % ARRAY_LEN(universes)];
		struct model m, shuffled;
		struct geo_tree t;
		struct fixture f;
		uint32_t root;

		if (u->hole != NO_CELL)
			continue;
		model_random(&m, u, random_below(&seed, round % 3 ? 10 : MODEL_ROWS), &seed);
		shuffled = m;
		model_shuffle(&shuffled, &seed);
		fixture_init(&f);
		geo_tree_init(&t);
		root = compile(&m, &t, &f.diags);
		expect_all(&t, root, &m);
		assert_int_equal(compile(&shuffled, &t, &f.diags), root);
		expect_same(&t, root, &shuffled);
		geo_tree_done(&t);
		fixture_done(&f);
	}
}

/* All orders of m's rows from `at` on. */
static void each_order(struct model *m, unsigned at, struct geo_tree *t, struct diags *diags, uint32_t root) {
	if (at == m->n) {
		assert_int_equal(compile(m, t, diags), root);
		return;
	}
	for (unsigned i = at; i < m->n; i++) {
		struct model_row r = m->row[at];

		m->row[at] = m->row[i];
		m->row[i] = r;
		each_order(m, at + 1, t, diags, root);
		m->row[i] = m->row[at];
		m->row[at] = r;
	}
}

static void test_all_orders(void **state) {
	uint64_t seed = 2;

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		const struct universe *u = &universes[round % 6];
		struct geo_tree t;
		struct fixture f;
		struct model m;
		uint32_t root;

		model_random(&m, u, 5, &seed);
		fixture_init(&f);
		geo_tree_init(&t);
		root = compile(&m, &t, &f.diags);
		expect_all(&t, root, &m);
		each_order(&m, 0, &t, &f.diags, root);
		geo_tree_done(&t);
		fixture_done(&f);
	}
}

static void test_conflicts(void **state) {
	uint64_t seed = 3;
	unsigned shown = 0, many = 0;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		const struct universe *u = &universes[round % 6];
		unsigned expected;
		struct geo_tree t;
		struct fixture f;
		struct model m;

		model_random(&m, u, random_below(&seed, MODEL_ROWS), &seed);
		expected = model_conflicts(&m);
		fixture_init(&f);
		geo_tree_init(&t);
		(void)compile(&m, &t, &f.diags);
		assert_int_equal(f.diags.count[SEVERITY_WARNING],
				 MIN(expected, (unsigned)GEO_POLICY_SHOWN) + (expected > GEO_POLICY_SHOWN));
		shown += expected > 0;
		many += expected > GEO_POLICY_SHOWN;
		geo_tree_done(&t);
		fixture_done(&f);
	}
	assert_true(shown > 50 && many > 10);
}

static void add_row(struct geo_rows *rows, const char *network, uint32_t value, uint64_t id, bool is_line) {
	struct geo_row row = { .value = value, .created = GEO_NEVER, .id = id, .id_is_line = is_line };
	struct prefix p;

	assert_int_equal(prefix_parse(network, strlen(network), &p, NULL), 0);
	row.range = (struct range){ prefix_first(p), prefix_last(p) };
	assert_int_equal(rows->sink.add(&rows->sink, &row), 0);
}

static uint32_t ask(const struct geo_tree *t, struct geo_roots roots, const char *text) {
	struct ip ip;
	unsigned len;

	assert_int_equal(ip_parse(text, strlen(text), &ip, NULL), 0);
	return geo_tree_find(t, ip_is_v4(ip) ? roots.v4 : roots.v6, ip, ip_family(ip), &len);
}

/* A /8 (A), a /16 in it (B) and a /24 in that (C): the orders in which an insertion loses one of them. */
static void test_nested_in_six_orders(void **state) {
	static const char *const network[2][3] = { { "11.0.0.0/8", "11.22.0.0/16", "11.22.33.0/24" },
						   { "2a00::/32", "2a00:0:22::/48", "2a00:0:22:33::/64" } };
	static const char *const address[2][3] = { { "11.0.0.1", "11.22.0.1", "11.22.33.1" },
						   { "2a00::1", "2a00:0:22::1", "2a00:0:22:33::1" } };
	static const unsigned order[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					      { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	struct geo_roots roots, first = { 0 };
	struct geo_tree t;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	geo_tree_init(&t);
	for (unsigned i = 0; i < 6; i++) {
		struct geo_rows rows;

		geo_rows_init(&rows, &f.diags);
		assert_int_equal(rows.sink.begin(&rows.sink, 1), 0);
		for (unsigned k = 0; k < 3; k++)
			for (unsigned family = 0; family < 2; family++)
				add_row(&rows, network[family][order[i][k]], order[i][k], 10 * k + family, true);
		roots = geo_rows_compile(&rows, &t);
		geo_rows_done(&rows);
		for (unsigned k = 0; k < 3; k++)
			for (unsigned family = 0; family < 2; family++)
				assert_int_equal(ask(&t, roots, address[family][k]), GEO_LEAF + k);
		first = i ? first : roots;
		assert_int_equal(roots.v4, first.v4);
		assert_int_equal(roots.v6, first.v6);
	}
	assert_int_equal(f.diags.list.n, 0);
	geo_tree_done(&t);
	fixture_done(&f);
}

static char *text_of(struct fixture *f) {
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	diags_sort(&f->diags);
	diags_print(&f->diags, out, false);
	(void)fclose(out);
	return text;
}

static void test_conflict_names_both_rows(void **state) {
	struct geo_roots roots;
	struct geo_rows rows;
	struct geo_tree t;
	struct fixture f;
	char *text;

	(void)state;
	fixture_init(&f);
	geo_tree_init(&t);
	geo_rows_init(&rows, &f.diags);
	assert_int_equal(rows.sink.begin(&rows.sink, 1), 0);
	add_row(&rows, "193.0.0.0/21", 3, 7, true);
	add_row(&rows, "194.0.0.0/21", 3, 8, true);
	assert_int_equal(rows.sink.begin(&rows.sink, 2), 0);
	add_row(&rows, "193.0.0.0/21", 1, 5000000000, false);
	add_row(&rows, "194.0.0.0/21", 3, 17, false);
	roots = geo_rows_compile(&rows, &t);
	assert_int_equal(ask(&t, roots, "193.0.7.255"), GEO_LEAF + 1);
	text = text_of(&f);
	assert_string_equal(text,
			    "a.csv:7:1: warning: 193.0.0.0/21 is AG here and AE in another row, and neither is newer; "
			    "AE is taken, the smaller code [geo-conflict]\n"
			    "      = hint: remove the row that is wrong, or give the right one a newer created_at\n"
			    "b.csv: note: row 5000000000 is taken [geo-conflict]\n");
	free(text);
	geo_rows_done(&rows);
	geo_tree_done(&t);
	fixture_done(&f);
}

static void test_places(void **state) {
	static const uint64_t ids[] = { 2, 3, 4, 9, 10, 1, 2, 3, 100 };
	struct geo_rows rows;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	geo_rows_init(&rows, &f.diags);
	for (uint32_t file = 1; file <= 2; file++) {
		assert_int_equal(rows.sink.begin(&rows.sink, file), 0);
		for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
			struct geo_row row = { .created = file == 2 && i == 5 ? 77 : GEO_NEVER, .id = ids[i] };

			row.range.first = row.range.last = ip_from_v4(0x09000000 + (uint32_t)i);
			assert_int_equal(rows.sink.add(&rows.sink, &row), 0);
		}
	}
	for (uint32_t i = 0; i < 2 * ARRAY_LEN(ids); i++) {
		struct geo_place place = geo_rows_place(&rows, i);

		assert_int_equal(place.file, 1 + i / ARRAY_LEN(ids));
		assert_int_equal(place.id, ids[i % ARRAY_LEN(ids)]);
		assert_true(place.created == (i == ARRAY_LEN(ids) + 5 ? 77 : GEO_NEVER));
	}
	assert_true(rows.run.n < ARRAY_LEN(ids));
	geo_rows_done(&rows);
	fixture_done(&f);
}

static void test_policy(void **state) {
	static const struct {
		const char *network, *check; /* NULL: nothing to say */
		bool taken;
	} cases[] = {
		{ "8.8.8.0/24", NULL, true },
		{ "2a01::/16", NULL, true },
		{ "::/0", NULL, true },
		{ "::/3", NULL, true },
		{ "0.0.0.0/0", NULL, true },
		{ "2000::/3", NULL, true },
		{ "2001::/16", NULL, true },
		{ "::/96", "geo-compatible", false },
		{ "::808:0/112", "geo-compatible", false },
		{ "2002::/16", "geo-6to4", false },
		{ "2002:5a0:3602::/112", "geo-6to4", false },
		{ "2001::/32", "geo-teredo", true },
		{ "2001:0:4136:e378::/64", "geo-teredo", true },
		{ "64:ff9b::/96", "geo-nat64", true },
		{ "64:ff9b:1:2::/64", "geo-nat64", true },
		{ "10.1.0.0/16", "geo-reserved", true },
		{ "192.168.7.0/24", "geo-reserved", true },
		{ "fd00:1::/48", "geo-reserved", true },
		{ "2001:db8::/32", "geo-reserved", true },
		{ "ff02::/16", "geo-reserved", true },
		{ "192.88.98.0/23", NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct geo_rows rows;
		struct fixture f;

		fixture_init(&f);
		geo_rows_init(&rows, &f.diags);
		assert_int_equal(rows.sink.begin(&rows.sink, 1), 0);
		add_row(&rows, "8.8.4.0/24", 0, 1, true); /* the stretch that is remembered */
		add_row(&rows, "2a02::/16", 0, 2, true);
		add_row(&rows, cases[i].network, 0, 3, true);
		assert_int_equal(rows.count, 2 + cases[i].taken);
		assert_int_equal(f.diags.list.n, cases[i].check != NULL);
		if (cases[i].check)
			assert_string_equal(f.diags.list.v[0].check, cases[i].check);
		geo_rows_done(&rows);
		fixture_done(&f);
	}
}

static void test_policy_counts(void **state) {
	struct geo_roots roots;
	struct geo_rows rows;
	struct geo_tree t;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	geo_tree_init(&t);
	geo_rows_init(&rows, &f.diags);
	assert_int_equal(rows.sink.begin(&rows.sink, 1), 0);
	for (unsigned i = 0; i < 2 * GEO_POLICY_SHOWN; i++)
		add_row(&rows, i % 2 ? "2002:1::/32" : "10.0.0.0/8", 5, i + 1, true);
	for (unsigned i = 0; i < 4; i++)
		add_row(&rows, "10.0.0.0/8", 5, i + 100, true);
	roots = geo_rows_compile(&rows, &t);
	assert_int_equal(roots.v6, GEO_EMPTY);
	assert_int_equal(f.diags.count[SEVERITY_WARNING], GEO_POLICY_SHOWN);
	assert_int_equal(f.diags.count[SEVERITY_NOTE], GEO_POLICY_SHOWN + 1);
	geo_rows_done(&rows);
	geo_tree_done(&t);
	fixture_done(&f);
}

static void test_bad_range(void **state) {
	struct geo_row row = { .range = { ip_from_v4(2), ip_from_v4(1) }, .created = GEO_NEVER };
	struct geo_rows rows;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	geo_rows_init(&rows, &f.diags);
	assert_int_equal(rows.sink.add(&rows.sink, &row), -EINVAL);
	row.range = (struct range){ { 1, 0 }, { 0, 5 } };
	assert_int_equal(rows.sink.add(&rows.sink, &row), -EINVAL);
	assert_int_equal(rows.count, 0);
	geo_rows_done(&rows);
	fixture_done(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_tables),
		cmocka_unit_test(test_all_orders),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_nested_in_six_orders),
		cmocka_unit_test(test_conflict_names_both_rows),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_policy_counts),
		cmocka_unit_test(test_bad_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
