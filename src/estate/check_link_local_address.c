/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"
#include "estate/claim_walk.h"

/* A VRRP instance begins with a link-local IPv6 address: failover entries may have them. */
enum { KINDS = (CLAIM_HOSTS & ~CLAIM_BIT(CLAIM_FAILOVER)) | CLAIM_NETWORKS | CLAIM_BIT(CLAIM_GIVEN) };

static void look_in(struct check_run *r, struct prefix block, unsigned kinds) {
	const struct claim *c, *end;

	claims_inside(r->estate, block, &c, &end);
	for (; c != end; c++)
		if (claim_is(c, kinds) && prefix_covers(block, c->prefix))
			check_report(r, c->at, "write an address that reaches beyond the link",
				     "\"%s\" is link-local: only neighbours on one link reach it, and only with the "
				     "interface's name",
				     c->at->text.s);
}

static void run(struct check_run *r) {
	look_in(r, (struct prefix){ { UINT64_C(0xfe80) << 48, 0 }, 10 }, KINDS);
	look_in(r, (struct prefix){ ip_from_v4(0xa9fe0000), 96 + 16 }, KINDS | CLAIM_BIT(CLAIM_FAILOVER));
}

const struct check check_link_local_address = {
	.name = "link-local-address",
	.severity = SEVERITY_ERROR,
	.summary = "A link-local address where others must reach it",
	.doc = "fe80::/10 and 169.254.0.0/16 are not forwarded by any router, and an address in them means nothing "
	       "without the interface (RFC 4007): every Docker bridge owns fe80::1. It cannot stand in DNS, in a "
	       "firewall or in a list of targets. Only the first IPv6 address of a failover entry and a gateway are "
	       "link-local.",
	.run = run,
};
