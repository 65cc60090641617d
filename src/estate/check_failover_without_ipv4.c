/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	LIST_EACH (struct failover, f, &r->estate->failover) {
		if (!f->ipv4.n)
			continue;
		LIST_EACH (struct ref, ref, &f->machines) {
			const struct machine *m = ref->to;

			if (!m || m->ip.at)
				continue;
			check_report(r, ref->at, arena_printf(r->arena, "give %s an \"ip\"", m->name.s),
				     "%s has no IPv4 address to speak VRRP from, and %s moves IPv4 addresses",
				     m->name.s, f->name.s);
		}
	}
}

const struct check check_failover_without_ipv4 = {
	.name = "failover-without-ipv4",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A failover entry has IPv4 addresses and a machine without",
	.doc = "VRRP for IPv4 is spoken from the machine's own IPv4 address, and the others' firewalls accept it from "
	       "there only. A machine without one is not heard: it takes the addresses while another machine has them.",
	.run = run,
};
