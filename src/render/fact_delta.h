/* SPDX-License-Identifier: Apache-2.0 */
/* What two sets of facts have apart: flows address by address, records and listeners one by one. */
#pragma once

#include "render/facts.h"

/* How much there was, and what of it is gone or has become smaller: flows by rule, family and port. */
struct fact_count {
	uint32_t old, lost;
};

/* One direction: what one side has and the other does not. Its texts are those of the facts. */
struct fact_list {
	struct flows flows;
	VEC(struct fact_record) records;
	VEC(struct fact_listener) listeners;
};

struct fact_delta {
	struct fact_list gone, come;
	struct fact_count count[_FACT_KIND_MAX];
};

/* Sorts the records and listeners of both. New sets are in the arena. */
void fact_delta_init(struct fact_delta *d, struct facts *old, struct facts *now, struct arena *a);
void fact_delta_done(struct fact_delta *d);

bool fact_delta_is_empty(const struct fact_delta *d);

/* By owner, type, data; by program, protocol, port, family, address. */
int fact_record_order(const void *a, const void *b);
int fact_listener_order(const void *a, const void *b);
