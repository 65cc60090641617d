/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"
#include "estate/claim_walk.h"

/* ff:fe in the middle of the interface id, and neither a multicast MAC nor IANA's 00:00:5e, which is
 * reserved-interface-id's. */
static bool is_eui64(uint64_t id) {
	return (id >> 24 & 0xffff) == 0xfffe && !(id >> 56 & 1) && id >> 40 != 0x02005e;
}

static void report(struct check_run *r, const struct claim *c) {
	const uint64_t id = c->prefix.ip.lo ^ UINT64_C(1) << 57;
	char subnet[PREFIX_TEXT_MAX];

	(void)prefix_format(prefix_around(c->prefix.ip, 64), subnet);
	check_report(r, c->at, arena_printf(r->arena, "choose a fixed address in %s and configure it", subnet),
		     "\"%s\" is made from the network card's address %02x:%02x:%02x:%02x:%02x:%02x", c->at->text.s,
		     (unsigned)(id >> 56), (unsigned)(id >> 48 & 0xff), (unsigned)(id >> 40 & 0xff),
		     (unsigned)(id >> 16 & 0xff), (unsigned)(id >> 8 & 0xff), (unsigned)(id & 0xff));
}

static void run(struct check_run *r) {
	const struct claim *c = r->estate->claims, *end = c + r->estate->claim_count;

	for (; c != end; c++)
		if (claim_is(c, CLAIM_HOSTS) && claim_family(c) == FAMILY_6 && is_eui64(c->prefix.ip.lo) &&
		    usable_for_machines(c->prefix))
			report(r, c);
}

const struct check check_eui64_address = {
	.name = "eui64-address",
	.severity = SEVERITY_WARNING,
	.summary = "A machine's address is made from its network card's",
	.doc = "An interface id with ff:fe in the middle is a MAC address (RFC 4291 appendix A). The machine loses "
	       "the address, and every rule and record that names it, when the card is changed or the virtual "
	       "machine is moved; and it tells the world the maker of the card (RFC 7721, RFC 8064). Give servers "
	       "fixed addresses.",
	.run = run,
};
