/* SPDX-License-Identifier: Apache-2.0 */
/* The test's oracle is counting: all ways to deal the pooled values to the two samples. */
#include "unit.h"

#include <math.h>

#include "base/macro.h"
#include "probe/stat.h"

/* U by its definition: pairs in which the first is larger, ties by halves. */
static double u_of(const uint32_t *a, size_t na, const uint32_t *b, size_t nb) {
	double u = 0;

	for (size_t i = 0; i < na; i++)
		for (size_t k = 0; k < nb; k++)
			u += a[i] > b[k] ? 1 : a[i] == b[k] ? 0.5 : 0;
	return u;
}

static double p_by_dealing(const uint32_t *a, size_t na, const uint32_t *b, size_t nb) {
	const double mean = (double)(na * nb) / 2, far = fabs(u_of(a, na, b, nb) - mean);
	uint32_t all[16], x[16], y[16];
	unsigned long deals = 0, extreme = 0;
	const size_t n = na + nb;

	for (size_t i = 0; i < n; i++)
		all[i] = i < na ? a[i] : b[i - na];
	for (unsigned mask = 0; mask < 1U << n; mask++) {
		size_t nx = 0, ny = 0;

		if ((size_t)__builtin_popcount(mask) != na)
			continue;
		for (size_t i = 0; i < n; i++)
			if (mask >> i & 1)
				x[nx++] = all[i];
			else
				y[ny++] = all[i];
		deals++;
		extreme += fabs(u_of(x, nx, y, ny) - mean) >= far - 1e-9;
	}
	return (double)extreme / (double)deals;
}

static uint32_t next_random(uint64_t *state) {
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*state >> 33);
}

static void test_exact_like_dealing(void **state) {
	uint64_t seed = 7;
	uint32_t v[12];

	(void)state;
	for (unsigned run = 0; run < 60; run++) {
		const size_t na = 1 + run % 6, nb = 1 + run / 6 % 6;

		for (size_t i = 0; i < na + nb; i++)
			v[i] = next_random(&seed) % 100 * 12 + (uint32_t)i; /* no ties */
		const double p = stat_mann_whitney(v, na, v + na, nb), q = p_by_dealing(v, na, v + na, nb);

		assert_true(fabs(p - q) < 1e-9);
		assert_true(fabs(p - stat_mann_whitney(v + na, nb, v, na)) < 1e-9);
	}
}

/* With ties it is the normal approximation: near the truth for samples that are not tiny. */
static void test_ties_near_dealing(void **state) {
	uint64_t seed = 11;
	uint32_t v[16];

	(void)state;
	for (unsigned run = 0; run < 30; run++) {
		for (size_t i = 0; i < 16; i++)
			v[i] = next_random(&seed) % 10 + (i < 8 ? run / 10 : 0);
		assert_true(fabs(stat_mann_whitney(v, 8, v + 8, 8) - p_by_dealing(v, 8, v + 8, 8)) < 0.03);
	}
}

/* Where the exact way ends the approximation is close to it. */
static void test_seam(void **state) {
	uint32_t a[26], b[26];

	(void)state;
	for (uint32_t i = 0; i < 26; i++) {
		a[i] = i * 8;
		b[i] = i * 8 + 27;
	}
	const double exact = stat_mann_whitney(a, 25, b, 25), normal = stat_mann_whitney(a, 26, b, 26);

	assert_true(exact > 0.05 && exact < 0.5);
	assert_true(fabs(exact - normal) < 0.02);
}

static void test_known(void **state) {
	static const uint32_t low[] = { 1, 2, 3, 4, 5 }, high[] = { 6, 7, 8, 9, 10 }, same[] = { 3, 3, 3 };

	(void)state;
	assert_true(fabs(stat_mann_whitney(low, 5, high, 5) - 2.0 / 252) <
		    1e-12); /* the least that five and five give */
	assert_true(fabs(stat_mann_whitney(low, 4, high, 4) - 2.0 / 70) < 1e-12);
	assert_true(stat_mann_whitney(same, 3, same, 3) == 1);
	assert_true(isnan(stat_mann_whitney(low, 0, high, 5)));
	assert_true(isnan(stat_mann_whitney(low, 5, high, 0)));
}

static void test_quantiles(void **state) {
	uint32_t v[] = { 40, 10, 30, 20 };

	(void)state;
	assert_true(stat_median(v, 4) == 25);
	assert_int_equal(v[0], 40);
	assert_true(stat_median(v, 3) == 30);
	assert_true(isnan(stat_median(v, 0)));
	stat_sort(v, 4);
	assert_true(stat_quantile(v, 4, 0) == 10 && stat_quantile(v, 4, 1) == 40);
	assert_true(fabs(stat_quantile(v, 4, 0.95) - 38.5) < 1e-9); /* R: quantile(c(10,20,30,40), .95) */
	assert_true(stat_quantile(v, 1, 0.95) == 10);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_like_dealing),
		cmocka_unit_test(test_ties_near_dealing),
		cmocka_unit_test(test_seam),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
