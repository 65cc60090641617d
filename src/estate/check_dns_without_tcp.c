/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

enum { DNS_PORT = 53 };

static const struct node *dns_port(const struct list *ports) {
	LIST_EACH (struct number, port, ports)
		if (port->n == DNS_PORT)
			return port->at;
	return NULL;
}

static void run(struct check_run *r) {
	LIST_EACH (struct service, s, &r->estate->services) {
		const struct node *udp = dns_port(&s->udp);

		if (udp && !dns_port(&s->tcp))
			check_report(r, udp, "add \"tcp: 53\"", "service %s lets DNS through over UDP only", s->name.s);
	}
}

const struct check check_dns_without_tcp = {
	.name = "dns-without-tcp",
	.severity = SEVERITY_WARNING,
	.summary = "A service allows DNS over UDP and not over TCP",
	.doc = "TCP is a required part of DNS (RFC 7766): answers that do not fit are truncated and asked for again "
	       "over it. IPv6 has more of those: routers do not fragment, and fragments are often dropped on the way.",
	.run = run,
};
