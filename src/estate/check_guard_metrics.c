/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static const struct prefix loopback4 = { { 0, IP4_MAPPED_LO | 0x7f000000 }, 104 }, loopback6 = { { 0, 1 }, 128 };

static void run(struct check_run *r) {
	const struct listener *m = r->estate->guard ? &r->estate->guard->metrics : NULL;

	if (!m || !m->at || prefix_has_ip(loopback4, m->ip) || prefix_has_ip(loopback6, m->ip))
		return;
	check_report(r, m->at, arena_printf(r->arena, "write \"[::1]:%u\"", m->port),
		     "whoever reaches %s may read how the guard sees this host", m->at->text.s);
}

const struct check check_guard_metrics = {
	.name = "guard-metrics",
	.severity = SEVERITY_WARNING,
	.summary = "The guard's metrics are readable from outside",
	.doc = "The numbers tell which rules there are, how full their counters are and whether a sink has failed: "
	       "what an "
	       "attacker would like to know. Let Prometheus read them from a loopback address, through its agent or a "
	       "proxy that asks who is there.",
	.run = run,
};
