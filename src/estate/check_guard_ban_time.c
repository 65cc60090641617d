/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void check_ban(struct check_run *r, const struct guard_rule *rule, const struct guard_ban *b) {
	if (b->max.at && b->max.n < b->time.n)
		check_report(r, b->max.at, "write a longer time than in \"for\"",
			     "the longest ban of rule %s, %s, is shorter than the first, %s", rule->name.s,
			     b->max.at->text.s, b->time.at ? b->time.at->text.s : "");
	else if (!b->max.at && b->grow.at && b->grow.x > 1)
		check_report(r, b->grow.at, "add \"max: 7d\", or another longest time",
			     "the bans of rule %s grow without end", rule->name.s);
}

static void run(struct check_run *r) {
	if (!r->estate->guard)
		return;
	LIST_EACH (struct guard_rule, rule, &r->estate->guard->rules)
		if (rule->ban)
			check_ban(r, rule, rule->ban);
}

const struct check check_guard_ban_time = {
	.name = "guard-ban-time",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A guard rule's longest ban is missing, or shorter than the first",
	.doc = "Addresses change hands: providers give a customer's prefix to another one, and a phone's address to "
	       "the next phone. A ban that doubles at every repetition is longer than a year after fourteen of them, "
	       "so it needs a longest time, which cannot be shorter than the first.",
	.run = run,
};
