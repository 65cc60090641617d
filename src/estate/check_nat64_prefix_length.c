/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static bool is_allowed(unsigned len) {
	return len == 32 || len == 40 || len == 48 || len == 56 || len == 64 || len == 96;
}

static void run(struct check_run *r) {
	const struct nat64 *n = r->estate->nat64;
	char text[PREFIX_TEXT_MAX];

	if (!n || !n->prefix.at || is_allowed(n->prefix.prefix.len))
		return;
	(void)prefix_format(prefix_around(n->prefix.prefix.ip, 96), text);
	check_report(r, n->prefix.at, arena_printf(r->arena, "write %s", text),
		     "a NAT64 prefix cannot be a /%u: only /32, /40, /48, /56, /64 and /96 have a place for the IPv4 "
		     "address",
		     n->prefix.prefix.len);
}

const struct check check_nat64_prefix_length = {
	.name = "nat64-prefix-length",
	.severity = SEVERITY_ERROR,
	.summary = "A NAT64 prefix of a length that RFC 6052 does not have",
	.doc = "RFC 6052 section 2.2 says where the IPv4 address goes for six prefix lengths, and for no other. "
	       "tayga and Jool refuse the rest; unbound-checkconf takes them and the resolver then dies at its "
	       "start. Almost everybody uses a /96, the only one in which the address can be read as its last 32 "
	       "bits.",
	.run = run,
};
