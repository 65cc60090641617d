/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/family.h"

static void run(struct check_run *r) {
	LIST_EACH (struct failover, f, &r->estate->failover) {
		unsigned bits = family_vips(f);

		if (bits == HAS_BOTH)
			continue;
		if (!bits)
			check_report(r, f->name.at,
				     "add \"ipv4: [ADDRESS/LENGTH]\" and \"ipv6: [fe80::…/64, ADDRESS/LENGTH]\"",
				     "failover entry %s moves no address", f->name.s);
		else
			check_report(r, f->name.at,
				     bits == HAS_4 ? "add \"ipv6: [fe80::…/64, ADDRESS/LENGTH]\""
						   : "add \"ipv4: [ADDRESS/LENGTH]\"",
				     "failover entry %s moves %s addresses only", f->name.s, family_word(bits));
	}
}

const struct check check_failover_one_family = {
	.name = "failover-one-family",
	.severity = SEVERITY_WARNING,
	.summary = "A failover entry moves addresses of one family only",
	.doc = "When the machine fails, its clients in the other family stay with it. An entry is dual-stack when it "
	       "has an IPv4 address and an IPv6 address besides the link-local one; hextet makes one VRRP instance "
	       "for each family and one sync group for both.",
	.run = run,
};
