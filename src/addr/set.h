/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of addresses, kept as disjoint, sorted, non-adjacent ranges and printed as minimal prefixes. Prefixes are never
 * enumerated: memory is 32 bytes a range whatever their size.
 *
 * Adding is O(1) amortised; the first question after it sorts, O(n log n). IPv4 and IPv6 never meet: adding ::/0 does
 * not add IPv4 (see prefix.h). The sets given to add_set, subtract and intersect need not be normal.
 */
#pragma once

#include "addr/prefix.h"
#include "base/vec.h"

/* Both ends inside, first <= last, both of one family. */
struct range {
	struct ip first, last;
};

struct prefix_set {
	VEC(struct range) ranges; /* when not dirty: IPv4 first, then in the order of the addresses */
	bool dirty;               /* ranges must be sorted and merged before the next question */
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

/* The index of the first range that ends at or behind the address (in the order of the ranges); ranges.n when none. */
size_t prefix_set_find(const struct prefix_set *s, struct ip ip);

/* Calls fn for each prefix of the minimal form, IPv4 first, in address order; stops at and returns the first
 * non-zero result. */
int prefix_set_each(const struct prefix_set *s, int (*fn)(struct prefix p, void *user), void *user);

/* Takes the first prefix of a range's minimal form off its front; false when it was the last one. */
bool range_next_prefix(struct range *r, struct prefix *ret_p);

/* Calls fn for all of them (at most 254 prefixes). */
int range_each_prefix(struct range r, int (*fn)(struct prefix p, void *user), void *user);

/* "first-last" or "first - last" of one family; the ends may be equal. 0 or -EINVAL. */
int range_parse(const char *text, size_t len, struct range *ret_r, struct ip_fault *fault);
