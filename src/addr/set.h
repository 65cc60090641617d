/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of addresses, kept as disjoint, sorted, non-adjacent ranges and printed as minimal prefixes. Prefixes are never
 * enumerated: memory is 32 bytes a range whatever their size.
 *
 * Adding is O(1) amortised; the first question after it sorts, O(n log n). IPv4 and IPv6 never merge: a range ends at
 * the border of ::ffff:0:0/96 although the numbers are adjacent, and adding ::/0 does not add IPv4.
 */
#pragma once

#include "addr/prefix.h"
#include "base/vec.h"

struct range {
	struct ip first, last; /* both inside, first <= last, one family */
};

struct prefix_set {
	VEC(struct range) ranges;
	bool dirty; /* ranges must be sorted and merged before the next question */
};

#define PREFIX_SET_INIT ((struct prefix_set){ 0 })

void prefix_set_done(struct prefix_set *s);
void prefix_set_add(struct prefix_set *s, struct prefix p);
void prefix_set_add_range(struct prefix_set *s, struct range r);
void prefix_set_add_set(struct prefix_set *s, const struct prefix_set *other); /* union */
void prefix_set_subtract(struct prefix_set *s, const struct prefix_set *other);
void prefix_set_intersect(struct prefix_set *s, const struct prefix_set *other);

/* Sorts and merges now, so that const questions may be asked from several threads. */
void prefix_set_normalise(struct prefix_set *s);

/* Questions; the set must be normal (normalise, subtract and intersect leave it so). */
bool prefix_set_is_empty(const struct prefix_set *s);
bool prefix_set_has_ip(const struct prefix_set *s, struct ip ip);
bool prefix_set_covers(const struct prefix_set *s, struct prefix p);   /* all of p is inside */
bool prefix_set_overlaps(const struct prefix_set *s, struct prefix p); /* some of p is inside */
bool prefix_set_equal(const struct prefix_set *a, const struct prefix_set *b);

/* Calls fn for each prefix of the minimal form, in address order; stops at and returns the first non-zero result. */
int prefix_set_each(const struct prefix_set *s, int (*fn)(struct prefix p, void *user), void *user);

/* The same for one range (at most 254 prefixes). */
int range_each_prefix(struct range r, int (*fn)(struct prefix p, void *user), void *user);

/* "first-last" or "first - last" of one family; the ends may be equal. 0 or -EINVAL. */
int range_parse(const char *text, size_t len, struct range *ret_r, struct ip_fault *fault);
