/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes of a tree that is larger than memory, in a file: made from segments in address order, children before
 * parents, and written as the search tree of a MaxMind DB. Memory is two blocks and one record for each level.
 */
#pragma once

#include "addr/wide.h"

/* What a place of the tree says: a node's number in the order of making, NODES_EMPTY, or nodes_leaf(value). */
#define NODES_EMPTY UINT32_MAX

static inline uint32_t nodes_leaf(uint32_t value) {
	return NODES_EMPTY - 1 - value;
}

struct nodes {
	int fd;
	uint32_t (*block)[2];
	size_t pending;       /* nodes in the block, still to be written */
	uint64_t count;       /* nodes made */
	uint64_t leaves;      /* records with a value */
	uint32_t first_value; /* records from here on are values or empty, and no nodes */
	uint32_t max_value;
	bool *used;            /* by value: it is in the tree */
	unsigned top;          /* bits above the tree that is being made: 96 or 0 */
	wide next;             /* the first address without an answer */
	uint32_t waiting[129]; /* at each depth, what the left half says while the right one is made */
	int error;             /* the first, 0 or -errno */
};

/* For values up to max_value. 0 or -errno. */
int nodes_open(struct nodes *n, const char *folder, uint32_t max_value);
void nodes_close(struct nodes *n);

/* Begins the tree below the first `top` bits, which are those of `first`. */
void nodes_begin(struct nodes *n, unsigned top, wide first);

/* Says `record` for the addresses from where the last call ended up to `last`. */
void nodes_add(struct nodes *n, wide last, uint32_t record);

/* The record of the tree whose last address was added. */
uint32_t nodes_end(struct nodes *n);

/* Makes sure that the file's root is a node, and all of them are in the file. 0 or -errno of anything before. */
int nodes_finish(struct nodes *n, uint32_t root);

/* Bits of the smallest record that can name every node and value; 0: there is none. value_offset as for mmdb_write().
 */
unsigned nodes_record_bits(const struct nodes *n, const uint32_t *value_offset);

/* Writes the search tree. 0 or -errno. */
int nodes_write(struct nodes *n, int fd, const uint32_t *value_offset, unsigned record_bits);
