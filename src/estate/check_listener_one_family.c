/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void check_listener(struct check_run *r, const struct listener *l) {
	if (l->at && ip_equal(l->ip, ip_from_v4(0)))
		check_report(r, l->at, arena_printf(r->arena, "write \"[::]:%u\", which is both families", l->port),
			     "0.0.0.0 listens in IPv4 only");
}

static void run(struct check_run *r) {
	const struct estate *e = r->estate;

	if (e->geo && e->geo->publish)
		check_listener(r, &e->geo->publish->listen);
	if (e->guard)
		LIST_EACH (struct guard_log, log, &e->guard->logs)
			check_listener(r, &log->syslog);
}

const struct check check_listener_one_family = {
	.name = "listener-one-family",
	.severity = SEVERITY_WARNING,
	.summary = "Something listens on all addresses of IPv4 and none of IPv6",
	.doc = "0.0.0.0 is every IPv4 address of the host and no IPv6 address. [::] is every address of both "
	       "families, unless the host or the program has turned IPV6_V6ONLY on (RFC 3493 section 5.3).",
	.run = run,
};
