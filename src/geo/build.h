/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From sources to a file: read, compile, lay over the base, write, verify with two readers, put in place. What
 * `geo build` does once and `geo serve` does again and again. Nothing is published when anything was wrong, and the
 * file has no name before it is good (file_swap.h).
 *
 * The number of rows is kept in the file's English description, in one of the forms
 *
 *     hextet: 10000 exceptions
 *     hextet: 10000 exceptions over GeoLite2-Country
 *
 * so that the next build can see that a table has lost more than half of its rows. A file of somebody else says nothing
 * of the kind, and nothing is compared then.
 */
#pragma once

#include "geo/mmdb_write.h"
#include "geo/source.h"

struct geo_build {
	const struct geo_spec *from; /* exceptions */
	size_t from_count;
	const struct geo_spec *base; /* or NULL */
	const char *output;
	const char *database_type; /* NULL: of the base, else "hextet-Country" */
	uint64_t epoch;            /* seconds since 1970 */
	bool epoch_is_now;         /* a file that says the same but for its epoch is left as it is */
	enum mmdb_layout layout;
	unsigned record_bits; /* 0: the smallest */
	bool stream;          /* for inputs larger than memory; without a base */
	bool allow_empty;     /* an empty table is no accident */
	bool force;           /* losing more than half of the rows at once is no accident */
	bool no_verify;
	bool count_networks;     /* for the stats: takes a few milliseconds */
	const char *temp_folder; /* for stream; NULL: that of the output */
};

struct geo_build_stats {
	uint64_t rows, nodes, bytes, peak_bytes;
	uint64_t networks; /* with count_networks or stream, else 0 */
	unsigned record_bits;
	double seconds;
	bool unchanged; /* the file there already says the same, and was left */
};

/* 0, or -errno with errors in diags: -EINVAL when rows are wrong, -ENODATA empty, -EDOM lost too many, -EBADMSG a
 * broken base, others as the system says. The previous file is untouched then. */
int geo_build(const struct geo_build *b, struct diags *diags, struct geo_build_stats *ret_stats);

/* The number of rows in a description, or -EINVAL when it has none of the forms above. */
int geo_description_rows(struct str description, uint64_t *ret_rows);
