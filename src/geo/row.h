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
	struct range range; /* first <= last; of one family, but that ::/80 may end in ::ffff:0:0/96 */
	uint32_t value;     /* country_index() of country.h */
	int64_t created;    /* microseconds since 1970 UTC, or GEO_NEVER */
	uint64_t id;        /* the row's id in a table; else the line, counting from 1 */
	bool id_is_line;
	bool mapped; /* an IPv4 row that was written as ::ffff:a.b.c.d; for a note only */
};

/* A row's place for messages: its line, or the file as a whole when it has an id. */
static inline struct loc geo_row_loc(uint32_t file, uint64_t id, bool id_is_line) {
	return (struct loc){ file, id_is_line ? (uint32_t)id : 0, id_is_line, 1 };
}

/* Cuts off the end of an IPv6 range that is IPv4 by its number, ::ffff:0:0/96. A network, such as ::/80, stays one: it
 * would be several longer ones. False when nothing is left. */
bool geo_range_trim(struct range *r);

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
