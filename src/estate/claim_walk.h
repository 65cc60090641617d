/* SPDX-License-Identifier: Apache-2.0 */
/* Ways through the claims (claims.h) that several checks share. None builds a text or looks at pairs. */
#pragma once

#include "estate/claims.h"

/* Kinds as a set. */
#define CLAIM_BIT(kind) (1U << (kind))

enum {
	/* Addresses that one host answers for. */
	CLAIM_HOSTS = CLAIM_BIT(CLAIM_MACHINE) | CLAIM_BIT(CLAIM_OTHER) | CLAIM_BIT(CLAIM_FAILOVER) |
		      CLAIM_BIT(CLAIM_VPN_CLIENT),
	/* Networks that something is in. */
	CLAIM_NETWORKS =
		CLAIM_BIT(CLAIM_ROUTED) | CLAIM_BIT(CLAIM_DOCKER) | CLAIM_BIT(CLAIM_VPN) | CLAIM_BIT(CLAIM_LAN),
};

static inline bool claim_is(const struct claim *c, unsigned kinds) {
	return kinds >> c->kind & 1;
}

static inline enum family claim_family(const struct claim *c) {
	return prefix_family(c->prefix);
}

/* Where `inner` is, for "10.0.0.0/24 is …": "already VPN staff" or "in 10.0.0.0/8, a routed network of a"; in the
 * arena. */
const char *claim_relation(struct arena *a, const struct claim *outer, const struct claim *inner);

/* The claims whose address lies in p, from *ret_first up to but without *ret_end. One that begins where p begins may
 * be larger than p. O(log n). */
void claims_inside(const struct estate *e, struct prefix p, const struct claim **ret_first,
		   const struct claim **ret_end);

/* Whether such addresses can belong to machines that others reach: global unicast, private, unique local, or
 * documentation. What is not is special-purpose-address's and link-local-address's business, and only theirs. */
bool usable_for_machines(struct prefix p);

/* Calls fn for each claim of these kinds that a claim of these kinds on the same machine covers. O(n). */
void claims_each_nested(const struct estate *e, unsigned kinds, struct arena *scratch,
			void (*fn)(const struct claim *outer, const struct claim *inner, void *user), void *user);

/*
 * For each claim of the inner kinds: calls fn with the claims of the outer kinds that cover it, the innermost first,
 * until fn returns true; when none did, or there was none, once more with outer NULL. A claim is never its own outer.
 * Of outer claims with one prefix only the first counts, so that at most 129 are open at a time: O(n). IPv4 comes
 * first.
 */
void claims_each_inner(const struct estate *e, unsigned outer, unsigned inner,
		       bool (*fn)(const struct claim *outer, const struct claim *inner, void *user), void *user);
