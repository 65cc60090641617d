/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds for inputs larger than memory: rows are cut into prefixes and sorted on disk in runs (external merge sort),
 * one sweep over the sorted prefixes resolves nesting with a stack of at most 129, and nodes are written as they are
 * finished, children before parents (post-order); node k of n becomes n-1-k, so that the root is node 0 and a second
 * pass over the node file, backwards, writes the tree. Memory is the sort's buffer and O(depth), beside the dictionary
 * of values. The answers and the warnings are those of rows.h; subtrees are not shared.
 *
 * Disk: 33 bytes for an IPv4 prefix, 45 for an IPv6 one, then 8 for a node; given back as they are read, so that all in
 * all little more is needed than the larger of prefixes and file.
 */
#pragma once

#include "geo/mmdb_write.h"
#include "geo/row.h"

enum { GEO_STREAM_MEMORY = 32 << 20 }; /* enough for any input; more does not make it faster */

struct geo_stream {
	struct geo_sink sink; /* give &s->sink to a source */
	struct geo_stream_state *state;
	uint64_t rows, prefixes; /* taken */
};

/* Temporary files are made in `folder` without a name (O_TMPFILE, or unlinked at once). memory: bytes for sorting. 0 or
 * -errno. */
int geo_stream_init(struct geo_stream *s, const char *folder, size_t memory, struct diags *diags);
void geo_stream_done(struct geo_stream *s);

/*
 * When all rows are in: makes the tree, with IPv4 at ::/96 and at the aliases (enum geo_alias), and warns of conflicts.
 * ret_used[v], for the values 0 … values - 1, says which of them are in it. 0 or -errno, with an error in the diags
 * that names the folder: -ENOSPC is a full disk. -E2BIG: more than 2^32 nodes and values.
 */
int geo_stream_compile(struct geo_stream *s, unsigned aliases, bool *ret_used, uint32_t values);

/* Then writes the file as mmdb_write() does. ret_networks: networks with a value. 0 or -errno. */
int geo_stream_write(struct geo_stream *s, int fd, const uint32_t *value_offset, const struct mmdb_data *data,
		     const struct mmdb_meta *meta, struct mmdb_stats *ret_stats, uint64_t *ret_networks);
