/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "addr/set.h"
#include "universe.h"

struct model {
	const struct universe *u;
	bool has[CELLS_MAX];
};

static struct prefix prefix_of(const char *text) {
	struct prefix p;

	assert_int_equal(prefix_parse(text, strlen(text), &p, NULL), 0);
	return p;
}

static void fill(const struct universe *u, uint64_t *seed, struct prefix_set *s, struct model *m) {
	unsigned at, size;

	m->u = u;
	for (unsigned n = random_below(seed, 40); n > 0; n--) {
		prefix_set_add(s, universe_random(u, seed, random_below(seed, 10) ? 5 : 9, &at, &size));
		for (unsigned i = 0; i < 1U << size; i++)
			m->has[at + i] = at + i != u->hole;
	}
	for (unsigned n = random_below(seed, 4); n > 0; n--) {
		unsigned from = random_below(seed, universe_cells(u) - 64), to = from + random_below(seed, 63);

		prefix_set_add_range(s, (struct range){ universe_first(u, from), universe_last(u, to) });
		for (unsigned i = from; i <= to; i++)
			m->has[i] = i != u->hole;
	}
}

/* The fewest prefixes for the cells from..from + 2^size - 1. */
static unsigned fewest(const struct model *m, unsigned from, unsigned size) {
	bool all = true, none = true;

	for (unsigned i = from; i < from + (1U << size); i++)
		if (i != m->u->hole) {
			all = all && m->has[i];
			none = none && !m->has[i];
		}
	if (none)
		return 0;
	return all ? 1 : fewest(m, from, size - 1) + fewest(m, from + (1U << (size - 1)), size - 1);
}

struct listing {
	struct model *m;
	bool seen[CELLS_MAX];
	unsigned n;
	struct prefix last;
};

static int list(struct prefix p, void *user) {
	struct listing *l = user;

	assert_int_equal(prefix_family(p), prefix_family(l->m->u->base));
	assert_true(l->n == 0 || prefix_compare(l->last, p) < 0);
	l->last = p;
	l->n++;
	for (unsigned i = 0; i < universe_cells(l->m->u); i++)
		if (i != l->m->u->hole && prefix_has_ip(p, universe_first(l->m->u, i))) {
			assert_false(l->seen[i]);
			l->seen[i] = true;
		}
	return 0;
}

static void compare(const struct prefix_set *s, struct model *m, uint64_t *seed) {
	struct listing l = { .m = m };
	unsigned at, size, n = 0;

	for (unsigned i = 0; i < universe_cells(m->u); i++) {
		if (i == m->u->hole)
			continue;
		assert_int_equal(prefix_set_has_ip(s, universe_first(m->u, i)), m->has[i]);
		if (ip_family(universe_last(m->u, i)) == prefix_family(m->u->base))
			assert_int_equal(prefix_set_has_ip(s, universe_last(m->u, i)), m->has[i]);
		n += m->has[i];
	}
	assert_int_equal(prefix_set_is_empty(s), n == 0);
	for (int k = 0; k < 50; k++) {
		struct prefix p = universe_random(m->u, seed, 10, &at, &size);
		bool all = true, some = false;

		for (unsigned i = at; i < at + (1U << size); i++) {
			all = all && (m->has[i] || i == m->u->hole);
			some = some || m->has[i];
		}
		assert_int_equal(prefix_set_covers(s, p), all);
		assert_int_equal(prefix_set_overlaps(s, p), some);
	}
	assert_int_equal(prefix_set_each(s, list, &l), 0);
	assert_memory_equal(l.seen, m->has, sizeof(l.seen));
	assert_int_equal(l.n, fewest(m, 0, m->u->bits));
}

static void run_rounds(const struct universe *u, uint64_t *seed, int rounds) {
	for (int round = 0; round < rounds; round++) {
		struct prefix_set a = PREFIX_SET_INIT, b = PREFIX_SET_INIT, again = PREFIX_SET_INIT;
		struct model ma = { .u = u }, mb = { .u = u };
		unsigned op = random_below(seed, 3);

		fill(u, seed, &a, &ma);
		fill(u, seed, &b, &mb);
		for (unsigned i = 0; i < universe_cells(u); i++)
			ma.has[i] = op == 0   ? ma.has[i] || mb.has[i]
				    : op == 1 ? ma.has[i] && !mb.has[i]
					      : ma.has[i] && mb.has[i];
		if (op == 0)
			prefix_set_add_set(&a, &b);
		else if (op == 1)
			prefix_set_subtract(&a, &b);
		else
			prefix_set_intersect(&a, &b);
		prefix_set_normalise(&a);
		compare(&a, &ma, seed);
		/* Equal sets are equal whatever way they were made: backwards, cell by cell. */
		for (unsigned i = universe_cells(u); i-- > 0;)
			if (ma.has[i])
				prefix_set_add(&again, universe_prefix(u, i, 0));
		prefix_set_normalise(&again);
		assert_true(prefix_set_equal(&a, &again));
		prefix_set_done(&a);
		prefix_set_done(&b);
		prefix_set_done(&again);
	}
}

static void test_like_brute_force(void **state) {
	uint64_t seed = 3;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(universes); i++)
		run_rounds(&universes[i], &seed, 150);
}

static int append_text(struct prefix p, void *user) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(p, text);
	(void)strcat(strcat(user, text), " ");
	return 0;
}

static const char *set_text(struct prefix_set *s) {
	static char text[8192];

	*text = 0;
	prefix_set_normalise(s);
	(void)prefix_set_each(s, append_text, text);
	return text;
}

static void test_families_never_meet(void **state) {
	struct prefix_set s = PREFIX_SET_INIT, cut = PREFIX_SET_INIT;

	(void)state;
	prefix_set_add(&s, prefix_of("::/0"));
	assert_false(prefix_set_has_ip(&s, ip_from_v4(0x7f000001)));
	assert_false(prefix_set_overlaps(&s, prefix_of("0.0.0.0/0")));
	assert_true(prefix_set_covers(&s, prefix_of("::/0")));
	assert_string_equal(set_text(&s), "::/0 ");

	/* Cutting the neighbours of the mapped block leaves nothing that is IPv4. */
	prefix_set_add(&cut, prefix_of("::fffe:0:0/96"));
	prefix_set_add(&cut, prefix_of("0:0:0:1::/64"));
	prefix_set_subtract(&s, &cut);
	assert_false(prefix_set_overlaps(&s, prefix_of("0.0.0.0/0")));
	prefix_set_add_set(&s, &cut);
	assert_string_equal(set_text(&s), "::/0 ");
	prefix_set_add(&cut, prefix_of("0:0:0:0:1::/80"));
	prefix_set_subtract(&s, &cut);
	assert_null(strchr(set_text(&s), '.'));

	prefix_set_add(&s, prefix_of("0.0.0.0/0"));
	assert_memory_equal(set_text(&s), "0.0.0.0/0 ", 10);
	prefix_set_done(&cut);
	prefix_set_add(&cut, prefix_of("::/0"));
	prefix_set_subtract(&s, &cut);
	assert_string_equal(set_text(&s), "0.0.0.0/0 ");
	prefix_set_done(&s);
	prefix_set_done(&cut);
}

static void test_set_with_itself(void **state) {
	struct prefix_set s = PREFIX_SET_INIT;

	(void)state;
	prefix_set_add(&s, prefix_of("10.0.1.0/24"));
	prefix_set_add(&s, prefix_of("10.0.0.0/24"));
	prefix_set_add_set(&s, &s);
	prefix_set_intersect(&s, &s);
	assert_string_equal(set_text(&s), "10.0.0.0/23 ");
	prefix_set_subtract(&s, &s);
	assert_true(prefix_set_is_empty(&s));
	prefix_set_done(&s);
}

static void test_range_text(void **state) {
	static const struct {
		const char *text, *prefixes; /* NULL: an error */
		enum ip_error error;
		size_t at;
	} rows[] = {
		{ "10.0.0.0-10.0.0.255", "10.0.0.0/24 ", 0, 0 },
		{ "10.0.0.1 - 10.0.0.6", "10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32 ", 0, 0 },
		{ "0.0.0.0-255.255.255.255", "0.0.0.0/0 ", 0, 0 },
		{ "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0 ", 0, 0 },
		{ "::-::fffe:ffff:ffff", "::/80 ", 0, 0 },
		{ "::fffe:0:0-::fffe:ffff:ffff", "::fffe:0:0/96 ", 0, 0 },
		{ "::fffe:8000:0-::1:0:0:ffff", "::fffe:8000:0/97 ::1:0:0:0/112 ", 0, 0 },
		{ "2001:db8::1-2001:db8::1", "2001:db8::1/128 ", 0, 0 },
		{ "::ffff:10.0.0.0-10.0.0.1", "10.0.0.0/31 ", 0, 0 },
		{ "10.0.0.5-10.0.0.4", NULL, IP_ERR_RANGE, 9 },
		{ "10.0.0.5-2001:db8::1", NULL, IP_ERR_RANGE, 9 },
		{ "10.0.0.5", NULL, IP_ERR_RANGE, 8 },
		{ "10.0.0.5-", NULL, IP_ERR_EMPTY, 9 },
		{ "10.0.0.5 -  10.0.0.x", NULL, IP_ERR_CHARACTER, 19 },
		{ "10.0.0.5-10.0.0.6-10.0.0.7", NULL, IP_ERR_CHARACTER, 17 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip_fault fault = { IP_OK, 0 };
		char text[1024] = "";
		struct range range;
		int r = range_parse(rows[i].text, strlen(rows[i].text), &range, &fault);

		if ((r == 0) != !!rows[i].prefixes || fault.error != rows[i].error || fault.at != rows[i].at)
			fail_msg("%s: %d, error %d at %zu", rows[i].text, r, (int)fault.error, fault.at);
		if (r < 0)
			continue;
		assert_int_equal(range_each_prefix(range, append_text, text), 0);
		assert_string_equal(text, rows[i].prefixes);
	}
}

static int count_up(struct prefix p, void *user) {
	unsigned *n = user;

	(void)p;
	return ++*n == 300 ? -E2BIG : 0;
}

static void test_longest_range(void **state) {
	struct range r = { { 0, 1 }, { UINT64_MAX, UINT64_MAX - 1 } };
	unsigned n = 0;

	(void)state;
	assert_int_equal(range_each_prefix(r, count_up, &n), 0);
	assert_int_equal(n, 254);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_brute_force), cmocka_unit_test(test_families_never_meet),
		cmocka_unit_test(test_set_with_itself),  cmocka_unit_test(test_range_text),
		cmocka_unit_test(test_longest_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
