/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places that are known: a text file with a line for each, "HASH ID FILE". The hash is of the rule, the file, the line
 * without its blanks, and how many such lines came before: a place keeps its hash when lines move, and loses it when it
 * changes.
 */
#pragma once

#include "base/digest.h"
#include "base/map.h"
#include "base/str.h"

enum { SCAN_HASH_LEN = 16 };

struct scan_baseline {
	struct arena *arena;
	struct map known; /* hashes of the file */
	struct map seen;  /* of this run: hash of a line → struct counter */
};

void scan_baseline_init(struct scan_baseline *b, struct arena *a);
void scan_baseline_done(struct scan_baseline *b);

/* Reads what was written. 0, or -EINVAL and *ret_line the line that is none. */
int scan_baseline_read(struct scan_baseline *b, const char *text, size_t len, uint32_t *ret_line);

/* The hash of a place; asked for in the order of the places, once each. */
void scan_baseline_hash(struct scan_baseline *b, const char *id, const char *path, struct str line,
			char ret_hash[static SCAN_HASH_LEN + 1]);
bool scan_baseline_knows(const struct scan_baseline *b, const char *hash);
