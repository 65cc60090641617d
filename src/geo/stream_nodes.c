/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment is cut into the largest blocks that fit; a block that is a right half finishes its parent, and so on up, as
 * carries do in an addition. Two halves that say the same are no node. So each node is appended when its second child
 * is known, and the root is last: with n nodes, number k of the file is node n-1-k of the database, and writing the
 * database forwards is reading the file backwards, and what was read is cut off: both need the room of one.
 */
#include "geo/stream_nodes.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "base/file.h"
#include "geo/extsort.h"

enum { BLOCK_NODES = 64 * 1024, NODE_LEN_MAX = 8, OUT_LEN = 64 * 1024 * NODE_LEN_MAX };

int nodes_open(struct nodes *n, const char *folder, uint32_t max_value) {
	*n = (struct nodes){ .max_value = max_value, .first_value = nodes_leaf(max_value) };
	n->fd = temp_file_open(folder);
	if (n->fd < 0)
		return n->fd;
	n->block = calloc(BLOCK_NODES, sizeof(*n->block));
	n->used = calloc((size_t)max_value + 1, sizeof(*n->used));
	return n->block && n->used ? 0 : -ENOMEM;
}

void nodes_close(struct nodes *n) {
	free(n->block);
	free(n->used);
	if (n->fd >= 0)
		(void)close(n->fd);
	*n = (struct nodes){ .fd = -1 };
}

static void fail(struct nodes *n, int error) {
	if (!n->error)
		n->error = error;
}

static void flush(struct nodes *n) {
	int r = n->error ? 0 : file_write_fd(n->fd, n->block, n->pending * sizeof(*n->block));

	if (r < 0)
		fail(n, r);
	n->pending = 0;
}

static bool is_value(const struct nodes *n, uint32_t record) {
	return record >= n->first_value && record != NODES_EMPTY;
}

static uint32_t nodes_value(uint32_t record) {
	return NODES_EMPTY - 1 - record;
}

static uint32_t append(struct nodes *n, uint32_t left, uint32_t right) {
	const uint32_t pair[2] = { left, right };

	if (n->pending == BLOCK_NODES)
		flush(n);
	for (unsigned i = 0; i < 2; i++) {
		if (!is_value(n, pair[i]))
			continue;
		n->leaves++;
		n->used[nodes_value(pair[i])] = true;
	}
	memcpy(n->block[n->pending++], pair, sizeof(pair));
	if (n->count == n->first_value)
		fail(n, -E2BIG);
	return (uint32_t)n->count++;
}

void nodes_begin(struct nodes *n, unsigned top, wide first) {
	n->top = top;
	n->next = first;
}

/* Says `record` for the block of 2^bits addresses at n->next. */
static void put(struct nodes *n, unsigned bits, uint32_t record) {
	unsigned depth = 128 - bits;

	while (depth > n->top && wide_right(n->next, 128 - depth) & 1) {
		uint32_t left = n->waiting[depth--];

		if (left != record) /* two equal ones are leaves: no node is shared */
			record = append(n, left, record);
	}
	n->waiting[depth] = record;
	n->next += wide_ones(bits) + 1;
}

void nodes_add(struct nodes *n, wide last, uint32_t record) {
	for (;;) {
		wide at = n->next, left = last - at + 1; /* 0 is all 2^128 */
		unsigned fits = left ? 127 - wide_leading_zeros(left) : 128, bits = MIN(wide_trailing_zeros(at), fits);

		put(n, bits, record);
		if (at + wide_ones(bits) == last)
			break;
	}
}

uint32_t nodes_end(struct nodes *n) {
	return n->waiting[n->top];
}

int nodes_finish(struct nodes *n, uint32_t root) {
	if (!n->count || root != n->count - 1)
		(void)append(n, root, root);
	flush(n);
	return n->error;
}

unsigned nodes_record_bits(const struct nodes *n, const uint32_t *value_offset) {
	uint64_t max = n->count;

	for (uint32_t v = 0; v <= n->max_value; v++)
		if (n->used[v])
			max = MAX(max, n->count + 16 + value_offset[v]);
	for (unsigned bits = 24; bits <= 32; bits += 4)
		if (max >> bits == 0)
			return bits;
	return 0;
}

/* The database's record. */
static uint32_t final(const struct nodes *n, const uint32_t *value_offset, uint32_t record) {
	if (record == NODES_EMPTY)
		return (uint32_t)n->count;
	if (is_value(n, record))
		return (uint32_t)(n->count + 16 + value_offset[nodes_value(record)]);
	return (uint32_t)(n->count - 1 - record);
}

/* Encodes a node as the format wants it; the 28-bit one has the left record's high bits first in its middle byte. */
static size_t encode(uint8_t *to, uint32_t left, uint32_t right, unsigned record_bits) {
	if (record_bits == 32) {
		uint32_t both[2] = { __builtin_bswap32(left), __builtin_bswap32(right) };

		memcpy(to, both, 8);
		return 8;
	}
	to[0] = (uint8_t)(left >> 16);
	to[1] = (uint8_t)(left >> 8);
	to[2] = (uint8_t)left;
	if (record_bits == 28)
		to[3] = (uint8_t)(left >> 24 << 4 | right >> 24);
	to += record_bits == 28 ? 4 : 3;
	to[0] = (uint8_t)(right >> 16);
	to[1] = (uint8_t)(right >> 8);
	to[2] = (uint8_t)right;
	return record_bits == 28 ? 7 : 6;
}

/* Fills the block with the nodes first … first + n - 1. */
static int read_block(struct nodes *n, uint64_t first, size_t count) {
	uint8_t *to = (uint8_t *)n->block;
	size_t want = count * sizeof(*n->block), have = 0;

	while (have < want) {
		ssize_t r = pread(n->fd, to + have, want - have, (off_t)(first * sizeof(*n->block) + have));

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
		have += (size_t)r;
	}
	return 0;
}

int nodes_write(struct nodes *n, int fd, const uint32_t *value_offset, unsigned record_bits) {
	_cleanup_(freep) uint8_t *out = malloc(OUT_LEN);
	int r = out ? 0 : -ENOMEM;

	for (uint64_t end = n->count; end && r == 0;) {
		size_t some = (size_t)MIN(end, (uint64_t)BLOCK_NODES), len = 0;

		end -= some;
		r = read_block(n, end, some);
		if (r < 0)
			return r;
		(void)!ftruncate(n->fd, (off_t)(end * sizeof(*n->block))); /* its room is the new file's */
		for (size_t i = some; i-- > 0;)
			len += encode(out + len, final(n, value_offset, n->block[i][0]),
				      final(n, value_offset, n->block[i][1]), record_bits);
		r = file_write_fd(fd, out, len);
	}
	return r;
}
