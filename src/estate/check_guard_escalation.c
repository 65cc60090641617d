/* SPDX-License-Identifier: Apache-2.0 */
/* Each level is compared with the next finer one that the rule has. */
#include <inttypes.h>

#include "estate/check.h"

static int finest_first(const void *pa, const void *pb) {
	const struct guard_threshold *const *a = pa, *const *b = pb;

	return (*a)->len.n > (*b)->len.n ? -1 : (*a)->len.n < (*b)->len.n;
}

static void check_levels(struct check_run *r, const struct list *thresholds) {
	const struct guard_threshold **level = arena_array(r->arena, const struct guard_threshold *, thresholds->n);
	uint32_t n = 0;

	LIST_EACH (struct guard_threshold, t, thresholds)
		level[n++] = t;
	qsort(level, n, sizeof(*level), finest_first);
	for (uint32_t i = 1; i < n; i++) {
		const struct guard_threshold *fine = level[i - 1], *wide = level[i];

		if (wide->count.n > fine->count.n || wide->children.n > 1 || !wide->count.at)
			continue;
		check_report(r, wide->count.at,
			     arena_printf(r->arena, "write more than %" PRIu64 ", or \"children: 2\" or more",
					  fine->count.n),
			     "one bad /%" PRIu64 " is enough to ban its whole /%" PRIu64, fine->len.n, wide->len.n);
	}
}

static void run(struct check_run *r) {
	if (!r->estate->guard)
		return;
	LIST_EACH (struct guard_rule, rule, &r->estate->guard->rules) {
		check_levels(r, &rule->ipv4);
		check_levels(r, &rule->ipv6);
	}
}

const struct check check_guard_escalation = {
	.name = "guard-escalation",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A wider network is banned as soon as a narrower one",
	.doc = "A rule with several prefix lengths bans the narrowest network that explains the abuse, and a wider "
	       "one when many of its parts are bad. When the wider network's count is not above the narrower one's "
	       "and no \"children\" are asked for, a single bad part bans all its neighbours.",
	.run = run,
};
