/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address-plan arithmetic. Nothing here enumerates a prefix. Lengths are in the 128-bit space (IPv4 /n is 96 + n). An
 * IPv6 prefix that has ::ffff:0:0/96 inside counts that subnet, but never yields it: it is IPv4.
 */
#pragma once

#include "addr/set.h"

/* The n-th (from 0) subnet of length `len` inside p; n is a number of 128 bits, held as an ip. 0, or -ERANGE when there
 * is none. */
int plan_subnet(struct prefix p, unsigned len, struct ip n, struct prefix *ret_p);

/* How many subnets of length `len` p holds, as a decimal text (2^128 has 39 digits). -EINVAL if len < p.len. */
enum { PLAN_COUNT_TEXT_MAX = 41 };
int plan_count(struct prefix p, unsigned len, char ret_text[static PLAN_COUNT_TEXT_MAX]);

/*
 * The first subnet of length `len` inside p that touches nothing in `taken` (normal). O(log n + ranges skipped).
 * 0, -ENOSPC when all are taken, -EINVAL when len is shorter than p.
 */
int plan_first_free(struct prefix p, unsigned len, const struct prefix_set *taken, struct prefix *ret_p);

/*
 * RFC 3531 order: subnet number n counted from the left ("leftmost bits first": 0, 1/2, 1/4, 3/4, …), so that each
 * assignment keeps the largest room to grow. -ERANGE when there is no n-th.
 */
int plan_subnet_sparse(struct prefix p, unsigned len, struct ip n, struct prefix *ret_p);

/* The first free subnet in that order. The same errors as plan_first_free; O(log n + ranges
 * inside p), however many subnets p holds. */
int plan_first_free_sparse(struct prefix p, unsigned len, const struct prefix_set *taken, struct prefix *ret_p);
