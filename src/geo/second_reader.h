/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds a file that was just written against the tree that it was written from, through libmaxminddb: what others will
 * read it with.
 */
#pragma once

#include "base/diag.h"
#include "geo/mmdb_write.h"

struct second_reading {
	int fd;                      /* of the file; it need not have a name */
	const struct geo_tree *tree; /* NULL: only open the file and compare its metadata */
	uint32_t root, v4_root;      /* of geo_tree_graft() */
	const uint32_t *value_offset;
	const struct mmdb_meta *meta;
	const struct mmdb_stats *stats;
};

/* Metadata, and SECOND_READER_SAMPLES addresses of each family: whether there is an answer, which, and its length. 0,
 * or -EBADMSG with an error in diags. */
enum { SECOND_READER_SAMPLES = 4096 };
int second_reader_check(const struct second_reading *s, struct diags *diags);
