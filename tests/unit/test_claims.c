/* SPDX-License-Identifier: Apache-2.0 */
/* The walks over claims against brute force: every pair, by prefix_covers() alone. */
#include "unit.h"

#include <string.h>

#include "estate/claim_walk.h"
#include "random.h"

enum { CLAIMS_MAX = 60, MACHINES = 3, ROUNDS = 3000 };

struct world {
	struct estate e;
	struct claim claims[CLAIMS_MAX];
	struct machine machines[MACHINES];
};

/* Few bits at a few places, the ends of the whole space among them, so that nesting and equality are common. */
static struct prefix random_prefix(uint64_t *seed) {
	static const struct ip bases[] = { { 0, 0 }, { 0, IP4_MAPPED_LO }, { UINT64_MAX, UINT64_MAX } };
	const unsigned base = random_below(seed, ARRAY_LEN(bases));
	struct ip ip = bases[base];

	ip.lo ^= random_below(seed, 8);
	if (random_below(seed, 8) == 0)
		return prefix_around(ip, random_below(seed, 129));
	return prefix_around(ip, 128 - random_below(seed, 5));
}

static int order(const void *pa, const void *pb) {
	const struct claim *a = pa, *b = pb;

	return prefix_compare(a->prefix, b->prefix);
}

static void make(struct world *w, uint64_t *seed) {
	w->e.machines = (struct list){ .items = w->machines, .n = MACHINES };
	w->e.claims = w->claims;
	w->e.claim_count = random_below(seed, CLAIMS_MAX + 1);
	for (size_t i = 0; i < w->e.claim_count; i++) {
		const unsigned machine = random_below(seed, MACHINES + 1);

		w->claims[i] = (struct claim){
			.prefix = random_prefix(seed),
			.kind = random_below(seed, 4),
			.machine = machine < MACHINES ? &w->machines[machine] : NULL,
		};
	}
	qsort(w->claims, w->e.claim_count, sizeof(*w->claims), order);
}

/* What a walk called, in order. */
struct calls {
	const struct claim *pairs[CLAIMS_MAX * CLAIMS_MAX][2];
	size_t n;
	unsigned stop; /* a callback returns true when a hash of the pair is below this, of 8 */
};

static bool stops(const struct calls *c, const struct claim *outer, const struct claim *inner) {
	return (size_t)(outer - inner) * 5 % 8 < c->stop;
}

static bool note_call(const struct claim *outer, const struct claim *inner, void *user) {
	struct calls *c = user;

	c->pairs[c->n][0] = outer;
	c->pairs[c->n++][1] = inner;
	return outer && stops(c, outer, inner);
}

static void note_nested(const struct claim *outer, const struct claim *inner, void *user) {
	(void)note_call(outer, inner, user);
}

static bool same_family(const struct claim *a, const struct claim *b) {
	return prefix_family(a->prefix) == prefix_family(b->prefix);
}

/* Whether claim k is the first of the outer kinds with its prefix. */
static bool is_first(const struct world *w, unsigned outer, size_t k) {
	for (size_t i = 0; i < k; i++)
		if (claim_is(&w->claims[i], outer) && prefix_equal(w->claims[i].prefix, w->claims[k].prefix))
			return false;
	return true;
}

static void expect_inner(const struct world *w, enum family family, unsigned outer, unsigned inner, struct calls *c) {
	for (size_t i = 0; i < w->e.claim_count; i++) {
		const struct claim *in = &w->claims[i];
		bool stopped = false;

		if (!claim_is(in, inner) || claim_family(in) != family)
			continue;
		/* Sorted by address, then length: of those around one claim the later is the longer. */
		for (size_t k = i; k-- > 0 && !stopped;) {
			const struct claim *out = &w->claims[k];

			if (claim_is(out, outer) && prefix_covers(out->prefix, in->prefix) && same_family(out, in) &&
			    is_first(w, outer, k))
				stopped = note_call(out, in, c);
		}
		if (!stopped)
			(void)note_call(NULL, in, c);
	}
}

static void assert_same(const struct calls *a, const struct calls *b) {
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		assert_ptr_equal(a->pairs[i][0], b->pairs[i][0]);
		assert_ptr_equal(a->pairs[i][1], b->pairs[i][1]);
	}
}

static void test_inner(void **state) {
	static struct world w;
	static struct calls got, wanted;
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		const unsigned outer = random_below(&seed, 16), inner = random_below(&seed, 16);

		make(&w, &seed);
		got = wanted = (struct calls){ .stop = random_below(&seed, 9) };
		claims_each_inner(&w.e, outer, inner, note_call, &got);
		expect_inner(&w, FAMILY_4, outer, inner, &wanted);
		expect_inner(&w, FAMILY_6, outer, inner, &wanted);
		assert_same(&got, &wanted);
	}
}

/* Each claim that another one of its machine covers is met once, with one that does cover it. */
static void expect_nested(const struct world *w, enum family family, unsigned kinds, const struct calls *got,
			  size_t *next) {
	for (size_t i = 0; i < w->e.claim_count; i++) {
		const struct claim *in = &w->claims[i], *out;
		bool covered = false;

		if (!in->machine || !claim_is(in, kinds) || claim_family(in) != family)
			continue;
		for (size_t k = 0; k < i; k++) {
			out = &w->claims[k];
			covered |= out->machine == in->machine && claim_is(out, kinds) && same_family(out, in) &&
				   prefix_covers(out->prefix, in->prefix);
		}
		if (!covered)
			continue;
		assert_true(*next < got->n);
		out = got->pairs[*next][0];
		assert_ptr_equal(got->pairs[(*next)++][1], in);
		assert_ptr_equal(out->machine, in->machine);
		assert_true(claim_is(out, kinds) && prefix_covers(out->prefix, in->prefix));
	}
}

static void test_nested(void **state) {
	static struct world w;
	static struct calls got;
	uint64_t seed = 2;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		const unsigned kinds = random_below(&seed, 16);
		struct arena scratch = { 0 };
		size_t next = 0;

		make(&w, &seed);
		got = (struct calls){ 0 };
		claims_each_nested(&w.e, kinds, &scratch, note_nested, &got);
		expect_nested(&w, FAMILY_4, kinds, &got, &next);
		expect_nested(&w, FAMILY_6, kinds, &got, &next);
		assert_int_equal(next, got.n);
		arena_done(&scratch);
	}
}

static void test_inside(void **state) {
	static struct world w;
	uint64_t seed = 3;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		const struct prefix p = random_prefix(&seed);
		const struct claim *first, *end;

		make(&w, &seed);
		claims_inside(&w.e, p, &first, &end);
		for (const struct claim *c = w.claims; c < w.claims + w.e.claim_count; c++) {
			const bool inside = ip_compare(c->prefix.ip, prefix_first(p)) >= 0 &&
					    ip_compare(c->prefix.ip, prefix_last(p)) <= 0;

			assert_int_equal(inside, c >= first && c < end);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inner),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
