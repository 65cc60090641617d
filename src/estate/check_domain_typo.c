/* SPDX-License-Identifier: Apache-2.0 */
/* Only one wrong letter is a typing mistake: example.net and example.com are two domains. */
#include <strings.h>

#include "estate/check.h"

/* The last labels of a name, as many as the domain has; NULL when it has fewer. */
static const char *tail(const char *name, unsigned labels) {
	const char *p = name + strlen(name);

	while (p > name)
		if (*--p == '.' && --labels == 0)
			return p + 1;
	return labels == 1 ? name : NULL;
}

static void check_name(struct check_run *r, const char *domain, unsigned labels, const struct scalar *name) {
	const char *end = tail(name->s, labels);
	unsigned distance = 2;

	if (!end || strcasecmp(end, domain) == 0 || !suggest_better(str_of(end), str_of(domain), &distance))
		return;
	check_report(r, name->at, arena_printf(r->arena, "write %.*s%s", (int)(end - name->s), name->s, domain),
		     "%s is not in the domain %s, but almost", name->s, domain);
}

static void run(struct check_run *r) {
	const char *domain = r->estate->domain.s;
	unsigned labels = 1;

	if (!domain)
		return;
	for (const char *p = domain; *p; p++)
		labels += *p == '.';
	LIST_EACH (struct machine, m, &r->estate->machines)
		check_name(r, domain, labels, &m->name);
	LIST_EACH (struct endpoint_name, n, &r->estate->endpoints)
		check_name(r, domain, labels, &n->name);
}

const struct check check_domain_typo = {
	.name = "domain-typo",
	.severity = SEVERITY_WARNING,
	.summary = "A name's domain is one letter away from the estate's",
	.doc = "Names outside of the estate's domain are fine, but no zone is written for them. A domain that differs "
	       "from it by a single letter is more likely a typing mistake, and the name would silently be missing "
	       "from the zone.",
	.run = run,
};
