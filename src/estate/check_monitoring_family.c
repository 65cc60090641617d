/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void check_word(struct check_run *r, const struct word *w, enum monitoring wrong, const char *whose,
		       const char *name) {
	if (w->at && w->index == (unsigned)wrong)
		check_report(r, w->at, wrong == MONITORING_PING4 ? "write ping6 or none" : "write ping4 or none",
			     "%s %s has no %s address to ping", whose, name,
			     wrong == MONITORING_PING4 ? "IPv4" : "IPv6");
}

static void check_others(struct check_run *r, const struct list *others, enum monitoring wrong) {
	LIST_EACH (struct other_ip, o, others)
		if (o->address.at)
			check_word(r, &o->monitoring, wrong, "the entry", o->address.at->text.s);
}

static void run(struct check_run *r) {
	LIST_EACH (struct machine, m, &r->estate->machines) {
		if (!m->ip.at)
			check_word(r, &m->monitoring, MONITORING_PING4, "machine", m->name.s);
		if (!m->ipv6.at)
			check_word(r, &m->monitoring, MONITORING_PING6, "machine", m->name.s);
		check_others(r, &m->other_ips, MONITORING_PING6);
		check_others(r, &m->other_ips6, MONITORING_PING4);
	}
}

const struct check check_monitoring_family = {
	.name = "monitoring-family",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "Something is monitored in a family that it has no address in",
	.doc = "ping4 needs an IPv4 address and ping6 an IPv6 address; the check would be down for ever, or would "
	       "silently watch something else. Leave the field out to watch each address in its own family.",
	.run = run,
};
