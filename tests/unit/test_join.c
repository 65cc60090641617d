/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of a small universe, given one by one or in blocks, leave as what a recursive definition says. */
#include "unit.h"

#include "geo/join.h"
#include "universe.h"

enum { CELLS = 64, GAP = 5, FULL = 6 };

struct out {
	struct prefix p[2 * CELLS];
	uint64_t says[2 * CELLS];
	unsigned n;
};

static int collect(struct prefix p, uint64_t says, void *user) {
	struct out *o = user;

	assert_in_range(o->n, 0, 2 * CELLS - 1);
	o->p[o->n] = p;
	o->says[o->n++] = says;
	return 0;
}

/* Whether the cells all say one thing or nothing; *ret_says is JOIN_ANYTHING when all say nothing. */
static bool is_one(const uint64_t *cell, unsigned n, uint64_t *ret_says) {
	*ret_says = JOIN_ANYTHING;
	for (unsigned i = 0; i < n; i++) {
		if (cell[i] == GAP || (cell[i] != JOIN_ANYTHING && *ret_says != JOIN_ANYTHING && cell[i] != *ret_says))
			return false;
		if (cell[i] != JOIN_ANYTHING)
			*ret_says = cell[i];
	}
	return true;
}

/* The fewest prefixes that say it, in order. */
static void expect(const struct universe *u, const uint64_t *cell, unsigned at, unsigned size, struct out *o) {
	uint64_t says;

	if (is_one(cell + at, 1U << size, &says)) {
		if (says != JOIN_ANYTHING)
			(void)collect(universe_prefix(u, at, size), says, o);
		return;
	}
	if (size) {
		expect(u, cell, at, size - 1, o);
		expect(u, cell, at + (1U << (size - 1)), size - 1, o);
	}
}

/* Gives the cells, in blocks where a whole block says the same. */
static void give(const struct universe *u, const uint64_t *cell, unsigned at, unsigned size, uint64_t *seed,
		 struct join *j) {
	bool same = true;

	for (unsigned i = 1; i < 1U << size; i++)
		same = same && cell[at + i] == cell[at];
	if (same && (!size || random_below(seed, 2))) {
		if (cell[at] != GAP)
			assert_int_equal(join_add(j, universe_prefix(u, at, size), cell[at]), 0);
		return;
	}
	give(u, cell, at, size - 1, seed, j);
	give(u, cell, at + (1U << (size - 1)), size - 1, seed, j);
}

/* In every second round one cell says nothing: a right half, or the first. */
static void test_random_cells(void **state) {
	const struct universe u = { "a small part of IPv6", { { UINT64_C(0x20010db8) << 32, 0 }, 58 }, FULL, NO_CELL };
	uint64_t seed = 40;

	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		uint64_t cell[CELLS];
		struct out got = { .n = 0 }, expected = { .n = 0 };
		struct join j = { .fn = collect, .user = &got };
		unsigned step = 1U << random_below(&seed, 5);

		for (unsigned i = 0; i < CELLS; i++)
			cell[i] = i % step ? cell[i - 1] : random_below(&seed, 8) ? 1 + random_below(&seed, 2) : GAP;
		if (round % 2)
			cell[round % 4 == 1 ? 0 : random_below(&seed, CELLS) | 1] = JOIN_ANYTHING;
		expect(&u, cell, 0, FULL, &expected);
		give(&u, cell, 0, FULL, &seed, &j);
		assert_int_equal(join_end(&j), 0);
		assert_int_equal(got.n, expected.n);
		for (unsigned i = 0; i < got.n; i++) {
			assert_true(prefix_equal(got.p[i], expected.p[i]));
			assert_int_equal(got.says[i], expected.says[i]);
		}
	}
}

static int stop(struct prefix p, uint64_t says, void *user) {
	(void)p;
	(void)says;
	return ++*(int *)user == 2 ? 77 : 0;
}

static void test_a_result_stops(void **state) {
	const struct universe *u = &universes[0];
	int count = 0;
	struct join j = { .fn = stop, .user = &count };

	(void)state;
	assert_int_equal(join_add(&j, universe_prefix(u, 1, 0), 1), 0);
	assert_int_equal(join_add(&j, universe_prefix(u, 3, 0), 1), 77);
}

/* All of IPv6 is one prefix, and it is over then. */
static void test_everything(void **state) {
	struct out got = { .n = 0 };
	struct join j = { .fn = collect, .user = &got };

	(void)state;
	assert_int_equal(join_add(&j, (struct prefix){ { 0, 0 }, 1 }, 9), 0);
	assert_int_equal(join_add(&j, (struct prefix){ { UINT64_C(1) << 63, 0 }, 1 }, 9), 0);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.p[0].len, 0);
	assert_int_equal(join_end(&j), 0);
	assert_int_equal(got.n, 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_cells),
		cmocka_unit_test(test_a_result_stops),
		cmocka_unit_test(test_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
