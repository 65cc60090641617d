/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the nodes in the order of the file looks at every record. A second one goes through them so that each
 * comes behind all that name it, and hands down how many ways lead to it and how deep it is at most: a tree with shared
 * subtrees is so counted without walking any of them twice.
 *
 * Most files are in such an order already, but for the IPv4 tree, which the aliases name from behind. As it hangs at
 * ::/96 and whatever else names it is left out of the counts, what is handed down to it is known from the start: one
 * way, 96 deep. Other files get an order by a search in depth, which also finds cycles.
 */
#include "geo/mmdb_verify_parts.h"

#include <errno.h>
#include <string.h>

static const char too_deep[] = "the tree goes on behind the last bit of an address";

struct tree {
	struct verify *v;
	const struct mmdb *db;
	uint32_t n, v4; /* nodes; the IPv4 node of an IPv6 file, or n */
	uint8_t levels; /* 32 or 128 */
	uint8_t *depth; /* the greatest there is; while searching: a colour */
	uint64_t *ways; /* from the root; UINT64_MAX: that or more */
	uint32_t *order;
	uint32_t ordered; /* nodes in order[], from the back */
};

/* Looks at every record. Whether each node comes behind those that name it. */
static bool check_records(struct tree *t, uint64_t *targets) {
	const struct mmdb *db = t->db;
	bool in_order = true;
	uint64_t values = 0;

	for (uint32_t node = 0; node < t->n && !t->v->stop; node++) {
		uint32_t records[2];

		mmdb_node(db, node, records);
		for (unsigned bit = 0; bit < 2; bit++) {
			uint32_t record = records[bit];
			uint64_t at = (uint64_t)record - t->n - 16;

			if (record < t->n) {
				in_order &= record > node || record == t->v4;
			} else if (record > t->n) {
				values++;
				if (at < db->data_len)
					bit_set(targets, at);
				else
					verify_error(t->v,
						     record - t->n < 16
							     ? "a record points into the separator"
							     : "a record points behind the end of the data section",
						     mmdb_record_offset(db, node, bit));
			}
		}
	}
	t->v->counts.nodes = t->n;
	t->v->counts.records = values;
	return in_order;
}

/* --- an order --- */

enum { WHITE, GREY, BLACK };

/* Adds all that a node leads to, and then itself, in front of the order. */
static bool search(struct tree *t, uint32_t root) {
	struct {
		uint32_t node;
		unsigned bit;
	} stack[129] = { { root, 0 } };
	unsigned n = 1;

	t->depth[root] = GREY;
	while (n) {
		uint32_t node = stack[n - 1].node, records[2], next;
		unsigned bit = stack[n - 1].bit++;

		if (bit == 2) {
			t->depth[node] = BLACK;
			t->order[--t->ordered] = node;
			n--;
			continue;
		}
		mmdb_node(t->db, node, records);
		next = records[bit];
		if (next >= t->n || next == t->v4 || t->depth[next] == BLACK)
			continue;
		if (t->depth[next] == GREY || n == t->levels) {
			verify_error(t->v, n == t->levels ? too_deep : "a node leads back to itself",
				     mmdb_record_offset(t->db, node, bit));
			return false;
		}
		t->depth[next] = GREY;
		stack[n].node = next;
		stack[n++].bit = 0;
	}
	return true;
}

static void warn_lost(const struct tree *t, uint32_t node) {
	verify_warn(t->v, "nothing leads to this node of the tree", mmdb_record_offset(t->db, node, 0));
}

static int find_order(struct tree *t, bool *ret_found) {
	bool found;

	t->order = malloc((size_t)t->n * sizeof(*t->order));
	if (!t->order)
		return -ENOMEM;
	t->ordered = t->n;
	found = (t->v4 == t->n || search(t, t->v4)) && (t->depth[0] == BLACK || search(t, 0));
	if (found && t->ordered)
		warn_lost(t, (uint32_t)((uint8_t *)memchr(t->depth, WHITE, t->n) - t->depth));
	memset(t->depth, 0, t->n);
	*ret_found = found;
	return 0;
}

/* --- counts --- */

static uint64_t add(uint64_t a, uint64_t b) {
	return a + b < a ? UINT64_MAX : a + b;
}

/* Hands down to the records of one node; how many networks end here. */
static unsigned visit(struct tree *t, uint32_t node) {
	uint32_t records[2];
	unsigned ends = 0, below = t->depth[node] + 1U;

	mmdb_node(t->db, node, records);
	for (unsigned bit = 0; bit < 2; bit++) {
		uint32_t record = records[bit];

		if (record >= t->n) {
			ends += record > t->n;
		} else if (below >= t->levels || (record == t->v4 && below > 96)) {
			verify_error(t->v, too_deep, mmdb_record_offset(t->db, node, bit));
		} else if (record != t->v4) {
			t->depth[record] = (uint8_t)MAX(t->depth[record], below);
			t->ways[record] = add(t->ways[record], t->ways[node]);
		}
	}
	return ends;
}

/*
 * What is at ::ffff:0:0/96 is IPv4 for everybody who asks and so no network of IPv6: a way to that node less. Where
 * all of IPv4 is one value there is no node, and the value is left out at each alias, but counted for IPv4 when it
 * stands above ::/96.
 */
static uint64_t correct(const struct tree *t, uint64_t networks, uint32_t mapped, unsigned mapped_depth) {
	const struct mmdb *db = t->db;
	unsigned aliases = mmdb_aliases(db);

	if (db->ip_version == 4 || networks == UINT64_MAX)
		return networks;
	if (db->v4_root > t->n)
		networks += db->v4_root_depth < 96 ? 1 : 0;
	if (db->v4_root > t->n && db->v4_root_depth == 96)
		networks -= (unsigned)__builtin_popcount(aliases & ~1U);
	if (mapped > t->n && mapped_depth == 96)
		networks--;
	return networks;
}

static void count(struct tree *t) {
	unsigned mapped_depth = 0;
	uint32_t mapped = t->n;
	uint64_t networks = 0;
	bool lost = false;

	if (t->db->ip_version == 6)
		mapped = (uint32_t)mmdb_descend(t->db, (struct ip){ 0, IP4_MAPPED_LO }, 96, &mapped_depth);
	t->ways[0] = 1;
	if (t->v4 < t->n) {
		t->ways[t->v4] = 1;
		t->depth[t->v4] = 96;
	}
	for (uint32_t i = t->order ? t->ordered : 0; i < t->n && !t->v->stop; i++) {
		uint32_t node = t->order ? t->order[i] : i;
		unsigned ends;

		if (node && !t->depth[node]) {
			if (!lost)
				warn_lost(t, node);
			lost = true;
			continue;
		}
		if (node == mapped && node != t->v4 && t->ways[node] != UINT64_MAX)
			t->ways[node]--;
		ends = visit(t, node);
		while (ends--)
			networks = add(networks, t->ways[node]);
	}
	t->v->counts.networks = correct(t, networks, mapped, mapped_depth);
}

int verify_tree(struct verify *v, uint64_t *targets) {
	struct tree t = { .v = v, .db = &v->db, .n = v->db.node_count, .levels = v->db.ip_version == 4 ? 32 : 128 };
	bool ordered;
	int r = 0;

	t.v4 = v->db.ip_version == 6 ? MIN(v->db.v4_root, t.n) : t.n;
	t.depth = calloc(t.n, 1);
	t.ways = calloc(t.n, sizeof(*t.ways));
	if (!t.depth || !t.ways)
		r = -ENOMEM;
	if (r == 0) {
		ordered = check_records(&t, targets);
		if (!ordered && !v->stop)
			r = find_order(&t, &ordered);
		if (r == 0 && ordered)
			count(&t);
	}
	free(t.depth);
	free(t.ways);
	free(t.order);
	return r;
}
