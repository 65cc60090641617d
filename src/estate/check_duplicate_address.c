/* SPDX-License-Identifier: Apache-2.0 */
/* Two claims on one host address. Networks that overlap are other checks' business. */
#include "estate/check.h"
#include "estate/claim_walk.h"

/* A failover address is written once per entry; link-local ones may repeat on different interfaces. */
static bool may_repeat(const struct claim *a, const struct claim *b) {
	const struct failover *fa = a->owner, *fb = b->owner;

	if (a->kind != CLAIM_FAILOVER || b->kind != CLAIM_FAILOVER || a->prefix.ip.hi >> 54 != 0xfe80 >> 6)
		return false;
	return strcmp(fa->interface.s ? fa->interface.s : "", fb->interface.s ? fb->interface.s : "") != 0;
}

static void run(struct check_run *r) {
	const struct estate *e = r->estate;
	const struct claim *a = NULL, *b = NULL;

	for (size_t i = 0; i < e->claim_count; i++) {
		char text[IP_TEXT_MAX];

		if (!claim_is(&e->claims[i], CLAIM_HOSTS))
			continue;
		a = b;
		b = &e->claims[i];
		if (!a || !prefix_equal(a->prefix, b->prefix) || may_repeat(a, b))
			continue;
		(void)ip_format(b->prefix.ip, text);
		check_report(r, b->at, "an address belongs to one owner: change one of the two",
			     "%s already belongs to %s", text, claim_describe(r->arena, a));
		check_note(r, a->at, "%s is given to %s here", text, claim_describe(r->arena, a));
	}
}

const struct check check_duplicate_address = {
	.name = "duplicate-address",
	.severity = SEVERITY_ERROR,
	.summary = "Two things have the same address",
	.doc = "Two owners of one address answer for each other, at random. For failover addresses nothing else "
	       "would notice: keepalived adds them without duplicate address detection.",
	.run = run,
};
