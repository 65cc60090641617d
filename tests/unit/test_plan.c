/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "addr/plan.h"
#include "universe.h"

static struct prefix prefix_of(const char *text) {
	struct prefix p;

	assert_int_equal(prefix_parse(text, strlen(text), &p, NULL), 0);
	return p;
}

static const char *text_of(struct prefix p) {
	static char text[PREFIX_TEXT_MAX];

	(void)prefix_format(p, text);
	return text;
}

static void test_nth(void **state) {
	struct prefix p;

	(void)state;
	assert_int_equal(plan_subnet(prefix_of("2001:db8::/32"), 64, (struct ip){ 0, 0x1234567 }, &p), 0);
	assert_string_equal(text_of(p), "2001:db8:123:4567::/64");
	assert_int_equal(plan_subnet(prefix_of("2001:db8::/32"), 48, (struct ip){ 0, 0xffff }, &p), 0);
	assert_string_equal(text_of(p), "2001:db8:ffff::/48");
	assert_int_equal(plan_subnet(prefix_of("2001:db8::/32"), 48, (struct ip){ 0, 0x10000 }, &p), -ERANGE);
	assert_int_equal(plan_subnet(prefix_of("2001:db8::/32"), 31, (struct ip){ 0, 0 }, &p), -ERANGE);
	assert_int_equal(plan_subnet(prefix_of("2001:db8::/32"), 129, (struct ip){ 0, 0 }, &p), -ERANGE);
	assert_int_equal(plan_subnet(prefix_of("10.0.0.0/8"), 96 + 24, (struct ip){ 0, 258 }, &p), 0);
	assert_string_equal(text_of(p), "10.1.2.0/24");
	assert_int_equal(plan_subnet(prefix_of("::/0"), 128, (struct ip){ UINT64_MAX, UINT64_MAX }, &p), 0);
	assert_string_equal(text_of(p), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
	assert_int_equal(plan_subnet(prefix_of("::/0"), 0, (struct ip){ 0, 0 }, &p), 0);
	assert_int_equal(plan_subnet(prefix_of("::/0"), 0, (struct ip){ 0, 1 }, &p), -ERANGE);
	/* Subnet 0xffff of ::/80 is IPv4. */
	assert_int_equal(plan_subnet(prefix_of("::/80"), 96, (struct ip){ 0, 0xffff }, &p), -ERANGE);
	assert_int_equal(plan_subnet(prefix_of("::/80"), 96, (struct ip){ 0, 0xfffe }, &p), 0);
}

static void test_count(void **state) {
	static const struct {
		const char *prefix;
		unsigned len;
		const char *count;
	} rows[] = {
		{ "2001:db8::/32", 32, "1" },
		{ "2001:db8::/32", 33, "2" },
		{ "2001:db8::/32", 48, "65536" },
		{ "2001:db8::/32", 80, "281474976710656" },
		{ "::/0", 64, "18446744073709551616" },
		{ "::/0", 127, "170141183460469231731687303715884105728" },
		{ "::/0", 128, "340282366920938463463374607431768211456" },
		{ "10.0.0.0/8", 128, "16777216" },
	};
	char text[PLAN_COUNT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(plan_count(prefix_of(rows[i].prefix), rows[i].len, text), 0);
		assert_string_equal(text, rows[i].count);
	}
	assert_int_equal(plan_count(prefix_of("10.0.0.0/8"), 103, text), -EINVAL);
	assert_int_equal(plan_count(prefix_of("10.0.0.0/8"), 129, text), -EINVAL);
}

/* RFC 3531 section 3: counted from the left, the second assignment begins the other half. */
static void test_sparse_order(void **state) {
	static const char *const order[] = { "2001:db8::/36",      "2001:db8:8000::/36", "2001:db8:4000::/36",
					     "2001:db8:c000::/36", "2001:db8:2000::/36", "2001:db8:a000::/36",
					     "2001:db8:6000::/36", "2001:db8:e000::/36", "2001:db8:1000::/36" };
	struct prefix_set taken = PREFIX_SET_INIT;
	struct prefix p, base = prefix_of("2001:db8::/32");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		assert_int_equal(plan_subnet_sparse(base, 36, (struct ip){ 0, i }, &p), 0);
		assert_string_equal(text_of(p), order[i]);
		assert_int_equal(plan_first_free_sparse(base, 36, &taken, &p), 0);
		assert_string_equal(text_of(p), order[i]);
		prefix_set_add(&taken, p);
		prefix_set_normalise(&taken);
	}
	assert_int_equal(plan_subnet_sparse(base, 36, (struct ip){ 0, 16 }, &p), -ERANGE);
	assert_int_equal(plan_subnet_sparse(base, 31, (struct ip){ 0, 0 }, &p), -ERANGE);
	prefix_set_done(&taken);
}

/* Tries every subnet in the order given. */
static int brute(struct prefix base, unsigned len, const struct prefix_set *taken,
		 int (*nth)(struct prefix, unsigned, struct ip, struct prefix *), struct prefix *ret_p) {
	for (uint64_t n = 0; n < UINT64_C(1) << (len - base.len); n++) {
		struct prefix p;

		if (nth(base, len, (struct ip){ 0, n }, &p) == 0 && !prefix_set_overlaps(taken, p)) {
			*ret_p = p;
			return 0;
		}
	}
	return -ENOSPC;
}

static void compare(const struct universe *u, uint64_t *seed, const struct prefix_set *taken) {
	unsigned at, size, len;
	struct prefix base, want, found;

	do
		base = universe_random(u, seed, 10, &at, &size);
	while (prefix_family(base) != prefix_family(u->base));
	len = base.len + random_below(seed, size + 3);
	len = MIN(len, 128U);
	assert_int_equal(plan_first_free(base, len, taken, &found), brute(base, len, taken, plan_subnet, &want));
	if (brute(base, len, taken, plan_subnet, &want) < 0) {
		assert_int_equal(plan_first_free_sparse(base, len, taken, &found), -ENOSPC);
		return;
	}
	if (!prefix_equal(found, want))
		fail_msg("%s: first %s", u->name, text_of(found));
	assert_int_equal(brute(base, len, taken, plan_subnet_sparse, &want), 0);
	assert_int_equal(plan_first_free_sparse(base, len, taken, &found), 0);
	if (!prefix_equal(found, want))
		fail_msg("%s: sparse %s", u->name, text_of(found));
}

static void test_free_like_brute_force(void **state) {
	uint64_t seed = 5;
	unsigned at, size;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(universes); i++)
		for (int round = 0; round < 100; round++) {
			struct prefix_set taken = PREFIX_SET_INIT;

			/* Neighbours outside the universe must not matter. */
			for (unsigned n = random_below(&seed, 1U << random_below(&seed, 12)); n > 0; n--)
				prefix_set_add(&taken, universe_random(&universes[i], &seed, random_below(&seed, 6),
								       &at, &size));
			for (size_t k = 0; k < ARRAY_LEN(universes); k += 2)
				if (!prefix_overlaps(universes[k].base, universes[i].base))
					prefix_set_add(&taken, universes[k].base);
			prefix_set_normalise(&taken);
			for (int k = 0; k < 20; k++)
				compare(&universes[i], &seed, &taken);
			prefix_set_done(&taken);
		}
}

/* More ranges than any enumeration of 2^48 subnets could pass. */
static void test_first_free_in_a_crowd(void **state) {
	struct prefix_set taken = PREFIX_SET_INIT;
	struct prefix base = prefix_of("2001:db8::/32"), p;

	(void)state;
	prefix_set_add(&taken, prefix_of("2001:db8::/33"));
	for (uint64_t n = 0; n < 10000; n++) {
		assert_int_equal(plan_subnet(prefix_of("2001:db8:8000::/33"), 80, (struct ip){ 0, n * 2 }, &p), 0);
		prefix_set_add(&taken, prefix_around(p.ip, 96));
		assert_int_equal(plan_subnet(prefix_of("2001:db8:8000::/33"), 80, (struct ip){ 0, n * 2 + 1 }, &p), 0);
		prefix_set_add(&taken, prefix_host(prefix_last(p)));
	}
	prefix_set_normalise(&taken);
	assert_int_equal(plan_first_free(base, 80, &taken, &p), 0);
	assert_string_equal(text_of(p), "2001:db8:8000:0:4e20::/80");
	assert_int_equal(plan_first_free(base, 31, &taken, &p), -EINVAL);
	assert_int_equal(plan_first_free(base, 129, &taken, &p), -EINVAL);
	prefix_set_done(&taken);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nth),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_sparse_order),
		cmocka_unit_test(test_free_like_brute_force),
		cmocka_unit_test(test_first_free_in_a_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
