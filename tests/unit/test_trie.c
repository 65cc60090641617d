/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "addr/trie.h"
#include "universe.h"

enum { STORED_MAX = 200 };

/* The brute force: a list. */
struct list {
	struct prefix p[STORED_MAX];
	unsigned n;
};

static struct prefix *find(struct list *l, struct prefix p) {
	for (unsigned i = 0; i < l->n; i++)
		if (prefix_equal(l->p[i], p))
			return &l->p[i];
	return NULL;
}

static struct prefix *longest(struct list *l, struct prefix p) {
	struct prefix *best = NULL;

	for (unsigned i = 0; i < l->n; i++)
		if (prefix_covers(l->p[i], p) && (!best || best->len < l->p[i].len))
			best = &l->p[i];
	return best;
}

struct walk {
	struct prefix last;
	unsigned n;
	unsigned stop_at; /* 0: never */
};

static int step(struct prefix p, void *value, void *user) {
	struct walk *w = user;

	assert_true(prefix_equal(*(struct prefix *)value, p));
	assert_true(w->n == 0 || prefix_compare(w->last, p) < 0);
	w->last = p;
	w->n++;
	return w->n == w->stop_at ? 7 : 0;
}

static void compare(const struct trie *t, struct list *l, struct prefix p) {
	unsigned covering = 0, inside = 0;
	struct walk w = { .n = 0 };
	struct prefix found = { .len = 0 }, *want = longest(l, p);

	for (unsigned i = 0; i < l->n; i++) {
		covering += prefix_covers(l->p[i], p);
		inside += prefix_covers(p, l->p[i]);
	}
	assert_ptr_equal(trie_get(t, p), find(l, p));
	assert_ptr_equal(trie_lookup_prefix(t, p, &found), want);
	if (want)
		assert_true(prefix_equal(found, *want));
	assert_ptr_equal(trie_lookup(t, p.ip, NULL), longest(l, prefix_host(p.ip)));
	assert_int_equal(trie_each_covering(t, p, step, &w), 0);
	assert_int_equal(w.n, covering);
	w = (struct walk){ .n = 0 };
	assert_int_equal(trie_each_inside(t, p, step, &w), 0);
	assert_int_equal(w.n, inside);
	if (inside) {
		w = (struct walk){ .stop_at = 1 };
		assert_int_equal(trie_each_inside(t, p, step, &w), 7);
		assert_int_equal(w.n, 1);
	}
}

static const struct universe *any_universe(uint64_t *seed) {
	return &universes[random_below(seed, ARRAY_LEN(universes))];
}

/* All universes in one trie: IPv4 and IPv6, ::/0 and 0.0.0.0/0 among them. */
static void test_like_brute_force(void **state) {
	uint64_t seed = 4;
	unsigned at, size;

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct arena a = { 0 };
		struct list l = { .n = 0 };
		struct trie t;

		trie_init(&t, &a);
		for (unsigned i = 0, n = random_below(&seed, STORED_MAX); i < n; i++) {
			struct prefix p = universe_random(any_universe(&seed), &seed, 10, &at, &size);
			struct prefix *old = find(&l, p), *new = &l.p[l.n];

			l.p[l.n] = p;
			assert_ptr_equal(trie_add(&t, p, new), old ? old : new);
			l.n += !old;
			assert_int_equal(t.count, l.n);
		}
		for (int i = 0; i < 300; i++)
			compare(&t, &l, universe_random(any_universe(&seed), &seed, 10, &at, &size));
		compare(&t, &l, (struct prefix){ { 0, 0 }, 0 });
		compare(&t, &l, (struct prefix){ { 0, IP4_MAPPED_LO }, 96 });
		arena_done(&a);
	}
}

static void test_default_route_is_one_family(void **state) {
	struct arena a = { 0 };
	struct trie t;
	struct ip v4 = ip_from_v4(0x0a000001);

	(void)state;
	trie_init(&t, &a);
	(void)trie_add(&t, (struct prefix){ { 0, 0 }, 0 }, &a);
	assert_null(trie_lookup(&t, v4, NULL));
	assert_ptr_equal(trie_lookup(&t, (struct ip){ 0, 1 }, NULL), &a);
	(void)trie_add(&t, (struct prefix){ { 0, IP4_MAPPED_LO }, 96 }, &t);
	assert_ptr_equal(trie_lookup(&t, v4, NULL), &t);
	arena_done(&a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_brute_force),
		cmocka_unit_test(test_default_route_is_one_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
