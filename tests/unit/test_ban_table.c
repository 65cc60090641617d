/* SPDX-License-Identifier: Apache-2.0 */
/* The table of bans in force, beside one that is an array and nothing more. */
#include "unit.h"

#include <string.h>

#include "guard/ban_table.h"
#include "random.h"

enum { NETWORKS = 300, STEPS = 60000 };

struct model {
	struct prefix network[NETWORKS];
	int64_t ends[NETWORKS]; /* 0: not there */
};

static size_t expired;

static void on_expired(struct prefix network, void *user) {
	struct model *m = user;

	for (size_t i = 0; i < NETWORKS; i++)
		if (prefix_equal(m->network[i], network)) {
			assert_true(m->ends[i] > 0);
			m->ends[i] = 0;
		}
	expired++;
}

static void check(const struct ban_table *t, const struct model *m) {
	size_t n = 0, counted = 0;

	for (size_t i = 0; i < NETWORKS; i++) {
		const struct ban_table_row *row = ban_table_find(t, m->network[i]);

		assert_int_equal(row ? row->ends_ms : 0, m->ends[i]);
		n += m->ends[i] > 0;
	}
	for (unsigned family = 0; family < 2; family++)
		for (unsigned len = 0; len <= 128; len++)
			counted += t->count[family][len];
	assert_int_equal(t->rows.n, n);
	assert_int_equal(counted, n);
}

static void test_against_a_model(void **state) {
	struct ban_table t = { 0 };
	struct model m = { 0 };
	uint64_t seed = 7;
	int64_t now = 1000;

	(void)state;
	for (size_t i = 0; i < NETWORKS; i++)
		m.network[i] = i % 3 ? prefix_around((struct ip){ UINT64_C(0x20010db8) << 32 | i << 16, 0 }, 64)
				     : prefix_host(ip_from_v4((uint32_t)(0x0a000000 + i)));
	for (unsigned step = 0; step < STEPS; step++) {
		size_t i = random_below(&seed, NETWORKS);
		int64_t ends = now + 1 + (int64_t)random_below(&seed, 500);
		bool replace = random_below(&seed, 4) == 0, changes;

		switch (random_below(&seed, 4)) {
		case 0:
			assert_int_equal(ban_table_remove(&t, m.network[i]), m.ends[i] > 0);
			m.ends[i] = 0;
			break;
		case 1:
			now += (int64_t)random_below(&seed, 20);
			expired = 0;
			ban_table_expire(&t, now, on_expired, &m);
			for (size_t k = 0; k < NETWORKS; k++)
				assert_true(!m.ends[k] || m.ends[k] > now);
			break;
		default:
			changes = replace ? ends != m.ends[i] : ends > m.ends[i];
			assert_int_equal(ban_table_put(&t, m.network[i], ends, replace), changes);
			if (changes)
				m.ends[i] = ends;
		}
		if (step % 100 == 0)
			check(&t, &m);
	}
	check(&t, &m);
	ban_table_done(&t);
}

static struct prefix net(const char *text) {
	struct prefix p = { { 0, 0 }, 0 };

	assert_int_equal(prefix_parse(text, strlen(text), &p, NULL), 0);
	return p;
}

static void test_around(void **state) {
	struct ban_table t = { 0 };

	(void)state;
	assert_null(ban_table_around(&t, net("::1/128")));
	(void)ban_table_put(&t, net("2001:db8::/32"), 1, false);
	(void)ban_table_put(&t, net("2001:db8::/64"), 2, false);
	(void)ban_table_put(&t, net("::/0"), 3, false);
	assert_int_equal(ban_table_around(&t, net("2001:db8::1/128"))->ends_ms, 2);
	assert_int_equal(ban_table_around(&t, net("2001:db8:0:1::/64"))->ends_ms, 1);
	assert_int_equal(ban_table_around(&t, net("2001:db9::/32"))->ends_ms, 3);
	assert_null(ban_table_around(&t, net("192.0.2.1/32"))); /* ::/0 is no IPv4 */
	ban_table_done(&t);
}

int main(void) {
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_against_a_model), cmocka_unit_test(test_around) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
