/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the verifier share; for no one else. */
#pragma once

#include "geo/mmdb_value.h"
#include "geo/mmdb_verify.h"

struct verify {
	struct mmdb db;
	mmdb_report_fn report;
	void *user;
	int errors;
	bool stop; /* the caller has heard enough */
	struct mmdb_counts counts;
};

void verify_error(struct verify *v, const char *what, uint64_t offset);
void verify_warn(struct verify *v, const char *what, uint64_t offset);

static inline bool bit_get(const uint64_t *bits, uint64_t n) {
	return bits[n / 64] >> n % 64 & 1;
}

static inline void bit_set(uint64_t *bits, uint64_t n) {
	bits[n / 64] |= UINT64_C(1) << n % 64;
}

/* mmdb_verify_tree.c: all records; marks the first byte of each value that a record points to. 0 or -ENOMEM. */
int verify_tree(struct verify *v, uint64_t *targets);

/* mmdb_verify_data.c: the values of a section that begin at the marked bytes, and all they hold. 0 or -ENOMEM. */
int verify_values(struct verify *v, uint64_t start, uint64_t len, const uint64_t *targets);
