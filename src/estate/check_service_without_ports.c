/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	LIST_EACH (struct service, s, &r->estate->services)
		if (!s->tcp.n && !s->udp.n)
			check_report(r, s->name.at, "write \"tcp: PORT\", \"udp: PORT\" or both",
				     "service %s has no ports: allowing it allows nothing", s->name.s);
}

const struct check check_service_without_ports = {
	.name = "service-without-ports",
	.severity = SEVERITY_ERROR,
	.summary = "A service has no ports",
	.doc = "A service is a name for ports. Without any, a policy line that allows it opens nothing, in both "
	       "families. ICMPv6 needs no service: the firewall follows RFC 4890 by itself.",
	.run = run,
};
