/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "estate/check.h"
#include "estate/written.h"

static void look(const struct written *w, void *user) {
	struct check_run *r = user;
	struct str text = w->at->text;
	char right[ENDPOINT_TEXT_MAX];
	struct str canonical = { right, written_format(w, right) };

	/* IPv4 has one form (the mapped one is mapped-address's); the dotted end is proper behind a translation prefix.
	 */
	if (str_eq(text, canonical) || ip_is_v4(w->ip) || memchr(text.s, '.', text.len))
		return;
	check_report(r, w->at, arena_printf(r->arena, "write %s", right), "\"%s\" is not the canonical form of %s",
		     text.s, right);
}

static void run(struct check_run *r) {
	written_each(r->estate, look, r);
}

const struct check check_non_canonical_address = {
	.name = "non-canonical-address",
	.severity = SEVERITY_WARNING,
	.summary = "An IPv6 address that is not written in the canonical form",
	.doc = "One address has many texts, and grep, diff and a key in a database see different things in them. RFC "
	       "5952 section 4 picks one: lower case, no leading zeros, \"::\" for the longest run of two or more "
	       "zero groups and the first of equal ones. hextet itself reads every form and writes this one.",
	.run = run,
};
