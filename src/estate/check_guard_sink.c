/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void check_sink(struct check_run *r, const struct guard_sink *s) {
	const struct scalar *kinds[] = { &s->nft, &s->haproxy, &s->route, &s->file };
	const struct node *first = NULL;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!kinds[i]->at)
			continue;
		if (first) {
			check_report(r, kinds[i]->at, "make two entries of it", "this sink is two kinds at once");
			return;
		}
		first = kinds[i]->at;
	}
	if (s->acl.at && !s->haproxy.at)
		check_report(r, s->acl.at, "add \"haproxy: SOCKET\"", "an ACL is changed through HAProxy's socket");
	else if (s->haproxy.at && !s->acl.at)
		check_report(r, s->haproxy.at, "add \"acl: FILE\", as HAProxy's configuration names it",
			     "there is no ACL for the bans in HAProxy");
}

static void run(struct check_run *r) {
	const struct guard_section *g = r->estate->guard;

	if (!g)
		return;
	if (g->rules.n && !g->sinks.n)
		check_report(r, ((const struct guard_rule *)g->rules.items)->name.at, "add \"sinks: [{ nft: TABLE }]\"",
			     "the guard has rules and no sinks: its bans take effect nowhere");
	LIST_EACH (struct guard_sink, s, &g->sinks)
		check_sink(r, s);
}

const struct check check_guard_sink = {
	.name = "guard-sink",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A guard sink is missing or incomplete",
	.doc = "Each entry of the guard's sinks is one place where bans take effect: an nftables table, an ACL in a "
	       "running HAProxy (which takes its socket and the ACL's file name), a kernel routing table, or a file.",
	.run = run,
};
