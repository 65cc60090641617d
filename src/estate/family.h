/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which families a party of the policy has addresses at all: bits, for checks that compare the two sides of a line.
 * "any" and "all" count as both, and so does a prefix of length 0, which means "any" in its family.
 */
#pragma once

#include "estate/check.h"

enum { HAS_4 = 1, HAS_6 = 2, HAS_BOTH = HAS_4 | HAS_6 };

static inline bool ip_is_link_local(struct ip ip) {
	return ip.hi >> 54 == 0xfe80 >> 6;
}

/* The bits of every group, by its index, in the run's arena. O(members). */
uint8_t *family_groups(struct check_run *r);

/* The bits of one party, and of the union of several. */
unsigned family_ref(const uint8_t *groups, const struct ref *ref);
unsigned family_list(const uint8_t *groups, const struct list *refs);

/* The machine whose address a literal is, or NULL. O(log n). */
const struct machine *family_literal(const struct estate *e, const struct ref *ref);

/* The bits of a failover entry; link-local addresses do not count. */
unsigned family_vips(const struct failover *f);

/* The bits of what DNS publishes for an endpoint's target: a machine's ip and ipv6, a failover entry's addresses that
 * are not link-local, the machines of a group. */
unsigned family_target(const struct ref *ref);

/* "IPv4" or "IPv6", for exactly one bit. */
static inline const char *family_word(unsigned bit) {
	return bit == HAS_4 ? "IPv4" : "IPv6";
}

/* The parties as written, joined for a message: "a", "a and b", "a, b and c". */
const char *family_names(struct arena *a, const struct list *refs);
