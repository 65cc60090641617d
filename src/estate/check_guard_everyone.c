/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void check_levels(struct check_run *r, const struct list *thresholds, const char *family) {
	LIST_EACH (struct guard_threshold, t, thresholds)
		if (t->len.at && t->len.n == 0)
			check_report(r, t->len.at, "write the length of one customer's prefix, or of a provider's",
				     "a ban of length 0 is a ban of everyone in %s", family);
}

static void run(struct check_run *r) {
	if (!r->estate->guard)
		return;
	LIST_EACH (struct guard_rule, rule, &r->estate->guard->rules) {
		check_levels(r, &rule->ipv4, "IPv4");
		check_levels(r, &rule->ipv6, "IPv6");
	}
}

const struct check check_guard_everyone = {
	.name = "guard-everyone",
	.severity = SEVERITY_ERROR,
	.summary = "A guard rule can ban a whole address family",
	.doc = "The key of a threshold is the length of the prefix that is banned: 32 is one IPv4 address, 64 one "
	       "IPv6 link, and 0 the whole family. Whatever the threshold, a ban of that closes the service.",
	.run = run,
};
