/* SPDX-License-Identifier: Apache-2.0 */
/* Edges of windows, memory, growth and what is saved; random traces are compared with plain lists in tests/guard. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "guard/counter.h"
#include "random.h"

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

static struct counter_result look(const struct counter *c, struct ip ip) {
	return counter_look(c, counter_key(c, ip));
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
	r = look(c, host(1, 77));
	assert_int_equal(r.count, 3);
	assert_int_equal(r.first_ms, 5001);
	assert_int_equal(r.newest_ms, 6000);
	assert_int_equal(look(c, host(3, 1)).count, 0);
	assert_int_equal(counter_stats(c).late, 1);
	counter_forget(c, counter_key(c, host(1, 1)));
	assert_int_equal(look(c, host(1, 1)).count, 0);
	assert_int_equal(look(c, host(2, 1)).count, 1);
	counter_free(c);
}

/* One network's mad clock is its own trouble. */
static void test_mad_times(void **state) {
	struct counter *c = counter_of(&plain);

	(void)state;
	(void)add(c, host(1, 1), INT64_MAX);
	(void)add(c, host(2, 1), INT64_MIN);
	for (int i = 0; i < 3; i++)
		(void)add(c, host(3, 1), 1000 + i);
	assert_true(look(c, host(3, 1)).over);
	assert_true(add(c, host(1, 1), 1000).late);
	assert_int_equal(add(c, host(2, 1), 1000).count, 1);
	counter_step_back(c, 2000);
	assert_int_equal(add(c, host(1, 1), 1000).count, 1);
	assert_true(look(c, host(3, 1)).over);
	counter_free(c);
}

static void test_config(void **state) {
	struct counter_config bad[] = { plain, plain, plain, plain, plain, plain };
	struct counter *c = NULL;

	(void)state;
	bad[0].window_ms = 0;
	bad[1].window_ms = INT64_C(7) * 86400000 + 1;
	bad[2].count = 0;
	bad[3].count = COUNT_MAX; /* a megabyte is not enough for such */
	bad[4].ratio = 1.5;
	bad[5].memory = COUNTER_MEMORY_MIN - 1;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(counter_new(&bad[i], &c), -EINVAL);
	bad[3].memory = counter_memory_min(&bad[3]);
	counter_free(counter_of(&bad[3]));
	counter_free(NULL);
}

static void test_empty_is_small(void **state) {
	struct counter_config config = plain;
	struct counter *c;

	(void)state;
	config.memory = 1UL << 30;
	c = counter_of(&config);
	assert_in_range(counter_stats(c).memory, 1, 16384);
	(void)add(c, host(1, 1), 1);
	assert_in_range(counter_stats(c).memory, 1, 16384);
	counter_free(c);
}

/* The index grows several times while requests go on; nobody is lost. */
static void test_growth(void **state) {
	enum { NETWORKS = 200000 };
	struct counter_config config = plain;
	struct counter *c;

	(void)state;
	config.memory = 32 << 20;
	c = counter_of(&config);
	for (unsigned i = 0; i < NETWORKS; i++) {
		assert_int_equal(add(c, host(i, 1), i / 500).count, 1);
		if (i % 2)
			assert_int_equal(add(c, host(i / 2, 1), i / 500).count, 2);
		counter_prefetch(c, counter_key(c, host(i / 3, 1)));
	}
	for (unsigned i = 0; i < NETWORKS; i++)
		assert_int_equal(look(c, host(i, 1)).count, i < NETWORKS / 2 ? 2 : 1);
	assert_int_equal(counter_stats(c).used, NETWORKS);
	assert_int_equal(counter_stats(c).takeovers, 0);
	assert_in_range(counter_stats(c).memory, NETWORKS * 72, config.memory);
	counter_free(c);
}

/* Silent networks make room for new ones, long before the limit. */
static void test_reclaim(void **state) {
	struct counter_config config = plain;
	struct counter *c;

	(void)state;
	config.memory = 32 << 20;
	c = counter_of(&config);
	for (unsigned i = 0; i < 300000; i++)
		(void)add(c, host(i, 1), i);
	assert_in_range(counter_stats(c).used, 2000, 10000);
	assert_in_range(counter_stats(c).memory, 2000 * 64, 2 << 20);
	assert_int_equal(counter_stats(c).takeovers, 0);
	counter_free(c);
}

/* Epochs are numbered by 15 bits: a network that nobody touches while they come round weighs nothing, as it should. */
static void test_epochs_come_round(void **state) {
	struct counter_config config = plain;
	struct counter *c;

	(void)state;
	config.window_ms = 1;
	config.memory = 1 << 16;
	c = counter_of(&config);
	for (unsigned i = 0; i < 500; i++)
		(void)add(c, host(i, 1), 0);
	for (unsigned i = 0; i < 70000 * 16; i++)
		(void)add(c, host(1000, 1), i / 8);
	for (unsigned i = 0; i < 5000; i++)
		(void)add(c, host(2000 + i, 1), 140000);
	assert_in_range(counter_stats(c).takeovers, 1, 5000);
	assert_in_range(counter_stats(c).memory, 1, config.memory);
	counter_free(c);
}

static char *saved(const struct counter *c, size_t *ret_size) {
	char *bytes = NULL;
	FILE *f = open_memstream(&bytes, ret_size);

	assert_non_null(f);
	assert_int_equal(counter_save(c, f), 0);
	assert_int_equal(fclose(f), 0);
	return bytes;
}

static int load(struct counter *c, char *bytes, size_t size) {
	FILE *f = fmemopen(bytes, size, "r");
	int r;

	assert_non_null(f);
	r = counter_load(c, f);
	(void)fclose(f);
	return r;
}

static const struct counter_config rich = {
	.window_ms = 1000, .count = 40, .children = 5, .ratio = 0.5, .len = 56, .child_len = 64, .memory = 4 << 20
};

static void random_request(struct counter *c, uint64_t random, int64_t now, struct counter_result *ret_result) {
	struct ip ip = host((random & 0xff) << 8 | (random >> 8 & 7), 1);
	int64_t t = now - (int64_t)(random >> 16 & 0xff);

	*ret_result = (struct counter_result){ 0 };
	if (random >> 60 < 5)
		counter_total(c, counter_key(c, ip), t);
	else
		*ret_result = add(c, ip, t);
}

/* Saved and loaded, with another hash key, it answers as the one that went on. */
static void test_save_and_continue(void **state) {
	struct counter *one = counter_of(&rich), *other = counter_of(&rich);
	struct counter_result a, b;
	uint64_t seed = 1;
	size_t size;
	char *bytes;

	(void)state;
	for (int64_t i = 0; i < 20000; i++)
		random_request(one, random_next(&seed), i / 20, &a);
	bytes = saved(one, &size);
	assert_int_equal(load(other, bytes, size), 0);
	assert_int_equal(counter_stats(other).used, counter_stats(one).used);
	for (int64_t i = 20000; i < 60000; i++) {
		uint64_t random = random_next(&seed);

		random_request(one, random, i / 20, &a);
		random_request(other, random, i / 20, &b);
		assert_int_equal(a.count, b.count);
		assert_int_equal(a.error, b.error);
		assert_int_equal(a.children, b.children);
		assert_true(a.ratio <= b.ratio && a.ratio >= b.ratio);
		assert_int_equal(a.first_ms, b.first_ms);
		assert_int_equal(a.newest_ms, b.newest_ms);
		assert_true(a.late == b.late && a.over == b.over);
	}
	assert_int_equal(counter_stats(other).late, counter_stats(one).late);
	free(bytes);
	counter_free(one);
	counter_free(other);
}

static void test_load_refuses(void **state) {
	struct counter_config others[] = { rich, rich, rich, rich };
	struct counter *c = counter_of(&rich), *other;
	struct counter_result r;
	uint64_t seed = 2;
	size_t size;
	char *bytes;

	(void)state;
	for (int64_t i = 0; i < 300; i++)
		random_request(c, random_next(&seed), i, &r);
	bytes = saved(c, &size);
	others[0].window_ms++;
	others[1].count++;
	others[2].ratio = 0.6;
	others[3].child_len = 72;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		other = counter_of(&others[i]);
		assert_int_equal(load(other, bytes, size), -EBADMSG);
		counter_free(other);
	}
	other = counter_of(&rich);
	for (size_t cut = 1; cut < size; cut += 1 + size / 500) {
		assert_int_equal(load(other, bytes, cut), -EBADMSG);
		assert_int_equal(counter_stats(other).used, 0);
	}
	assert_int_equal(load(other, bytes, size), 0);
	assert_int_equal(counter_stats(other).used, counter_stats(c).used);
	free(bytes);
	counter_free(other);
	counter_free(c);
}

/* What was saved by a counter with more memory: as much of it as fits. */
static void test_load_into_less(void **state) {
	struct counter_config small = plain;
	struct counter *c = counter_of(&plain), *other;
	size_t size;
	char *bytes;

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		(void)add(c, host(i, 1), i / 100);
	bytes = saved(c, &size);
	small.memory = COUNTER_MEMORY_MIN;
	other = counter_of(&small);
	assert_int_equal(load(other, bytes, size), 0);
	assert_in_range(counter_stats(other).used, 500, 1000);
	assert_in_range(counter_stats(other).memory, 1, small.memory);
	assert_int_equal(add(other, host(1 << 20, 1), 50).error, 1);
	free(bytes);
	counter_free(c);
	counter_free(other);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window_edge),
		cmocka_unit_test(test_mad_times),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_empty_is_small),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_reclaim),
		cmocka_unit_test(test_epochs_come_round),
		cmocka_unit_test(test_save_and_continue),
		cmocka_unit_test(test_load_refuses),
		cmocka_unit_test(test_load_into_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
