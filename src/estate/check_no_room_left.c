/* SPDX-License-Identifier: Apache-2.0 */
/* Claims are sorted: a share is counted when it differs from the last one. Nothing is enumerated. */
#include "estate/check.h"
#include "estate/claim_walk.h"

enum {
	USERS = CLAIM_BIT(CLAIM_MACHINE) | CLAIM_BIT(CLAIM_OTHER) | CLAIM_BIT(CLAIM_ROUTED),
	FULL_PERCENT = 80,
	BITS_MIN = 4,  /* up to eight shares are not a plan to grow in */
	BITS_MAX = 31, /* and more than 2^31 never fill up */
};

static uint64_t count_shares(const struct estate *e, struct prefix p, unsigned len) {
	const struct claim *c, *end;
	struct prefix last = { { 0, 0 }, 0 };
	uint64_t n = 0;

	claims_inside(e, p, &c, &end);
	for (; c != end; c++) {
		struct prefix share = prefix_around(c->prefix.ip, len);

		if (!claim_is(c, USERS) || (n && prefix_equal(share, last)))
			continue;
		last = share;
		n++;
	}
	return n;
}

static void look(struct check_run *r, const struct given *g) {
	const struct prefix p = g->network.prefix;
	const unsigned len = (unsigned)g->per_machine.n + (prefix_family(p) == FAMILY_4 ? 96 : 0);
	const int bits = (int)len - p.len;
	uint64_t used, all;

	if (bits < BITS_MIN || bits > BITS_MAX || len > 128)
		return;
	all = UINT64_C(1) << bits;
	used = count_shares(r->estate, p, len);
	if (used * 100 <= all * FULL_PERCENT)
		return;
	check_report(r, g->network.at, "ask for the next prefix before this one is full",
		     "%llu of the %llu subnets in %s are used", (unsigned long long)used, (unsigned long long)all,
		     g->network.at->text.s);
}

static void run(struct check_run *r) {
	LIST_EACH (struct given, g, &r->estate->prefixes)
		if (g->per_machine.at)
			look(r, g);
}

const struct check check_no_room_left = {
	.name = "no-room-left",
	.severity = SEVERITY_WARNING,
	.summary = "More than four fifths of a prefix's subnets are used",
	.doc = "A prefix that is cut up for machines and nearly full means renumbering or a second prefix soon, and "
	       "either needs the provider. IPv6 space is handed out so that nobody has to live at the edge of it "
	       "(RFC 6177, RFC 7381): ask early. Only prefixes with per_machine and at least sixteen subnets are "
	       "counted.",
	.run = run,
};
