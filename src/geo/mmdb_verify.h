/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds a file against every rule of the format, more strictly than any reader: metadata, all records, all values that
 * records point to, each once (UTF-8, sizes, pointers, depth, duplicate keys), data that nothing points to, cycles, the
 * separator. Memory: one bit a node and one bit a byte of data.
 */
#pragma once

#include "geo/mmdb.h"

/* Gets each finding; a non-zero result stops the walk. is_error false: legal, but readers stumble over it. */
typedef int (*mmdb_report_fn)(const struct mmdb_fault *fault, bool is_error, void *user);

struct mmdb_counts {
	uint64_t networks; /* with a value, aliases left out */
	uint64_t nodes, records, values;
};

/* The number of errors found (at most INT_MAX), or -ENOMEM. */
int mmdb_verify(const void *bytes, size_t len, mmdb_report_fn report, void *user, struct mmdb_counts *ret_counts);
