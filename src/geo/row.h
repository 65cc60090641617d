/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row of a source: a network or range, what it says, and where it comes from. Sources push rows into a sink; what
 * collects them in memory (rows.h) and what sorts them on disk (stream.h) are sinks.
 */
#pragma once

#include "addr/set.h"
#include "base/diag.h"

/* No created_at: older than any that has one. */
#define GEO_NEVER INT64_MIN

struct geo_row {
	struct range range; /* both ends of one family, first <= last */
	uint32_t value;     /* country_index() of country.h */
	int64_t created;    /* microseconds since 1970 UTC, or GEO_NEVER */
	uint64_t id;        /* the row's id in a table; else the line, counting from 1 */
	bool id_is_line;
};

/*
 * Where rows go. begin() is called once for each source before its first row, with the number that the source has in
 * the diagnostics' registry (diag.h). Both return 0 or -errno, which ends the read. `diags` collects what is wrong with
 * the input: a source with errors there was read in vain, but read to its end so that all of them are named.
 */
struct geo_sink {
	int (*begin)(struct geo_sink *sink, uint32_t file);
	int (*add)(struct geo_sink *sink, const struct geo_row *row);
	struct diags *diags;
};
