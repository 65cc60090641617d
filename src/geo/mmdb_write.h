/* SPDX-License-Identifier: Apache-2.0 */
/* Lays out and writes a MaxMind DB from a tree (tree.h) and a data section (mmdb_data.h). */
#pragma once

#include "geo/mmdb_data.h"
#include "geo/tree.h"

enum mmdb_layout {
	MMDB_LAYOUT_SHARED,    /* equal subtrees are one node: a third of the size, the same answers, every reader */
	MMDB_LAYOUT_REFERENCE, /* a node for every place, numbered in preorder, as other writers do */
};

struct mmdb_meta {
	const char *database_type;
	const char *description;      /* English */
	const char *const *languages; /* NULL-terminated; at least "en" is written */
	uint64_t build_epoch;         /* seconds since 1970 */
	unsigned record_bits;         /* 0: the smallest that is enough; else 24, 28, 32 */
};

struct mmdb_stats {
	uint64_t nodes, bytes;
	unsigned record_bits;
};

/*
 * Writes the file for `root` (a node, of geo_tree_graft) to an open descriptor, from its start. value_offset[v] is
 * where leaf value v stands in the data section. Numbering follows a walk from the root, so that equal trees have equal
 * bytes. 0 or -errno; -E2BIG when 32-bit records cannot name everything, -ERANGE when the record_bits asked for cannot.
 */
int mmdb_write(int fd, const struct geo_tree *t, uint32_t root, const uint32_t *value_offset,
	       const struct mmdb_data *data, const struct mmdb_meta *meta, enum mmdb_layout layout,
	       struct mmdb_stats *ret_stats);

/* The smallest of 24, 28 and 32 bits in which the largest record value fits (asked_bits 0), or the one asked for when
 * it fits. 0 or -E2BIG, -ERANGE, -EINVAL (not one of the three). */
int mmdb_write_record_bits(uint64_t largest, unsigned asked_bits, unsigned *ret_bits);

/* One node of 6, 7 or 8 bytes; returns how many. */
static inline unsigned mmdb_write_node(uint8_t *to, unsigned bits, uint32_t left, uint32_t right) {
	uint64_t both =
		bits == 24   ? (uint64_t)left << 40 | (uint64_t)right << 16
		: bits == 32 ? (uint64_t)left << 32 | right
			     : (uint64_t)(left & 0xffffff) << 40 | (uint64_t)(left >> 24) << 36 | (uint64_t)right << 8;

	both = __builtin_bswap64(both);
	__builtin_memcpy(to, &both, bits / 4);
	return bits / 4;
}

/* The metadata section with its marker, for writers of another kind; in memory that the caller frees. */
int mmdb_write_meta(const struct mmdb_meta *meta, uint64_t node_count, unsigned record_bits, unsigned ip_version,
		    char **ret_bytes, size_t *ret_len);
