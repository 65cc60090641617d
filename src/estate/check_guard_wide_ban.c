/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "estate/check.h"

/* What one customer has at least: an IPv4 address; in IPv6 a /56 (RIPE-690). */
enum { CUSTOMER_4 = 32, CUSTOMER_6 = 56 };

static void check_levels(struct check_run *r, const struct list *thresholds, unsigned customer) {
	LIST_EACH (struct guard_threshold, t, thresholds)
		if (t->len.n && t->len.n < customer && !t->children.at && !t->ratio.at)
			check_report(r, t->len.at,
				     arena_printf(r->arena,
						  "write { count: %" PRIu64 ", children: 8, ratio: 0.8 }, or similar",
						  t->count.n),
				     "a /%" PRIu64 " holds many customers, and is banned for what any one of them does",
				     t->len.n);
}

static void run(struct check_run *r) {
	if (!r->estate->guard)
		return;
	LIST_EACH (struct guard_rule, rule, &r->estate->guard->rules) {
		check_levels(r, &rule->ipv4, CUSTOMER_4);
		check_levels(r, &rule->ipv6, CUSTOMER_6);
	}
}

const struct check check_guard_wide_ban = {
	.name = "guard-wide-ban",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A network of many customers can be banned for one of them",
	.doc = "Beyond one customer's prefix (a /32 in IPv4, a /56 in IPv6: RIPE-690) a count alone cannot tell an "
	       "attack from a busy provider. Ask for \"children\", the number of its parts that are bad too, or for "
	       "\"ratio\", the share of its requests that is.",
	.run = run,
};
