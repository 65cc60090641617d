/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void check_entry(struct check_run *r, const struct failover *f) {
	const struct ref *first = f->machines.items;
	struct map seen;

	if (f->machines.n == 1)
		check_report(r, first->at, "name a second machine",
			     "the addresses of %s have nowhere to move to: it has one machine", f->name.s);
	if (f->machines.n < 2)
		return;
	map_init(&seen, r->arena);
	LIST_EACH (struct ref, ref, &f->machines) {
		const struct ref *other = map_add(&seen, ref->s, strlen(ref->s), ref);

		if (other == ref)
			continue;
		check_report(r, ref->at, "name another machine", "%s is in %s twice", ref->s, f->name.s);
		check_note(r, other->at, "the first time is here");
	}
	map_done(&seen);
}

static void run(struct check_run *r) {
	LIST_EACH (struct failover, f, &r->estate->failover)
		check_entry(r, f);
}

const struct check check_failover_machines = {
	.name = "failover-machines",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A failover entry has no second machine",
	.doc = "An address fails over from one machine to another, so an entry names at least two different ones; the "
	       "first is preferred.",
	.run = run,
};
