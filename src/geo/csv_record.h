/* SPDX-License-Identifier: Apache-2.0 */
/* One record of a CSV file, cut into fields; for csv.c. */
#pragma once

#include "geo/csv.h"

struct csv_record {
	size_t len;                                    /* bytes with the line's end; 0: it is not complete */
	unsigned n;                                    /* fields; those behind CSV_COLUMNS are not counted */
	uint32_t start[CSV_COLUMNS], end[CSV_COLUMNS]; /* quotes taken off */
	uint32_t fault_at;                             /* where quotes are wrong, when fault says how */
	const char *fault;
};

/*
 * Cuts the record that starts at s; s[len] is '\n', and 16 bytes more may be read. `is_last`: there is nothing behind
 * len. Fields of records with quotes are unquoted in place. A record whose quotes are wrong ends with its first line.
 * One that is longer than CSV_RECORD_MAX has that length, or none.
 */
void csv_cut(char *s, size_t len, bool is_last, struct csv_record *ret_r);
