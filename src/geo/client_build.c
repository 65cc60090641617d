/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs → nodes, from the top down: up to 16 runs whose borders fit into the window are a leaf; borders that huddle in
 * one place get a skip to it; all else is a table of as many cells as leave some runs for each. A node's bytes are
 * written when its children are known, and equal bytes are one node, which is found with a hash table: there is one
 * leaf for each country that is alone, and in IPv6 much repeats (the same /48s in every /32).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr/wide.h"
#include "geo/client_cell.h"
#include "geo/client_trie.h"

/* A table has so many cells that FILL runs are left for each; a SKIP passes over SKIP_MIN bits or more. */
enum { ROOT_CELLS = 1 << 16, FILL = 2, SKIP_MIN = 6 };
#define RUNS_MAX ((size_t)1 << 25)

struct run {
	struct client_key last;
	uint16_t code;
};

struct runs {
	struct run *v;
	size_t n, cap;
};

/* A node that is there: where and how long. */
struct known {
	uint32_t hash, offset, len; /* offset in units of CELL_ALIGN; len 0: a free slot */
};

struct client_builder {
	struct runs runs[2]; /* IPv6, IPv4 */
	uint8_t *pool;
	size_t len, cap;
	struct known *known;
	size_t known_count, known_mask;
	unsigned window; /* bits of a leaf's ends: 16 for IPv4, 32 for IPv6 */
	uint32_t *cells; /* a stack, for the tables that are being made */
	size_t cells_used;
	int error;
};

/* Tables on one path take 112 bits together at most: seven of 15 bits, one of 7. */
enum { CELLS_MAX = 8 << CELL_TABLE_BITS };

struct client_builder *client_builder_new(void) {
	struct client_builder *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	b->known_mask = 1023;
	b->known = calloc(b->known_mask + 1, sizeof *b->known);
	b->cells = malloc(CELLS_MAX * sizeof *b->cells);
	b->pool = calloc(1, 1 << 20);
	b->cap = 1 << 20;
	if (!b->known || !b->cells || !b->pool) {
		client_builder_free(b);
		return NULL;
	}
	return b;
}

void client_builder_free(struct client_builder *b) {
	if (!b)
		return;
	free(b->runs[0].v);
	free(b->runs[1].v);
	free(b->pool);
	free(b->known);
	free(b->cells);
	free(b);
}

int client_builder_add(struct client_builder *b, bool is_v4, struct client_key last, uint16_t code) {
	struct runs *r = &b->runs[is_v4];

	if (r->n > 0 && r->v[r->n - 1].code == code) {
		r->v[r->n - 1].last = last;
		return 0;
	}
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 1024;
		struct run *v = cap > RUNS_MAX ? NULL : realloc(r->v, cap * sizeof *v);

		if (!v)
			return cap > RUNS_MAX ? -EFBIG : -ENOMEM;
		r->v = v;
		r->cap = cap;
	}
	r->v[r->n++] = (struct run){ last, code };
	return 0;
}

static wide run_last(const struct run *r) {
	return (wide)r->last.hi << 64 | r->last.lo;
}

/* Bits [from, from + n) of an address, n = 1 … 32; bits behind the 128th are zero. */
static uint32_t wide_bits(wide w, unsigned from, unsigned n) {
	return (uint32_t)(wide_left(w, from) >> (128 - n));
}

/* The last address of the prefix of this length around one. */
static wide wide_last(wide w, unsigned len) {
	return w | wide_ones(len < 128 ? 128 - len : 0);
}

static uint32_t bytes_hash(const uint8_t *bytes, size_t len) {
	uint64_t h = len * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < len; i += 8) { /* nodes are multiples of 8 */
		uint64_t word;

		memcpy(&word, bytes + i, sizeof word);
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

static int known_grow(struct client_builder *b) {
	size_t mask = b->known_mask * 2 + 1;
	struct known *bigger = calloc(mask + 1, sizeof *bigger);

	if (!bigger)
		return -ENOMEM;
	for (size_t i = 0; i <= b->known_mask; i++) {
		size_t at = b->known[i].hash & mask;

		if (b->known[i].len == 0)
			continue;
		while (bigger[at].len > 0)
			at = (at + 1) & mask;
		bigger[at] = b->known[i];
	}
	free(b->known);
	b->known = bigger;
	b->known_mask = mask;
	return 0;
}

static int pool_reserve(struct client_builder *b, size_t len) {
	size_t cap = b->cap;
	uint8_t *pool;

	if (b->len + len > (size_t)CELL_OFFSET * CELL_ALIGN)
		return -EFBIG;
	while (cap < b->len + len)
		cap *= 2;
	if (cap == b->cap)
		return 0;
	pool = realloc(b->pool, cap);
	if (!pool)
		return -ENOMEM;
	b->pool = pool;
	b->cap = cap;
	return 0;
}

/* The cell for a node with these bytes (a multiple of CELL_ALIGN); 0 and b->error when there is no room. */
static uint32_t node_intern(struct client_builder *b, uint32_t cell, const void *bytes, size_t len) {
	uint32_t hash = bytes_hash(bytes, len);
	size_t at;

	for (at = hash & b->known_mask; b->known[at].len > 0; at = (at + 1) & b->known_mask)
		if (b->known[at].hash == hash && b->known[at].len == len &&
		    !memcmp(b->pool + (size_t)b->known[at].offset * CELL_ALIGN, bytes, len))
			return cell | b->known[at].offset;
	if (!b->error)
		b->error = pool_reserve(b, len);
	if (!b->error && b->known_count * 4 > b->known_mask * 3) {
		b->error = known_grow(b);
		if (!b->error)
			for (at = hash & b->known_mask; b->known[at].len > 0; at = (at + 1) & b->known_mask)
				;
	}
	if (b->error)
		return 0;
	memcpy(b->pool + b->len, bytes, len);
	b->known[at] = (struct known){ hash, (uint32_t)(b->len / CELL_ALIGN), (uint32_t)len };
	b->known_count++;
	b->len += len;
	return cell | b->known[at].offset;
}

/* Whether all borders between runs lie on multiples of what the window can tell apart. */
static bool leaf_fits(const struct client_builder *b, const struct run *r, size_t n, unsigned depth) {
	if (n > LEAF_RUNS)
		return false;
	for (size_t i = 0; i + 1 < n; i++)
		if (run_last(&r[i]) != wide_last(run_last(&r[i]), depth + b->window))
			return false;
	return true;
}

static uint32_t make_leaf(struct client_builder *b, const struct run *r, size_t n, unsigned depth) {
	uint32_t kind = n <= 4 ? 0 : n <= 8 ? 1 : 2;
	size_t room = (size_t)4 << kind, len = room * (b->window / 8 + 2);
	uint8_t node[LEAF_RUNS * 6] = { 0 };

	for (size_t i = 0; i < room; i++) {
		uint32_t end = i + 1 < n ? wide_bits(run_last(&r[i]), depth, b->window) : UINT32_MAX;
		uint16_t code = r[i < n ? i : n - 1].code;

		if (b->window == 16) {
			uint16_t biased = (uint16_t)(end ^ 0x8000);

			memcpy(node + 2 * i, &biased, sizeof biased);
		} else {
			uint32_t biased = end ^ 0x80000000;

			memcpy(node + 4 * i, &biased, sizeof biased);
		}
		memcpy(node + room * (b->window / 8) + 2 * i, &code, sizeof code);
	}
	return node_intern(b, kind << CELL_LEAF_SHIFT, node, (len + CELL_ALIGN - 1) / CELL_ALIGN * CELL_ALIGN);
}

static uint32_t make_cell(struct client_builder *b, const struct run *r, size_t n, unsigned depth);

/* The cells below depth: cells[c] for each value c of the next `bits` bits. */
static void fill_cells(struct client_builder *b, const struct run *r, size_t n, unsigned depth, unsigned bits,
		       uint32_t *cells) {
	wide base = run_last(r) & ~wide_ones(128 - depth), last;

	for (size_t c = 0, i = 0; c < (size_t)1 << bits && !b->error; c++) {
		size_t first = i;

		last = base | (wide)c << (128 - depth - bits) | wide_ones(128 - depth - bits);
		while (i + 1 < n && run_last(&r[i]) < last)
			i++;
		cells[c] = make_cell(b, r + first, i - first + 1, depth + bits);
		i += i + 1 < n && run_last(&r[i]) == last;
	}
}

static uint32_t make_table(struct client_builder *b, const struct run *r, size_t n, unsigned depth) {
	uint32_t *cells = b->cells + b->cells_used, cell = 0;
	unsigned bits = 1;
	size_t count;

	while (bits < CELL_TABLE_BITS && n >> bits > FILL && depth + bits < 128)
		bits++;
	count = MAX((size_t)1 << bits, CELL_ALIGN / sizeof *cells);
	memset(cells, 0, CELL_ALIGN);
	b->cells_used += count;
	fill_cells(b, r, n, depth, bits, cells);
	if (!b->error)
		cell = node_intern(b, CELL_TABLE | bits << CELL_TABLE_SHIFT, cells, count * sizeof *cells);
	b->cells_used -= count;
	return cell;
}

static uint32_t make_skip(struct client_builder *b, const struct run *r, size_t n, unsigned depth, unsigned bits) {
	struct client_skip skip[2] = { { .key = wide_bits(run_last(r), depth, bits), .bits = bits } };

	skip->side[0] = make_cell(b, r, 1, depth);
	skip->side[1] = make_cell(b, r, n, depth + bits);
	skip->side[2] = make_cell(b, r + n - 1, 1, depth);
	return b->error ? 0 : node_intern(b, CELL_TABLE, skip, 32);
}

static uint32_t make_cell(struct client_builder *b, const struct run *r, size_t n, unsigned depth) {
	unsigned common;

	if (b->error)
		return 0;
	if (leaf_fits(b, r, n, depth))
		return make_leaf(b, r, n, depth);
	/* from the last address before the first border to the first address behind the last one */
	common = wide_leading_zeros(run_last(r) ^ (run_last(&r[n - 2]) + 1)) - depth;
	if (b->window == 32 && common >= SKIP_MIN)
		return make_skip(b, r, n, depth, common > 31 ? 31 : common);
	return make_table(b, r, n, depth);
}

int client_builder_finish(struct client_builder *b, struct client_trie *ret_trie) {
	size_t roots = 2 * (size_t)ROOT_CELLS * sizeof(uint32_t);
	uint32_t *root;
	size_t memory;
	wide all = ~(wide)0;
	int r;

	root = calloc(2 * (size_t)ROOT_CELLS, sizeof *root);
	if (!root)
		return -ENOMEM;
	for (unsigned is_v4 = 0; is_v4 < 2 && !b->error; is_v4++) {
		struct runs *runs = &b->runs[is_v4];

		if (runs->n == 0 || run_last(&runs->v[runs->n - 1]) != all) {
			r = client_builder_add(b, is_v4, (struct client_key){ UINT64_MAX, UINT64_MAX }, 0);
			if (r < 0)
				b->error = r;
		}
		b->window = is_v4 ? 16 : 32;
		if (!b->error)
			fill_cells(b, runs->v, runs->n, 0, 16, root + (is_v4 ? 0 : ROOT_CELLS));
	}
	memory = (roots + b->len + POOL_TAIL + 63) / 64 * 64;
	if (!b->error) {
		uint8_t *block = aligned_alloc(64, memory);

		if (block) {
			memcpy(block, root, roots);
			memcpy(block + roots, b->pool, b->len);
			memset(block + roots + b->len, 0, memory - roots - b->len);
			*ret_trie = (struct client_trie){ (uint32_t *)block, (uint32_t *)block + ROOT_CELLS,
							  block + roots, memory };
		} else {
			b->error = -ENOMEM;
		}
	}
	free(root);
	return b->error;
}
