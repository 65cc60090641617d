/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree: its nodes stand in the order root, right half, left half. So a node's right child is the next node, and its
 * left child is the one behind all that is below the right one; what is still to come is a stack. Every node is then
 * named by exactly one other, but for the IPv4 tree, which its aliases name too, and nothing can go in a circle.
 *
 * What stands behind the tree must be, byte by byte, what it was made from: zeros, the data section, the metadata. That
 * these are right is left to mmdb_verify(), which gets them behind a small tree that has every value once.
 */
#include "geo/stream_verify.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "geo/mmdb.h"

enum { BLOCK_NODES = 32 * 1024, SEPARATOR = 16, NODE_LEN_MAX = 8, COMPARE = 64 * 1024 };

struct place {
	uint64_t node;
	unsigned depth;
	bool leftmost; /* all bits before it are 0 */
};

struct walk {
	const struct stream_written *w;
	mmdb_report_fn report;
	void *user;
	uint64_t v4_root; /* a node, or UINT64_MAX */
	uint8_t *known;   /* a bit for each byte of the data section: a value begins there */
	size_t data_len;
	struct place open[130];
	unsigned n;
	int errors;
	uint64_t more; /* what findings of the small file are moved by */
};

static int found(struct walk *w, const char *what, uint64_t offset) {
	const struct mmdb_fault fault = { what, offset };

	w->errors++;
	return w->report ? w->report(&fault, true, w->user) : 0;
}

static int read_at(int fd, void *to, size_t len, uint64_t at) {
	for (size_t have = 0; have < len;) {
		ssize_t n = pread(fd, (uint8_t *)to + have, len - have, (off_t)(at + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		have += (size_t)n;
	}
	return 0;
}

static size_t node_len(const struct walk *w) {
	return w->w->stats->record_bits / 4;
}

/* The IPv4 tree, by its place. */
static int find_v4_root(struct walk *w) {
	uint8_t bytes[NODE_LEN_MAX];
	const struct mmdb one = { .bytes = bytes, .record_bits = w->w->stats->record_bits };
	uint64_t node = 0;

	for (unsigned depth = 0; depth < 96 && node < w->w->stats->nodes; depth++) {
		int r = read_at(w->w->fd, bytes, node_len(w), node * node_len(w));

		if (r < 0)
			return r;
		node = mmdb_record(&one, 0, 0);
	}
	w->v4_root = node < w->w->stats->nodes ? node : UINT64_MAX;
	return 0;
}

/* A record of a node; *ret_is_child: the node it names must follow. */
static int check_record(struct walk *w, uint64_t record, const struct place *at, bool leftmost, bool *ret_is_child) {
	uint64_t nodes = w->w->stats->nodes, offset = record - nodes - SEPARATOR, place = at->node * node_len(w);

	*ret_is_child = false;
	if (record < nodes) {
		if (at->depth == 127)
			return found(w, "the tree goes on behind the last bit of an address", place);
		*ret_is_child = record != w->v4_root || (at->depth == 95 && leftmost);
		return 0;
	}
	if (record == nodes ||
	    (record >= nodes + SEPARATOR && offset < w->data_len && w->known[offset / 8] >> offset % 8 & 1))
		return 0;
	return found(w, "a record points at no value", place);
}

/* Checks a node and sets *at to where the next one is. */
static int check_node(struct walk *w, struct place *at, uint64_t left, uint64_t right) {
	struct place from = *at, below = { 0, at->depth + 1, false };
	bool left_child, right_child;
	int r = check_record(w, left, &from, from.leftmost, &left_child);

	if (r == 0)
		r = check_record(w, right, &from, false, &right_child);
	if (r)
		return r;
	if (left == right && w->w->stats->nodes > 1)
		r = found(w, "both halves of a node say the same", from.node * node_len(w));
	if (left_child)
		w->open[w->n++] = (struct place){ left, from.depth + 1, from.leftmost };
	if (right_child) {
		below.node = right;
		w->open[w->n++] = below;
	}
	if (!w->n) {
		at->node = w->w->stats->nodes;
		return r;
	}
	*at = w->open[--w->n];
	if (r == 0 && at->node != from.node + 1) {
		r = found(w, "a node is not where the tree goes on", from.node * node_len(w));
		return r ? r : -EBADMSG;
	}
	return r;
}

static int check_tree(struct walk *w) {
	_cleanup_(freep) uint8_t *block = malloc((size_t)BLOCK_NODES * NODE_LEN_MAX);
	const struct mmdb nodes = { .bytes = block, .record_bits = w->w->stats->record_bits };
	uint64_t count = w->w->stats->nodes;
	struct place at = { 0, 0, true };
	int r = block ? find_v4_root(w) : -ENOMEM;

	for (uint64_t first = 0; first < count && r == 0; first += BLOCK_NODES) {
		uint32_t n = (uint32_t)MIN(count - first, (uint64_t)BLOCK_NODES);

		r = read_at(w->w->fd, block, n * node_len(w), first * node_len(w));
		for (uint32_t i = 0; i < n && r == 0; i++) {
			if (at.node != first + i)
				return found(w, "nothing names a node", (first + i) * node_len(w));
			r = check_node(w, &at, mmdb_record(&nodes, i, 0), mmdb_record(&nodes, i, 1));
		}
	}
	return r;
}

/* Compares bytes of the file from *at on, and moves it. */
static int check_bytes(struct walk *w, const void *expected, size_t len, uint64_t *at) {
	_cleanup_(freep) uint8_t *block = malloc(COMPARE);
	const uint8_t *from = expected;
	int r = block ? 0 : -ENOMEM;

	for (size_t done = 0; done < len && r == 0; done += COMPARE) {
		size_t n = MIN(len - done, (size_t)COMPARE);

		r = read_at(w->w->fd, block, n, *at + done);
		if (r == 0 && memcmp(block, from + done, n) != 0)
			return found(w, "the bytes are not those that were written", *at + done);
	}
	*at += len;
	return r;
}

static int check_behind_tree(struct walk *w) {
	static const uint8_t zeros[SEPARATOR];
	struct str data = mmdb_data_section(w->w->data);
	_cleanup_(freep) char *meta = NULL;
	uint64_t at = w->w->stats->nodes * node_len(w);
	size_t meta_len;
	int r = mmdb_write_meta(w->w->meta, w->w->stats->nodes, w->w->stats->record_bits, 6, &meta, &meta_len);

	if (r == 0)
		r = check_bytes(w, zeros, sizeof(zeros), &at);
	if (r == 0)
		r = check_bytes(w, data.s, data.len, &at);
	if (r == 0)
		r = check_bytes(w, meta, meta_len, &at);
	if (r == 0 && at != w->w->stats->bytes)
		r = found(w, "the file has another length", at);
	return r;
}

static int move_fault(const struct mmdb_fault *fault, bool is_error, void *user) {
	const struct walk *w = user;
	const struct mmdb_fault moved = { fault->what, fault->offset + w->more };

	return w->report ? w->report(&moved, is_error, w->user) : 0;
}

/* Writes a file with the same sections behind a tree of one address for each value. */
static int write_small(const struct walk *w, int fd, struct mmdb_stats *ret_stats) {
	const struct stream_written *s = w->w;
	struct geo_builder b;
	struct geo_roots roots = { GEO_EMPTY, GEO_EMPTY };
	struct geo_tree t;
	uint32_t v4_root, at = 0;
	int r;

	geo_tree_init(&t);
	geo_builder_init(&b, &t, FAMILY_4);
	for (uint32_t v = 0; v < s->values; v++)
		if (s->used[v])
			geo_builder_add(&b, prefix_host(ip_from_v4(at++)), GEO_LEAF + v);
	roots.v4 = geo_builder_finish(&b);
	r = mmdb_write(fd, &t, geo_tree_graft(&t, roots, GEO_ALIAS_MAPPED | GEO_ALIAS_6TO4, &v4_root), s->value_offset,
		       s->data, s->meta, MMDB_LAYOUT_SHARED, ret_stats);
	geo_tree_done(&t);
	return r;
}

static int check_sections(struct walk *w) {
	_cleanup_(fdp_close) int fd = memfd_create("hextet-verify", MFD_CLOEXEC);
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct mmdb_stats small = { 0 };
	int r = fd < 0 ? -errno : write_small(w, fd, &small);

	if (r < 0)
		return r;
	bytes = malloc(small.bytes + 1);
	r = bytes ? read_at(fd, bytes, small.bytes, 0) : -ENOMEM;
	if (r < 0)
		return r;
	w->more = w->w->stats->nodes * node_len(w) - small.nodes * (small.record_bits / 4);
	r = mmdb_verify(bytes, small.bytes, move_fault, w, NULL);
	if (r > 0)
		w->errors += r;
	return MIN(r, 0);
}

int stream_verify(const struct stream_written *w, mmdb_report_fn report, void *user) {
	struct walk walk = { .w = w, .report = report, .user = user, .data_len = mmdb_data_section(w->data).len };
	int r;

	walk.known = calloc(walk.data_len / 8 + 1, 1);
	if (!walk.known)
		return -ENOMEM;
	for (uint32_t v = 0; v < w->values; v++)
		if (w->used[v])
			walk.known[w->value_offset[v] / 8] |= (uint8_t)(1U << w->value_offset[v] % 8);
	r = check_tree(&walk);
	if (r == 0)
		r = check_behind_tree(&walk);
	if (r == 0)
		r = check_sections(&walk);
	free(walk.known);
	return r < 0 && !walk.errors ? r : walk.errors;
}
