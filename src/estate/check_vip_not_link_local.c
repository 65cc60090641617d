/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/family.h"

static bool has_link_local(const struct list *vips) {
	LIST_EACH (struct ifaddr, vip, vips)
		if (ip_is_link_local(vip->ip))
			return true;
	return false;
}

static void run(struct check_run *r) {
	LIST_EACH (struct failover, f, &r->estate->failover) {
		const struct ifaddr *first = f->ipv6.items;

		if (!f->ipv6.n || !first->at || ip_is_link_local(first->ip))
			continue;
		check_report(r, first->at,
			     has_link_local(&f->ipv6)
				     ? "move the link-local address to the front"
				     : arena_printf(r->arena, "put one in front, such as \"fe80::%x/64\"",
						    (unsigned)f->vrid.n),
			     "the first IPv6 address of %s is not link-local", f->name.s);
	}
}

const struct check check_vip_not_link_local = {
	.name = "vip-not-link-local",
	.severity = SEVERITY_ERROR,
	.summary = "The first IPv6 address of a failover entry is not link-local",
	.doc = "The first address in an IPv6 VRRP advertisement must be the link-local address of the virtual router "
	       "(RFC 9568 section 5.2.9): it is the next hop of those who route through it. keepalived's own "
	       "configuration test does not mind, unless vrrp_strict is set.",
	.run = run,
};
