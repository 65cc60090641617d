/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

enum { LINK_LENGTH = 64 };

static void check_rule(struct check_run *r, const struct guard_rule *rule) {
	const struct guard_threshold *shortest = NULL;

	LIST_EACH (struct guard_threshold, t, &rule->ipv6)
		if (!shortest || t->len.n < shortest->len.n)
			shortest = t;
	if (!shortest || shortest->len.n <= LINK_LENGTH)
		return;
	check_report(r, shortest->len.at, "add a threshold for 64",
		     "rule %s bans no IPv6 network larger than a /%u: its holder has 2^%u more", rule->name.s,
		     (unsigned)shortest->len.n, (unsigned)shortest->len.n - LINK_LENGTH);
}

static void run(struct check_run *r) {
	if (!r->estate->guard)
		return;
	LIST_EACH (struct guard_rule, rule, &r->estate->guard->rules)
		check_rule(r, rule);
}

const struct check check_guard_host_ban = {
	.name = "guard-host-ban",
	.severity = SEVERITY_WARNING,
	.summary = "A guard rule bans single IPv6 addresses only",
	.doc = "Every host may take any of the 2^64 addresses of its link, and changes them daily anyway (RFC 8981): "
	       "a ban of one is over before it begins, and the list of bans grows without end. Count and ban by /64, "
	       "and by shorter prefixes when many of those turn bad.",
	.run = run,
};
