/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "estate/check.h"
#include "estate/claim_walk.h"

/* Why the inner prefix cannot be a part of the outer one; NULL: it can, a site of an allocation for instance. */
static const char *why_not(const struct given *outer, const struct given *inner) {
	if (prefix_equal(outer->network.prefix, inner->network.prefix))
		return "both are the same network";
	if (outer->per_machine.at)
		return "the outer one is cut up into shares for machines";
	if (outer->site.s && inner->site.s && strcmp(outer->site.s, inner->site.s) != 0)
		return "they are at different sites";
	return NULL;
}

static bool look(const struct claim *outer, const struct claim *inner, void *user) {
	struct check_run *r = user;
	const char *why = outer ? why_not(outer->owner, inner->owner) : NULL;

	if (!why)
		return !outer;
	check_report(r, inner->at, "keep one of the two, or cut them so that they are apart", "%s lies in %s, but %s",
		     inner->at->text.s, outer->at->text.s, why);
	check_note(r, outer->at, "the other prefix is here");
	return true;
}

static void run(struct check_run *r) {
	claims_each_inner(r->estate, CLAIM_BIT(CLAIM_GIVEN), CLAIM_BIT(CLAIM_GIVEN), look, r);
}

const struct check check_overlapping_prefixes = {
	.name = "overlapping-prefixes",
	.severity = SEVERITY_WARNING,
	.summary = "Two given prefixes contradict each other",
	.doc = "A prefix may lie in another one: an allocation and the parts that its sites use. But the same "
	       "network twice, parts at a site other than the whole's, and parts of a prefix whose subnets are "
	       "routed to machines one by one give two answers to the question whose an address is. The longest one "
	       "wins everywhere in hextet, which may not be what was meant.",
	.run = run,
};
