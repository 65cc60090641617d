/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	if (!r->estate->guard)
		return;
	LIST_EACH (struct guard_rule, rule, &r->estate->guard->rules) {
		bool four = rule->ipv4.n, six = rule->ipv6.n;

		if (four && six)
			continue;
		if (!four && !six)
			check_report(r, rule->name.at, "add \"ipv4: { 32: COUNT }\" and \"ipv6: { 64: COUNT }\"",
				     "rule %s has no thresholds: it bans nobody", rule->name.s);
		else
			check_report(r, rule->name.at,
				     four ? "add \"ipv6: { 64: COUNT }\"" : "add \"ipv4: { 32: COUNT }\"",
				     "rule %s bans in %s only: the same abuse over %s goes on", rule->name.s,
				     four ? "IPv4" : "IPv6", four ? "IPv6" : "IPv4");
	}
}

const struct check check_guard_one_family = {
	.name = "guard-one-family",
	.severity = SEVERITY_WARNING,
	.summary = "A guard rule bans in one family only",
	.doc = "Whoever is banned in one family tries the other at once; most hosts have both, and software does it "
	       "by itself (RFC 8305). Give the rule thresholds in each.",
	.run = run,
};
