/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	LIST_EACH (struct given, g, &r->estate->prefixes) {
		const enum family family = prefix_family(g->network.prefix);
		const unsigned len = prefix_text_len(g->network.prefix), max = family == FAMILY_4 ? 32 : 128;
		const uint64_t share = g->per_machine.n;

		if (!g->per_machine.at || !g->network.at || (share >= len && share <= max))
			continue;
		check_report(r, g->per_machine.at, arena_printf(r->arena, "write a length from %u to %u", len, max),
			     share > max ? "a /%u does not exist in %s" : "a /%u for each machine is larger than %s",
			     (unsigned)share, g->network.at->text.s);
	}
}

const struct check check_per_machine_length = {
	.name = "per-machine-length",
	.severity = SEVERITY_ERROR,
	.summary = "The share of each machine does not fit into its prefix",
	.doc = "per_machine is the length of the subnet that is routed to each machine, written without the slash. A "
	       "shorter one than the prefix's own means a share larger than the whole. IPv6 providers route a /64 or "
	       "a /56 to each machine; an IPv4 length ends at 32.",
	.run = run,
};
