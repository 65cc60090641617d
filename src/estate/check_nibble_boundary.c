/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

/* What is larger comes from a registry, which hands out /29s and the like: nothing that the user could change. */
enum { SITE_LEN = 32 };

/* 127 is a link between two routers, 128 one address. */
static bool is_awkward(uint64_t len) {
	return len % 4 && len < 127;
}

static void look(struct check_run *r, const struct network *n) {
	const unsigned len = n->prefix.len;

	if (!n->at || prefix_family(n->prefix) == FAMILY_4 || !is_awkward(len))
		return;
	check_report(r, n->at, arena_printf(r->arena, "cut at /%u or /%u", len / 4 * 4, len / 4 * 4 + 4),
		     "the length of %s is not a multiple of 4: it needs %u reverse zones", n->at->text.s,
		     1U << (4 - len % 4));
}

static void look_at_share(struct check_run *r, const struct given *g) {
	const uint64_t len = g->per_machine.n;

	if (!g->per_machine.at || prefix_family(g->network.prefix) == FAMILY_4 || !is_awkward(len))
		return;
	check_report(r, g->per_machine.at,
		     arena_printf(r->arena, "write %u or %u", (unsigned)len / 4 * 4, (unsigned)len / 4 * 4 + 4),
		     "machines get a /%u each, which is not a multiple of 4: several of them share a hexadecimal digit",
		     (unsigned)len);
}

static void run(struct check_run *r) {
	LIST_EACH (struct given, g, &r->estate->prefixes) {
		if (g->network.prefix.len >= SITE_LEN)
			look(r, &g->network);
		look_at_share(r, g);
	}
	LIST_EACH (struct machine, m, &r->estate->machines)
		LIST_EACH (struct routed, n, &m->routed_networks6)
			look(r, &n->network);
}

const struct check check_nibble_boundary = {
	.name = "nibble-boundary",
	.severity = SEVERITY_WARNING,
	.summary = "An IPv6 network whose length is not a multiple of four",
	.doc = "Four bits are one hexadecimal digit: a network cut elsewhere begins and ends within a digit, so that "
	       "nobody sees from an address which network it is in, and its reverse zone has to be split into two, "
	       "four or eight. There is room enough to round up to the next digit (RFC 6177, RIPE-690). Allocations "
	       "larger than a /32 are as the registry made them, and are not looked at.",
	.run = run,
};
