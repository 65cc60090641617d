/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	const struct nat64 *n = r->estate->nat64;
	struct prefix right;
	char text[PREFIX_TEXT_MAX];

	if (!n || !n->prefix.at || !(n->prefix.prefix.ip.lo >> 56))
		return;
	right = n->prefix.prefix;
	right.ip.lo &= UINT64_MAX >> 8;
	(void)prefix_format(right, text);
	check_report(r, n->prefix.at, arena_printf(r->arena, "choose one with zeros there, such as %s", text),
		     "%s has bits set in its ninth octet, which must be zero", n->prefix.at->text.s);
}

const struct check check_nat64_reserved_octet = {
	.name = "nat64-reserved-octet",
	.severity = SEVERITY_ERROR,
	.summary = "A NAT64 prefix with bits set in the octet that must be zero",
	.doc = "Bits 64 to 71 of a translated address are reserved and zero (RFC 6052 section 2.2), in a /96 prefix "
	       "too. Translators may refuse the prefix, and a client that learns it from ipv4only.arpa (RFC 7050) "
	       "does not recognise it.",
	.run = run,
};
