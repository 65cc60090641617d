/* SPDX-License-Identifier: Apache-2.0 */
/* The window's edges, one by one; random traces are compared with plain lists in tests/guard. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "guard/counter.h"

static const struct counter_config plain = {
	.window_ms = 1000, .count = 3, .len = 64, .child_len = 128, .memory = 1 << 20
};

static struct ip host(uint64_t network, uint64_t id) {
	return (struct ip){ UINT64_C(0x20010db800000000) + network, id };
}

static struct counter *counter_of(const struct counter_config *config) {
	struct counter *c = NULL;

	assert_int_equal(counter_new(config, &c), 0);
	return c;
}

static struct counter_result add(struct counter *c, struct ip ip, int64_t t) {
	return counter_add(c, counter_key(c, ip), ip, t);
}

static void test_window_edge(void **state) {
	struct counter *c = counter_of(&plain);
	struct counter_result r;

	(void)state;
	(void)add(c, host(1, 1), 5000);
	(void)add(c, host(1, 2), 5500);
	assert_false(add(c, host(2, 2), 5500).over);
	r = add(c, host(1, 3), 6000); /* 5000 is a window old: out */
	assert_int_equal(r.count, 2);
	assert_int_equal(r.first_ms, 5500);
	assert_false(r.over);
	assert_true(add(c, host(1, 3), 5001).over);
	r = add(c, host(1, 3), 5000);
	assert_true(r.late && r.over);
	r = counter_look(c, counter_key(c, host(1, 77)));
	assert_int_equal(r.count, 3);
	assert_int_equal(r.first_ms, 5001);
	assert_int_equal(r.newest_ms, 6000);
	assert_int_equal(counter_look(c, counter_key(c, host(3, 1))).count, 0);
	counter_free(c);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window_edge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
