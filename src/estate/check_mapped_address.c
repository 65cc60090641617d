/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "estate/check.h"
#include "estate/written.h"

/* More than the one colon in front of a port. */
static bool has_colons(struct str text) {
	const char *colon = memchr(text.s, ':', text.len);

	return colon && memchr(colon + 1, ':', text.len - (size_t)(colon + 1 - text.s));
}

static void look(const struct written *w, void *user) {
	struct check_run *r = user;
	char right[ENDPOINT_TEXT_MAX];

	if (!ip_is_v4(w->ip) || !has_colons(w->at->text))
		return;
	(void)written_format(w, right);
	check_report(r, w->at, arena_printf(r->arena, "write %s", right), "\"%s\" is the IPv4 %s in an IPv6 coat",
		     w->at->text.s, right);
}

static void run(struct check_run *r) {
	written_each(r->estate, look, r);
}

const struct check check_mapped_address = {
	.name = "mapped-address",
	.severity = SEVERITY_WARNING,
	.summary = "An IPv4 address written as ::ffff:a.b.c.d",
	.doc = "An IPv4-mapped address never travels in a packet: it is how a program with one socket for both "
	       "families sees an IPv4 peer. Copied out of a log into a list of addresses, it matches in some "
	       "programs and not in others, and an access list with it is open or shut by chance. Write the IPv4 "
	       "address.",
	.run = run,
};
