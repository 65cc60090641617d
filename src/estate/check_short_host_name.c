/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void check_name(struct check_run *r, const struct scalar *name, const char *what) {
	const char *domain = r->estate->domain.s;

	if (!strchr(name->s, '.'))
		check_report(r, name->at, arena_printf(r->arena, "write %s.%s", name->s, domain ? domain : "DOMAIN"),
			     "%s %s has no domain", what, name->s);
}

static void run(struct check_run *r) {
	LIST_EACH (struct machine, m, &r->estate->machines)
		check_name(r, &m->name, "machine");
	LIST_EACH (struct endpoint_name, n, &r->estate->endpoints)
		check_name(r, &n->name, "public name");
}

const struct check check_short_host_name = {
	.name = "short-host-name",
	.severity = SEVERITY_WARNING,
	.summary = "A machine's or public name has no domain",
	.doc = "Names in the estate are fully qualified: they are written as they are into zones, PTR records and "
	       "certificates. A name without a dot would be looked for at the root of the DNS.",
	.run = run,
};
