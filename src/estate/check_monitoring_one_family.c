/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	LIST_EACH (struct machine, m, &r->estate->machines) {
		bool four = m->monitoring.index == MONITORING_PING4;

		if (!m->ip.at || !m->ipv6.at || !m->monitoring.at || m->monitoring.index == MONITORING_NONE)
			continue;
		check_report(r, m->monitoring.at, "leave the field out to watch both families",
			     "%s is watched over %s only: nobody notices when its %s fails", m->name.s,
			     four ? "IPv4" : "IPv6", four ? "IPv6" : "IPv4");
	}
}

const struct check check_monitoring_one_family = {
	.name = "monitoring-one-family",
	.severity = SEVERITY_WARNING,
	.summary = "A dual-stack machine is monitored in one family only",
	.doc = "Clients fall back to the family that works, and so does everybody who looks: a dead IPv6 path goes "
	       "unnoticed for weeks unless something asks for it by name. Without the field, both addresses are "
	       "watched.",
	.run = run,
};
