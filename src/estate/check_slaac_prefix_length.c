/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	LIST_EACH (struct lan, l, &r->estate->lans) {
		const struct prefix p = l->ipv6.prefix;
		char text[PREFIX_TEXT_MAX];

		if (!l->ipv6.at || p.len == 64)
			continue;
		(void)prefix_format(prefix_around(p.ip, 64), text);
		check_report(r, l->ipv6.at, arena_printf(r->arena, "write %s", text),
			     "LAN %s is a /%u: devices make no addresses in it", l->name.s, p.len);
	}
}

const struct check check_slaac_prefix_length = {
	.name = "slaac-prefix-length",
	.severity = SEVERITY_ERROR,
	.summary = "A LAN whose IPv6 network is not a /64",
	.doc = "An interface id has 64 bits (RFC 4291 section 2.5.1, RFC 7421): a device that hears a router "
	       "announce any other length ignores it for address configuration (RFC 4862 section 5.5.3) and stays "
	       "without IPv6. radvd announces a /80 without a word.",
	.run = run,
};
