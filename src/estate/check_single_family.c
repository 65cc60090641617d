/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	LIST_EACH (struct machine, m, &r->estate->machines) {
		if (!m->ip.at == !m->ipv6.at)
			continue;
		check_report(
			r, m->name.at,
			m->ip.at ? "add \"ipv6: …\", or say why not and write \"# hextet: ignore single-family\" here"
				 : "add \"ip: …\", or say why not and write \"# hextet: ignore single-family\" here",
			"%s has an %s address and no %s address", m->name.s, m->ip.at ? "IPv4" : "IPv6",
			m->ip.at ? "IPv6" : "IPv4");
	}
}

const struct check check_single_family = {
	.name = "single-family",
	.severity = SEVERITY_WARNING,
	.summary = "A machine has an address in one family only",
	.doc = "A dual-stack estate is only as good as its least dual-stack machine: whatever talks to this one falls "
	       "back "
	       "to the other family, and nobody notices until that family fails (RFC 7381). Give it the missing "
	       "address, "
	       "or state the reason in a comment and silence the line.",
	.run = run,
};
