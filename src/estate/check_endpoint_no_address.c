/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/family.h"

static void run(struct check_run *r) {
	LIST_EACH (struct endpoint_name, n, &r->estate->endpoints)
		LIST_EACH (struct ref, ref, &n->to)
			if (!family_target(ref))
				check_report(r, ref->at, "name machines, or a failover entry with public addresses",
					     "%s has no address to publish for %s", ref->s, n->name.s);
}

const struct check check_endpoint_no_address = {
	.name = "endpoint-no-address",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A target of a public name has no address",
	.doc = "A public name gets the addresses of its targets: the ip and ipv6 of machines and of the machines of a "
	       "group, and those of failover entries. Networks and link-local addresses give none, and neither does "
	       "an empty group.",
	.run = run,
};
