/* SPDX-License-Identifier: Apache-2.0 */
/* The nft sink's parts that need no kernel: names, what is known of the sets, comparing messages; names of routing
 * tables. The messages themselves are held against nft's own in lab/test_guard_nft_lab.py. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "guard/route_table.h"
#include "guard/sink_nft_check.h"
#include "guard/sink_nft_known.h"
#include "random.h"

static void test_names(void **state) {
	static const char *const bad[] = { "",
					   "ban",
					   "ban6",
					   "ban6_",
					   "ban5_64",
					   "ban6_064",
					   "ban6_129",
					   "ban4_33",
					   "ban6_ 1",
					   "ban6_64x",
					   "allow",
					   "ban6_-1",
					   "ban6_+1",
					   "Ban6_64",
					   "ban6_4294967360",
					   "ban6_18446744073709551680" };
	struct nft_ruleset s = { .table = "t" };
	char name[NFT_SET_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(nft_set_named(&s, bad[i]) == SIZE_MAX);
	assert_int_equal(s.lengths.n, 0);
	assert_int_equal(nft_set_named(&s, "allow6"), NFT_ALLOW6);
	for (unsigned len = 0; len <= 128; len++) {
		size_t set = nft_set_of(&s, (struct nft_length){ FAMILY_6, (uint8_t)len });

		nft_set_name(&s, set, name);
		assert_int_equal(nft_set_named(&s, name), set);
		assert_int_equal(set, NFT_BAN + len);
	}
	assert_int_equal(nft_set_named(&s, "ban4_32"), NFT_BAN + 129);
	assert_int_equal(nft_set_family(&s, NFT_BAN + 129), FAMILY_4);
	vec_done(&s.lengths);
}

enum { KEYS = 300, STEPS = 60000, ENDS = 1000 };

struct seen {
	const int64_t *until;
	size_t n;
};

static void see(size_t set, struct ip key, int64_t until_ms, void *user) {
	struct seen *s = user;

	assert_int_equal(s->until[3 * key.lo + set], until_ms);
	s->n++;
}

/* Against an array of times; 0: not there. */
static void test_known(void **state) {
	static int64_t until[3 * KEYS];
	struct nft_known k = { 0 };
	uint64_t seed = 3;

	(void)state;
	for (int64_t i = 0; i < STEPS; i++) {
		size_t at = random_below(&seed, ARRAY_LEN(until));
		struct ip key = { 0, at / 3 };
		int64_t now = i / 20;

		if (random_below(&seed, 3)) {
			until[at] = now + 1 + (int64_t)random_below(&seed, ENDS);
			nft_known_put(&k, at % 3, key, until[at]);
		} else {
			until[at] = 0;
			nft_known_remove(&k, at % 3, key);
		}
		at = random_below(&seed, ARRAY_LEN(until));
		key.lo = at / 3;
		assert_int_equal(nft_known_has(&k, at % 3, key, now), until[at] > now);
		if (i % 500 == 0) {
			struct seen s = { until, 0 };
			size_t n = 0;

			nft_known_each(&k, now, see, &s);
			for (size_t j = 0; j < ARRAY_LEN(until); j++)
				n += until[j] > now;
			assert_int_equal(s.n, n);
			assert_int_equal(k.used, n);
		}
	}
	nft_known_clear(&k);
}

/* Each object is what it is, and no other: of two sets, two rules, two tables. */
static void test_matches(void **state) {
	struct nft_ruleset s = { .table = "one" }, other = { .table = "two" };
	struct netlink_batch a = { 0 }, b = { 0 };
	size_t n;

	(void)state;
	for (unsigned len = 1; len <= 128; len += 9)
		(void)nft_set_of(&s, (struct nft_length){ FAMILY_6, (uint8_t)len });
	(void)nft_set_of(&s, (struct nft_length){ FAMILY_4, 32 });
	(void)nft_set_of(&s, (struct nft_length){ FAMILY_4, 24 });
	n = nft_set_count(&s);
	for (size_t i = 0; i < n * n; i++) {
		nft_put_rule(&a, &s, i / n);
		nft_put_rule(&b, &s, i % n);
		assert_int_equal(nft_matches(netlink_last(&a), netlink_last(&b)), i / n == i % n);
		nft_put_set(&a, &s, i / n);
		nft_put_set(&b, &s, i % n);
		assert_int_equal(nft_matches(netlink_last(&a), netlink_last(&b)), i / n == i % n);
		netlink_batch_clear(&a);
		netlink_batch_clear(&b);
	}
	nft_put_chain(&a, &s);
	nft_put_chain(&b, &other);
	assert_true(nft_matches(netlink_last(&a), netlink_last(&a)));
	assert_false(nft_matches(netlink_last(&a), netlink_last(&b)));
	/* What the kernel adds does not matter; what it lacks does. */
	nft_put_table(&a, &s);
	nft_put_table(&b, &s);
	mnl_attr_put_u32(netlink_last(&b), 40, 1);
	assert_true(nft_matches(netlink_last(&a), netlink_last(&b)));
	assert_false(nft_matches(netlink_last(&b), netlink_last(&a)));
	netlink_batch_done(&a);
	netlink_batch_done(&b);
	vec_done(&s.lengths);
}

static void test_route_tables(void **state) {
	struct str file = STR("# comment\n254\tmain\n 100  guard # ours\n0x65 hex\n#102 not\n103\nx 104 "
			      "bad\n4294967296 big\n105 last");
	static const struct {
		const char *name;
		uint32_t table;
	} good[] = { { "main", 254 }, { "guard", 100 }, { "hex", 101 }, { "last", 105 } };
	static const char *const bad[] = { "not", "103", "bad", "big", "guar", "guard ", "# comment", "ours" };
	uint32_t table = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(route_table_find(file, bad[i], &table), -ENOENT);
	assert_int_equal(table, 7);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(route_table_find(file, good[i].name, &table), 0);
		assert_int_equal(table, good[i].table);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_route_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
