/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds a file against every rule of the format, more strictly than any reader: metadata, all records, all values that
 * records point to, each once (types, sizes, UTF-8, pointers, depth, keys), cycles, the separator, what nothing points
 * to. What it accepts every reader reads. Also named is what is legal and makes some readers stumble.
 *
 * Memory: 9 bytes a node, 4 more when children may come before their parents, and 2.4 bytes a byte of data; all freed
 * again. Nothing is recursive.
 */
#pragma once

#include "geo/mmdb.h"

/* Gets each finding; a non-zero result ends the verification. is_error false: legal, but readers stumble over it. */
typedef int (*mmdb_report_fn)(const struct mmdb_fault *fault, bool is_error, void *user);

/* One of these: keeps the first error in the struct mmdb_fault that `user` is, and ends there. */
int mmdb_first_error(const struct mmdb_fault *fault, bool is_error, void *user);

struct mmdb_counts {
	uint64_t
		networks; /* with a value, aliases left out, each place of a shared subtree; UINT64_MAX: that or more */
	uint64_t nodes;
	uint64_t records; /* that point to a value */
	uint64_t values;  /* distinct ones that records point to */
};

/* The number of errors found (at most INT_MAX), or -ENOMEM. report and ret_counts may be NULL; the counts are set when
 * there was no error. */
int mmdb_verify(const void *bytes, size_t len, mmdb_report_fn report, void *user, struct mmdb_counts *ret_counts);
