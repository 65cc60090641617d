/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/claim_walk.h"
#include "estate/outside.h"

static void run(struct check_run *r) {
	outside_report(r, CLAIM_BIT(CLAIM_MACHINE) | CLAIM_BIT(CLAIM_OTHER));
}

const struct check check_machine_outside_prefixes = {
	.name = "machine-outside-prefixes",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A machine's address is in none of the given prefixes",
	.doc = "The prefixes section lists all the space that the estate was given, so an address outside is a "
	       "typing mistake, a leftover from the last provider, or a prefix that nobody wrote down. The address "
	       "plan, reverse zones and lists of own networks miss it. Private and unique local addresses need no "
	       "prefix; a family in which no prefix is listed is not looked at.",
	.run = run,
};
