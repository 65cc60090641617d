/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds for inputs larger than memory: rows are cut into prefixes and sorted on disk in runs (external merge sort),
 * one sweep over the sorted prefixes resolves nesting with a stack of at most 128, and nodes are written as they are
 * finished, children before parents (post-order); node k of n becomes n-1-k, so that the root is node 0 and a second
 * pass over the node file, backwards, writes the tree. Memory is O(depth) and the sort's buffer, beside the dictionary
 * of values. Subtrees are not shared.
 */
#pragma once

#include "geo/mmdb_write.h"
#include "geo/row.h"

struct geo_stream {
	struct geo_sink sink; /* give &s->sink to a source */
	struct geo_stream_state *state;
};

/* Temporary files are made in `folder` without a name (O_TMPFILE, or unlinked at once). memory: bytes for sorting. 0 or
 * -errno. */
int geo_stream_init(struct geo_stream *s, const char *folder, size_t memory, struct diags *diags);
void geo_stream_done(struct geo_stream *s);

/* Writes the file as mmdb_write() does. ret_networks: networks with a value. 0 or -errno. */
int geo_stream_write(struct geo_stream *s, int fd, const uint32_t *value_offset, const struct mmdb_data *data,
		     const struct mmdb_meta *meta, unsigned aliases, struct mmdb_stats *ret_stats,
		     uint64_t *ret_networks);
