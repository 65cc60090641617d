/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds a file of geo_stream_write() against the format, as strictly as mmdb_verify(), in memory that does not grow
 * with the tree: one pass over the nodes, from the first to the last, with a stack of at most 129.
 */
#pragma once

#include "geo/mmdb_verify.h"
#include "geo/mmdb_write.h"

struct stream_written {
	int fd;
	const struct mmdb_stats *stats;
	const struct mmdb_data *data;
	const uint32_t *value_offset;
	const bool *used; /* by value */
	uint32_t values;
	const struct mmdb_meta *meta;
};

/* Reports each finding as mmdb_verify() does, and returns the number of errors, or -errno. */
int stream_verify(const struct stream_written *w, mmdb_report_fn report, void *user);
