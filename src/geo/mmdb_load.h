/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A MaxMind DB as a tree (tree.h), to lay other layers over it. Its records become leaves: value v of the tree is the
 * record at offset[v] of the file. Equal records are one value, wherever and how often they are written, so that the
 * tree is the only one for the file's answers; values are numbered in the order of the file.
 */
#pragma once

#include "geo/mmdb.h"
#include "geo/tree.h"

struct mmdb_base {
	struct geo_roots roots; /* v6 is empty where IPv4 is seen: at ::/96, ::ffff:0:0/96 and the aliases */
	unsigned aliases;       /* bits of enum geo_alias: where the file has IPv4 besides ::/96 */
	uint64_t *offset;       /* of each value, in the file */
	uint32_t count;
};

/*
 * Loads a file into an empty tree. An IPv4 file gives an empty v6 root. 0, -ENOMEM, or -EBADMSG and the fault, also for
 * a file of 2^30 nodes or 2 GiB of data or more. Memory, besides the tree's 8 bytes a node: 4 bytes a byte of data,
 * freed again.
 */
int mmdb_load(const struct mmdb *db, struct geo_tree *t, struct mmdb_base *ret_base, struct mmdb_fault *ret_fault);
void mmdb_base_done(struct mmdb_base *b);
