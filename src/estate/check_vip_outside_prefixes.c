/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/claim_walk.h"
#include "estate/outside.h"

static void run(struct check_run *r) {
	outside_report(r, CLAIM_BIT(CLAIM_FAILOVER));
}

const struct check check_vip_outside_prefixes = {
	.name = "vip-outside-prefixes",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A failover address is in none of the given prefixes",
	.doc = "Every machine of the pair must be able to take the address over, so it has to be in space that is "
	       "routed to their common link. An address outside all given prefixes comes up on one of them, and no "
	       "packet ever arrives. Link-local and private addresses need no prefix; a family in which no prefix is "
	       "listed is not looked at.",
	.run = run,
};
