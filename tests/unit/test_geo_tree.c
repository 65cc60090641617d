/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "geo_model.h"

/* An answer for each cell of a universe, in runs; GEO_EMPTY is none. */
struct cells {
	const struct universe *u;
	uint32_t record[CELLS_MAX];
};

static void cells_random(struct cells *c, const struct universe *u, uint64_t *seed) {
	uint32_t record = GEO_EMPTY;

	c->u = u;
	for (unsigned i = 0; i < universe_cells(u); i++) {
		if (!random_below(seed, i % 64 ? 9 : 3))
			record = random_below(seed, 3) ? GEO_LEAF + random_below(seed, 4) : GEO_EMPTY;
		c->record[i] = record;
	}
}

static enum family family_of(const struct universe *u) {
	return prefix_family(u->base);
}

/* The tree of the cells, made of ranges that are cut anywhere. */
static uint32_t cells_tree(const struct cells *c, struct geo_tree *t, uint64_t *seed) {
	struct geo_builder b;

	geo_builder_init(&b, t, family_of(c->u));
	for (unsigned i = 0, n; i < universe_cells(c->u); i += n) {
		for (n = 1; i + n < universe_cells(c->u) && c->record[i + n] == c->record[i]; n++)
			if (!random_below(seed, 4))
				break;
		if (n == 1 && random_below(seed, 2))
			geo_builder_add(&b, universe_prefix(c->u, i, 0), c->record[i]);
		else if (c->record[i] != GEO_EMPTY || random_below(seed, 2))
			geo_builder_add_range(&b,
					      (struct range){ universe_first(c->u, i), universe_last(c->u, i + n - 1) },
					      c->record[i]);
	}
	return geo_builder_finish(&b);
}

static void expect_cells(const struct geo_tree *t, uint32_t root, const struct cells *c) {
	unsigned len;

	for (unsigned i = 0; i < universe_cells(c->u); i++) {
		assert_int_equal(geo_tree_find(t, root, universe_first(c->u, i), family_of(c->u), &len), c->record[i]);
		assert_int_equal(geo_tree_find(t, root, universe_last(c->u, i), family_of(c->u), &len), c->record[i]);
	}
}

/* Networks of the smallest tree for the cells from..from + 2^size - 1. */
static unsigned fewest(const struct cells *c, unsigned from, unsigned size) {
	for (unsigned i = from; i < from + (1U << size); i++)
		if (c->record[i] != c->record[from])
			return fewest(c, from, size - 1) + fewest(c, from + (1U << (size - 1)), size - 1);
	return c->record[from] != GEO_EMPTY;
}

static void test_builder(void **state) {
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		const struct universe *u = &universes[round % ARRAY_LEN(universes)];
		struct cells c;
		struct geo_tree t;
		uint32_t root;

		geo_tree_init(&t);
		cells_random(&c, u, &seed);
		root = cells_tree(&c, &t, &seed);
		expect_cells(&t, root, &c);
		assert_int_equal(cells_tree(&c, &t, &seed), root);
		assert_int_equal(geo_tree_networks(&t, root, GEO_EMPTY), fewest(&c, 0, u->bits));
		for (uint32_t n = 0; n < t.count; n++)
			for (int half = 0; half < 2; half++)
				assert_true(!geo_is_node(t.node[n][half]) || t.node[n][half] < n);
		geo_tree_done(&t);
	}
}

/* No two nodes are equal, and none has twice the same leaf. */
static void test_nodes_are_unique(void **state) {
	struct geo_tree t;
	uint64_t seed = 2;

	(void)state;
	geo_tree_init(&t);
	for (unsigned round = 0; round < 40; round++) {
		struct cells c;

		cells_random(&c, &universes[3], &seed);
		(void)cells_tree(&c, &t, &seed);
	}
	for (uint32_t n = 0; n < t.count; n++) {
		assert_true(t.node[n][0] != t.node[n][1] || geo_is_node(t.node[n][0]));
		assert_int_equal(geo_tree_node(&t, t.node[n][0], t.node[n][1]), n);
		for (uint32_t k = 0; k < MIN(n, 2000U); k++)
			assert_memory_not_equal(t.node[n], t.node[k], sizeof(t.node[n]));
	}
	geo_tree_done(&t);
}

/* The nodes of a file for a tree. */
static uint32_t (*file_of(const struct geo_tree *t, uint32_t root, uint32_t *ret_n))[2] {
	uint32_t n, *shape = tree_shape(t, root, &n);

	assert_true(geo_is_node(root));
	*ret_n = n / 2;
	return (uint32_t(*)[2])shape;
}

static uint32_t combine(uint32_t upper, uint32_t lower, void *user) {
	++*(unsigned *)user;
	return lower == GEO_EMPTY ? upper : GEO_LEAF + 100 + (upper - GEO_LEAF) * 10 + (lower - GEO_LEAF);
}

/* The lower layer comes from a file: the same tree as `both`, which was made of cells. */
static void expect_overlay_of_file(const struct geo_tree *t, uint32_t lower, const struct geo_tree *from,
				   uint32_t upper, uint32_t both, const struct universe *u) {
	uint32_t n, shape_n, again_n, root, *shape = tree_shape(t, both, &shape_n), *again;
	uint32_t(*node)[2] = file_of(t, lower, &n);
	struct geo_tree loaded;
	unsigned asked = 0;

	geo_tree_init(&loaded);
	assert_int_equal(geo_tree_load(&loaded, node, n, family_of(u) == FAMILY_4 ? 32 : 128, &root), 0);
	root = geo_tree_overlay(&loaded, from, upper, root, combine, &asked);
	again = tree_shape(&loaded, root, &again_n);
	assert_int_equal(again_n, shape_n);
	assert_memory_equal(again, shape, shape_n * sizeof(*shape));
	free(shape);
	free(again);
	geo_tree_done(&loaded);
}

static void test_overlay(void **state) {
	uint64_t seed = 3;
	unsigned asked = 0;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		const struct universe *u = &universes[round % ARRAY_LEN(universes)];
		struct cells upper, lower, both;
		struct geo_tree t, from;
		uint32_t root, other;

		geo_tree_init(&t);
		geo_tree_init(&from);
		cells_random(&upper, u, &seed);
		cells_random(&lower, u, &seed);
		for (unsigned i = 0; i < universe_cells(u); i++) {
			if (!random_below(&seed, 3) || round % 5 == 0)
				upper.record[i] = round % 10 ? GEO_EMPTY : upper.record[0];
		}
		both = lower;
		for (unsigned i = 0; i < universe_cells(u); i++)
			if (upper.record[i] != GEO_EMPTY)
				both.record[i] = combine(upper.record[i], lower.record[i], &asked);
		root = cells_tree(&lower, &t, &seed);
		root = geo_tree_overlay(&t, &from, cells_tree(&upper, &from, &seed), root, combine, &asked);
		expect_cells(&t, root, &both);
		/* It is the tree that these answers have anyway, also when all is one tree. */
		assert_int_equal(cells_tree(&both, &t, &seed), root);
		other = geo_tree_overlay(&t, &t, cells_tree(&upper, &t, &seed), cells_tree(&lower, &t, &seed), combine,
					 &asked);
		assert_int_equal(other, root);
		if (geo_is_node(cells_tree(&lower, &t, &seed)))
			expect_overlay_of_file(&t, cells_tree(&lower, &t, &seed), &from,
					       cells_tree(&upper, &from, &seed), root, u);
		geo_tree_done(&t);
		geo_tree_done(&from);
	}
}

static uint32_t replace(uint32_t upper, uint32_t lower, void *user) {
	++*(unsigned *)user;
	return GEO_LEAF + 1000 * (upper - GEO_LEAF) + (lower == GEO_EMPTY ? 999 : lower - GEO_LEAF);
}

/* Answers of map() that are kept for a while are not those for another record. */
static void test_overlay_of_many_values(void **state) {
	struct geo_tree t;
	uint32_t lower, root;
	unsigned asked = 0, len;

	(void)state;
	geo_tree_init(&t);
	for (uint32_t step = 1; step <= 4096; step *= 2) {
		lower = geo_tree_node(&t, GEO_LEAF + 5, GEO_LEAF + 5 + step);
		root = geo_tree_overlay(&t, &t, GEO_LEAF + 7, lower, replace, &asked);
		assert_int_equal(geo_tree_find(&t, root, ip_from_v4(0), FAMILY_4, &len), GEO_LEAF + 7005);
		assert_int_equal(geo_tree_find(&t, root, ip_from_v4(UINT32_MAX), FAMILY_4, &len),
				 GEO_LEAF + 7005 + step);
	}
	geo_tree_done(&t);
}

/* 2^127 places in 127 nodes: a leaf over them asks map() a few times. */
static void test_overlay_of_shared_subtrees(void **state) {
	unsigned asked = 0;
	struct geo_tree t;
	uint32_t lower, upper;

	(void)state;
	geo_tree_init(&t);
	lower = geo_tree_node(&t, GEO_LEAF + 5, GEO_EMPTY);
	for (unsigned i = 0; i < 126; i++)
		lower = geo_tree_node(&t, lower, lower);
	assert_int_equal(geo_tree_networks(&t, lower, GEO_EMPTY), UINT64_MAX);
	upper = geo_tree_node(&t, GEO_LEAF + 7, GEO_EMPTY);
	(void)geo_tree_overlay(&t, &t, upper, lower, replace, &asked);
	assert_true(asked <= 4);
	geo_tree_done(&t);
}

static void expect_loaded(uint32_t (*node)[2], uint32_t n, const struct cells *c, const uint32_t *shape,
			  uint32_t shape_n) {
	uint32_t root, again_n, *again;
	struct geo_tree t;

	geo_tree_init(&t);
	assert_int_equal(geo_tree_load(&t, node, n, family_of(c->u) == FAMILY_4 ? 32 : 128, &root), 0);
	expect_cells(&t, root, c);
	again = tree_shape(&t, root, &again_n);
	assert_int_equal(again_n, shape_n);
	assert_memory_equal(again, shape, shape_n * sizeof(*shape));
	/* What is added now finds what was loaded. */
	for (uint32_t i = 0; i < t.count; i++) {
		assert_int_equal(geo_tree_node(&t, t.node[i][0], t.node[i][1]), i);
		assert_true(!geo_is_node(t.node[i][0]) || t.node[i][0] < i);
		assert_true(!geo_is_node(t.node[i][1]) || t.node[i][1] < i);
	}
	free(again);
	geo_tree_done(&t);
}

/* A node for every place, in preorder, as other writers have it, and below as a reader might fear. */
static uint32_t unshared(const struct geo_tree *t, uint32_t record, uint32_t (*node)[2], uint32_t *n, unsigned deeper) {
	uint32_t at = *n;

	if (!geo_is_node(record) && !deeper)
		return record;
	++*n;
	for (int half = 0; half < 2; half++) {
		uint32_t made = geo_is_node(record) ? unshared(t, t->node[record][half], node, n, deeper)
						    : unshared(t, record, node, n, deeper - 1);

		node[at][half] = made;
	}
	return at;
}

/* The same nodes under other numbers; the root stays 0. */
static void renumber(uint32_t (*node)[2], uint32_t n, uint64_t *seed) {
	uint32_t *to = malloc(n * sizeof(*to)), (*old)[2] = malloc(n * sizeof(*old));

	memcpy(old, node, n * sizeof(*old));
	for (uint32_t i = 0; i < n; i++)
		to[i] = i;
	for (uint32_t i = n - 1; i > 1; i--) {
		uint32_t k = 1 + random_below(seed, i), was = to[i];

		to[i] = to[k];
		to[k] = was;
	}
	for (uint32_t i = 0; i < n; i++)
		for (int half = 0; half < 2; half++)
			node[to[i]][half] = geo_is_node(old[i][half]) ? to[old[i][half]] : old[i][half];
	free(old);
	free(to);
}

static void test_load(void **state) {
	uint64_t seed = 4;

	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		const struct universe *u = &universes[round % ARRAY_LEN(universes)];
		uint32_t root, n, shape_n, *shape, (*node)[2];
		struct geo_tree t;
		struct cells c;

		cells_random(&c, u, &seed);
		geo_tree_init(&t);
		root = cells_tree(&c, &t, &seed);
		shape = tree_shape(&t, root, &shape_n);
		node = file_of(&t, root, &n);
		expect_loaded(node, n, &c, shape, shape_n);
		node = file_of(&t, root, &n);
		renumber(node, n, &seed);
		expect_loaded(node, n, &c, shape, shape_n);
		for (unsigned deeper = 0; deeper < 2; deeper++) {
			if (deeper && u->base.len + u->bits == 128)
				break;
			node = calloc(1 << 20, sizeof(*node));
			n = 0;
			(void)unshared(&t, root, node, &n, deeper);
			expect_loaded(node, n, &c, shape, shape_n);
		}
		free(shape);
		geo_tree_done(&t);
	}
}

static int load(const uint32_t (*node)[2], uint32_t n, unsigned bits) {
	uint32_t(*copy)[2] = malloc((n + 1) * sizeof(*copy)), root = 77;
	struct geo_tree t;
	int r;

	if (n)
		memcpy(copy, node, n * sizeof(*copy));
	geo_tree_init(&t);
	r = geo_tree_load(&t, copy, n, bits, &root);
	assert_true(r == 0 || root == 77);
	geo_tree_done(&t);
	return r;
}

static void test_load_refuses(void **state) {
	static const uint32_t self[][2] = { { 0, GEO_EMPTY } };
	static const uint32_t cycle[][2] = { { 1, 2 }, { GEO_LEAF, GEO_EMPTY }, { 3, GEO_LEAF + 1 }, { 1, 2 } };
	static const uint32_t one[][2] = { { GEO_LEAF, GEO_LEAF } };
	uint32_t chain[40][2];

	(void)state;
	assert_int_equal(load(self, 1, 128), -ELOOP);
	assert_int_equal(load(cycle, 4, 128), -ELOOP);
	assert_int_equal(load(one, 1, 32), 0);
	assert_int_equal(load(one, 0, 32), -EINVAL);
	for (uint32_t i = 0; i < 40; i++) {
		chain[i][0] = i + 1;
		chain[i][1] = GEO_EMPTY;
	}
	chain[31][0] = GEO_LEAF;
	assert_int_equal(load((const uint32_t(*)[2])chain, 32, 32), 0);
	assert_int_equal(load((const uint32_t(*)[2])chain, 32, 31), -ELOOP);
	/* A short way down to a node that is too deep by another. */
	chain[0][1] = 20;
	chain[31][0] = 32;
	chain[32][0] = GEO_LEAF;
	assert_int_equal(load((const uint32_t(*)[2])chain, 33, 32), -ELOOP);
	chain[0][0] = 20;
	chain[0][1] = 1;
	assert_int_equal(load((const uint32_t(*)[2])chain, 33, 32), -ELOOP);
}

/* What the whole tree must answer at a number of the IPv6 space. */
static uint32_t grafted(const struct cells *v4, const struct cells *v6, unsigned aliases, wide number) {
	static const struct {
		struct prefix p;
		unsigned alias;
	} places[] = {
		{ { { 0, 0 }, 96 }, 0 },
		{ { { 0, IP4_MAPPED_LO }, 96 }, GEO_ALIAS_MAPPED },
		{ { { UINT64_C(0x2002) << 48, 0 }, 16 }, GEO_ALIAS_6TO4 },
		{ { { UINT64_C(0x20010000) << 32, 0 }, 32 }, GEO_ALIAS_TEREDO },
	};

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		unsigned len = places[i].p.len;

		if ((number ^ wide_of(places[i].p.ip)) >> (128 - len))
			continue;
		if (!places[i].alias || (aliases & places[i].alias))
			return v4->record[(uint32_t)(number >> (96 - len)) >> 22]; /* cells are /10 */
		if (places[i].alias == GEO_ALIAS_MAPPED)
			return GEO_EMPTY;
	}
	return v6->record[number >> 118];
}

static void test_graft(void **state) {
	const struct universe *u4 = &universes[1], *u6 = &universes[5];
	uint64_t seed = 5;

	(void)state;
	assert_true(family_of(u4) == FAMILY_4 && u4->base.len == 96 && u6->base.len == 0);
	for (unsigned round = 0; round < 64; round++) {
		unsigned aliases = round % 8, len;
		struct geo_tree t;
		struct geo_roots roots, back;
		struct cells v4, v6;
		uint32_t root, v4_root, uses = 0;

		geo_tree_init(&t);
		cells_random(&v4, u4, &seed);
		cells_random(&v6, u6, &seed);
		if (round % 3 == 0) /* an IPv6 tree with the same nodes as IPv4's */
			memcpy(v6.record, v4.record, sizeof(v6.record));
		if (round % 7 == 0)
			for (unsigned i = 0; i < universe_cells(u4); i++)
				v4.record[i] = round % 2 ? GEO_EMPTY : GEO_LEAF + 3;
		if (round % 21 == 0)
			memcpy(v6.record, v4.record, sizeof(v6.record));
		roots = (struct geo_roots){ cells_tree(&v4, &t, &seed), cells_tree(&v6, &t, &seed) };
		root = geo_tree_graft(&t, roots, aliases, &v4_root);
		assert_true(geo_is_node(root));
		for (unsigned i = 0; i < 3000; i++) {
			static const struct ip starts[] = { { 0, 0 },
							    { 0, IP4_MAPPED_LO },
							    { UINT64_C(0x2002) << 48, 0 },
							    { UINT64_C(0x20010000) << 32, 0 },
							    { 0, 0 } };
			static const unsigned lens[] = { 96, 96, 16, 32, 0 };
			unsigned k = i % 5;
			wide any = (wide)random_next(&seed) << 64 | random_next(&seed);
			wide number = wide_of(starts[k]) | (any & wide_ones(128 - lens[k]));

			assert_int_equal(geo_tree_find(&t, root, wide_ip(number), FAMILY_6, &len),
					 grafted(&v4, &v6, aliases, number));
		}
		for (unsigned i = 0; i < universe_cells(u4); i++)
			assert_int_equal(geo_tree_find(&t, v4_root, universe_first(u4, i), FAMILY_4, &len),
					 v4.record[i]);
		/* Only IPv4's own places lead to its root. */
		for (uint32_t n = 0; n < t.count && geo_is_node(v4_root); n++)
			uses += (t.node[n][0] == v4_root) + (t.node[n][1] == v4_root);
		if (geo_is_node(v4_root))
			assert_true(uses >= 1 && uses <= 1U + (unsigned)__builtin_popcount(aliases) * 2);
		back = geo_tree_split(&t, root, aliases);
		for (unsigned i = 0; i < universe_cells(u4); i++)
			assert_int_equal(geo_tree_find(&t, back.v4, universe_first(u4, i), FAMILY_4, &len),
					 v4.record[i]);
		geo_tree_done(&t);
	}
}

/* An IPv6 subtree with the halves of IPv4's root is another node, also when the table has grown since. */
static void test_ipv4_root_is_its_own(void **state) {
	struct geo_roots roots;
	struct geo_tree t;
	uint32_t root, v4_root, twin, uses = 0;

	(void)state;
	geo_tree_init(&t);
	roots.v4 = geo_tree_node(&t, GEO_LEAF + 1, GEO_EMPTY);
	roots.v6 = geo_tree_set(&t, GEO_EMPTY, (struct ip){ UINT64_C(1) << 62, 0 }, 3, GEO_LEAF + 1);
	root = geo_tree_graft(&t, roots, GEO_ALIAS_MAPPED, &v4_root);
	twin = t.node[t.node[root][0]][1];
	assert_memory_equal(t.node[twin], t.node[v4_root], sizeof(t.node[twin]));
	assert_int_not_equal(twin, v4_root);
	for (uint32_t i = 0; i < 10000; i++)
		(void)geo_tree_node(&t, GEO_LEAF + i, GEO_LEAF + i + 1);
	assert_int_equal(geo_tree_node(&t, GEO_LEAF + 1, GEO_EMPTY), twin);
	for (uint32_t n = 0; n < t.count; n++)
		uses += (t.node[n][0] == v4_root) + (t.node[n][1] == v4_root);
	assert_int_equal(uses, 2);
	geo_tree_done(&t);
}

/* file → tree → split → graft → file is the same file. */
static void test_split_and_graft(void **state) {
	uint64_t seed = 6;

	(void)state;
	for (unsigned round = 0; round < 32; round++) {
		uint32_t root, again, v4_root, n, again_n, *shape, *again_shape, (*node)[2];
		struct geo_roots roots;
		struct geo_tree t, loaded;
		struct cells v4, v6;

		geo_tree_init(&t);
		geo_tree_init(&loaded);
		cells_random(&v4, &universes[1], &seed);
		cells_random(&v6, &universes[round % 2 ? 5 : 3], &seed);
		roots = (struct geo_roots){ cells_tree(&v4, &t, &seed), cells_tree(&v6, &t, &seed) };
		root = geo_tree_graft(&t, roots, round % 8, &v4_root);
		node = file_of(&t, root, &n);
		shape = tree_shape(&t, root, &again_n);
		assert_int_equal(geo_tree_load(&loaded, node, n, 128, &again), 0);
		roots = geo_tree_split(&loaded, again, round % 8);
		again = geo_tree_graft(&loaded, roots, round % 8, &v4_root);
		again_shape = tree_shape(&loaded, again, &again_n);
		assert_int_equal(again_n, 2 * n);
		assert_memory_equal(again_shape, shape, again_n * sizeof(*shape));
		free(shape);
		free(again_shape);
		geo_tree_done(&t);
		geo_tree_done(&loaded);
	}
}

/* IPv4 lives at ::/96 of a file, yet short IPv6 prefixes say nothing of it. */
static void test_families_are_apart(void **state) {
	static const char *const networks[] = { "::/0", "::/3", "::/1", "::/64", "::/80" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
		struct arena a = { 0 };
		struct sources sources;
		struct diags diags;
		struct geo_rows rows;
		struct geo_roots roots;
		struct geo_tree t;
		struct prefix p;
		uint32_t root, v4_root;
		unsigned len;

		sources_init(&sources, &a);
		diags_init(&diags, &a, &sources);
		geo_tree_init(&t);
		geo_rows_init(&rows, &diags);
		for (unsigned k = 0; k < 2; k++) {
			const char *text = k ? networks[i] : "105.112.225.0/24";
			struct geo_row row = { .value = k, .created = k, .id = k + 1 };

			assert_int_equal(prefix_parse(text, strlen(text), &p, NULL), 0);
			row.range = (struct range){ prefix_first(p), prefix_last(p) };
			assert_int_equal(rows.sink.add(&rows.sink, &row), 0);
		}
		roots = geo_rows_compile(&rows, &t);
		root = geo_tree_graft(&t, roots, 7, &v4_root);
		for (unsigned mapped = 0; mapped < 2; mapped++) {
			uint64_t high = mapped ? IP4_MAPPED_LO : 0;
			struct ip inside = { 0, high | 0x6970e107 }, outside = { 0, high | 0x08080808 };

			assert_int_equal(geo_tree_find(&t, root, inside, FAMILY_6, &len), GEO_LEAF + 0);
			assert_int_equal(len, 120);
			assert_int_equal(geo_tree_find(&t, root, outside, FAMILY_6, &len), GEO_EMPTY);
		}
		assert_int_equal(geo_tree_find(&t, root, (struct ip){ 0, UINT64_C(1) << 46 }, FAMILY_6, &len),
				 GEO_LEAF + 1);
		geo_rows_done(&rows);
		geo_tree_done(&t);
		diags_done(&diags);
		sources_done(&sources);
		arena_done(&a);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builder),
		cmocka_unit_test(test_nodes_are_unique),
		cmocka_unit_test(test_overlay),
		cmocka_unit_test(test_overlay_of_many_values),
		cmocka_unit_test(test_overlay_of_shared_subtrees),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_refuses),
		cmocka_unit_test(test_graft),
		cmocka_unit_test(test_ipv4_root_is_its_own),
		cmocka_unit_test(test_split_and_graft),
		cmocka_unit_test(test_families_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
