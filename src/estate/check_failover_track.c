/* SPDX-License-Identifier: Apache-2.0 */
/* A tracked service need not be a role: only a role that the machines lack, and a word that is almost a role, are
 * mistakes for sure. */
#include <limits.h>

#include "estate/check.h"

static const struct machine *without_role(const struct failover *f, unsigned role) {
	LIST_EACH (struct ref, ref, &f->machines) {
		const struct machine *m = ref->to;

		if (!(m->role_bits >> role & 1))
			return m;
	}
	return NULL;
}

static void check_track(struct check_run *r, const struct failover *f, const struct scalar *track) {
	const struct machine *m = NULL;
	const char *near = NULL;
	unsigned best = UINT_MAX;

	for (unsigned role = 0; role < _ROLE_MAX; role++) {
		if (strcmp(role_words[role], track->s) == 0) {
			m = without_role(f, role);
			best = 0;
		} else if (suggest_better(str_of(track->s), str_of(role_words[role]), &best))
			near = role_words[role];
	}
	if (m)
		check_report(r, track->at,
			     arena_printf(r->arena, "put %s into a group with role %s", m->name.s, track->s),
			     "%s tracks %s, which does not run on %s", f->name.s, track->s, m->name.s);
	else if (best && near)
		check_report(r, track->at, arena_printf(r->arena, "did you mean %s?", near),
			     "%s tracks %s, which is not a role", f->name.s, track->s);
}

static void run(struct check_run *r) {
	LIST_EACH (struct failover, f, &r->estate->failover)
		LIST_EACH (struct scalar, track, &f->track)
			check_track(r, f, track);
}

const struct check check_failover_track = {
	.name = "failover-track",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A failover entry tracks a service that its machines do not run",
	.doc = "A service that is not there counts as failed: the machine would never take the addresses, or the pair "
	       "would stay in the fault state for good. Track services that run on every machine of the entry. Other "
	       "words than roles are taken for services that hextet does not know.",
	.run = run,
};
