/* SPDX-License-Identifier: Apache-2.0 */
/* Flows against brute force: a tiny universe of 2 × 2 × 8 × 8 × 8 connections, each of which a model knows by itself.
 */
#include "unit.h"

#include <netinet/in.h>
#include <string.h>

#include "random.h"
#include "render/flows.h"

enum { SIDE = 8, KINDS = 8, PORTS = 8, FIRST_PORT = 65536 - PORTS, NOBODY = -1, BOXES_MAX = 6 };

/* Which box of the flows lets it through first. */
struct model {
	int box[KINDS][SIDE][SIDE][PORTS];
};

struct kind {
	enum flow_chain chain;
	enum family family;
	uint8_t protocol;
	bool translated;
};

static const struct kind kinds[KINDS] = {
	{ FLOW_INPUT, FAMILY_4, IPPROTO_TCP, false },   { FLOW_INPUT, FAMILY_6, IPPROTO_TCP, false },
	{ FLOW_FORWARD, FAMILY_4, IPPROTO_TCP, false }, { FLOW_FORWARD, FAMILY_6, IPPROTO_TCP, false },
	{ FLOW_INPUT, FAMILY_4, IPPROTO_UDP, false },   { FLOW_INPUT, FAMILY_6, IPPROTO_UDP, false },
	{ FLOW_FORWARD, FAMILY_4, IPPROTO_TCP, true },  { FLOW_FORWARD, FAMILY_4, IPPROTO_UDP, true },
};

/* Addresses at both ends of IPv4, and of IPv6, where a careless sum runs over. */
static struct ip address(enum family f, unsigned i) {
	if (f == FAMILY_4)
		return ip_from_v4(i < SIDE / 2 ? i : UINT32_MAX - (SIDE - 1 - i));
	return i < SIDE / 2 ? (struct ip){ 0, i } : (struct ip){ UINT64_MAX, UINT64_MAX - (SIDE - 1 - i) };
}

static void random_set(uint64_t *seed, enum family f, struct prefix_set *s, bool has[SIDE]) {
	for (unsigned i = 0; i < SIDE; i++) {
		has[i] = random_below(seed, 3) != 0;
		if (has[i])
			prefix_set_add(s, prefix_host(address(f, i)));
	}
	prefix_set_normalise(s);
}

/* Most boxes are of one kind, so that they meet. */
static void fill(uint64_t *seed, unsigned favourite, struct flows *f, struct model *m) {
	memset(m, NOBODY, sizeof(*m));
	for (unsigned n = random_below(seed, BOXES_MAX + 1); n > 0; n--) {
		unsigned k = random_below(seed, 4) ? favourite : random_below(seed, KINDS);
		unsigned first = random_below(seed, PORTS), last = first + random_below(seed, PORTS - first);
		bool from[SIDE], to[SIDE];
		struct flow_box box = {
			.chain = kinds[k].chain,
			.family = kinds[k].family,
			.protocol = kinds[k].protocol,
			.translated = kinds[k].translated,
			.port_first = (uint16_t)(FIRST_PORT + first),
			.port_last = (uint16_t)(FIRST_PORT + last),
			.origin = (void *)(uintptr_t)n,
		};
		int *c;

		random_set(seed, box.family, &box.from, from);
		random_set(seed, box.family, &box.to, to);
		flows_add(f, &box);
		for (unsigned s = 0; s < SIDE; s++)
			for (unsigned d = 0; d < SIDE; d++)
				for (unsigned p = first; p <= last; p++) {
					c = &m->box[k][s][d][p];
					if (from[s] && to[d] && *c == NOBODY)
						*c = (int)n;
				}
	}
}

static int origin_of(const struct flow_box *b) {
	return b ? (int)(uintptr_t)b->origin : NOBODY;
}

/* Which box has this connection; it fails when more than one has. */
static int only_box(const struct flows *f, unsigned k, unsigned s, unsigned d, unsigned p) {
	int found = NOBODY;

	for (size_t i = 0; i < f->boxes.n; i++) {
		const struct flows one = { .boxes = { &f->boxes.v[i], 1, 1 } };
		const struct flow_box *b =
			flows_find(&one, kinds[k].chain, address(kinds[k].family, s), address(kinds[k].family, d),
				   kinds[k].protocol, (uint16_t)(FIRST_PORT + p), kinds[k].translated);

		if (b) {
			assert_int_equal(found, NOBODY);
			found = origin_of(b);
		}
	}
	return found;
}

static size_t count_ranges(const struct flows *f) {
	size_t n = 0;

	for (size_t i = 0; i < f->boxes.n; i++) {
		assert_true(f->boxes.v[i].from.ranges.n && f->boxes.v[i].to.ranges.n);
		n += f->boxes.v[i].from.ranges.n;
	}
	return n;
}

static void free_sets(struct flows *f) {
	for (size_t i = 0; i < f->boxes.n; i++) {
		prefix_set_done(&f->boxes.v[i].from);
		prefix_set_done(&f->boxes.v[i].to);
	}
	flows_done(f);
}

static void compare(uint64_t *seed, unsigned favourite) {
	static struct model ma, mb;
	struct arena arena = { 0 };
	struct flows a, b, left;

	flows_init(&a, &arena);
	flows_init(&b, &arena);
	flows_init(&left, &arena);
	fill(seed, favourite, &a, &ma);
	fill(seed, favourite, &b, &mb);
	flows_subtract(&a, &b, &left);
	for (unsigned k = 0; k < KINDS; k++)
		for (unsigned s = 0; s < SIDE; s++)
			for (unsigned d = 0; d < SIDE; d++)
				for (unsigned p = 0; p < PORTS; p++) {
					const int in_a = ma.box[k][s][d][p], in_b = mb.box[k][s][d][p];

					assert_int_equal(
						origin_of(flows_find(&a, kinds[k].chain, address(kinds[k].family, s),
								     address(kinds[k].family, d), kinds[k].protocol,
								     (uint16_t)(FIRST_PORT + p), kinds[k].translated)),
						in_a);
					assert_int_equal(only_box(&left, k, s, d, p), in_b == NOBODY ? in_a : NOBODY);
				}
	assert_true(count_ranges(&left) <= BOXES_MAX * PORTS * SIDE);
	free_sets(&a);
	free_sets(&b);
	flows_done(&left);
	arena_done(&arena);
}

static void test_subtract(void **state) {
	uint64_t seed = 5;

	(void)state;
	for (unsigned i = 0; i < 400; i++)
		compare(&seed, i % KINDS);
}

/* A box that is cut at every port and every source by boxes that overlap crosswise: 4^n pieces for a naive cut. */
static void test_bounded(void **state) {
	struct arena arena = { 0 };
	struct flows a, b, left;
	struct flow_box box = { .family = FAMILY_6, .protocol = IPPROTO_TCP, .port_last = UINT16_MAX };

	(void)state;
	flows_init(&a, &arena);
	flows_init(&b, &arena);
	flows_init(&left, &arena);
	prefix_set_add(&box.from, (struct prefix){ { 0, 0 }, 0 });
	prefix_set_add(&box.to, (struct prefix){ { 0, 0 }, 0 });
	flows_add(&a, &box);
	for (unsigned i = 0; i < 24; i++) {
		struct flow_box hole = box;

		hole.from = hole.to = PREFIX_SET_INIT;
		for (unsigned j = 0; j < 24; j++)
			prefix_set_add(j < 12 ? &hole.from : &hole.to,
				       (struct prefix){ { UINT64_C(0x20010db800000000) + i * j, 0 }, 64 });
		prefix_set_normalise(&hole.from);
		prefix_set_normalise(&hole.to);
		hole.port_first = (uint16_t)(i * 100);
		flows_add(&b, &hole);
	}
	flows_subtract(&a, &b, &left);
	assert_in_range(left.boxes.n, 25, 25 * 24 * 24);
	free_sets(&a);
	free_sets(&b);
	flows_done(&left);
	arena_done(&arena);
}

static void test_empty(void **state) {
	struct flow_box box = { .family = FAMILY_4, .protocol = IPPROTO_TCP, .port_last = 1 };
	struct arena arena = { 0 };
	struct flows f;

	(void)state;
	flows_init(&f, &arena);
	prefix_set_add(&box.from, prefix_host(ip_from_v4(1)));
	flows_add(&f, &box);
	assert_int_equal(f.boxes.n, 0);
	prefix_set_done(&box.from);
	flows_done(&f);
	assert_string_equal(flow_chain_to_str(FLOW_INPUT), "input");
	assert_string_equal(flow_chain_to_str(FLOW_FORWARD), "forward");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subtract),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
