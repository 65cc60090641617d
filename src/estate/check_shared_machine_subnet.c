/* SPDX-License-Identifier: Apache-2.0 */
/* Claims are sorted, so the addresses in one share follow each other; other claims in between do not matter. */
#include "estate/check.h"
#include "estate/claim_walk.h"

enum { KINDS = CLAIM_BIT(CLAIM_MACHINE) | CLAIM_BIT(CLAIM_OTHER) };

struct state {
	struct check_run *run;
	struct prefix share;
	const struct claim *first; /* the first claim in that share */
};

static void report(struct check_run *r, const struct claim *c, const struct state *s) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(s->share, text);
	check_report(r, c->at, "give each machine an address in a share of its own",
		     "%s is in %s, which is routed to %s", c->at->text.s, text, s->first->machine->name.s);
	check_note(r, s->first->at, "%s has its address here", s->first->machine->name.s);
}

static bool look(const struct claim *outer, const struct claim *c, void *user) {
	struct state *s = user;
	const struct given *g = outer ? outer->owner : NULL;
	struct prefix share;

	if (!g || !g->per_machine.at || claim_family(c) == FAMILY_4 || g->per_machine.n > 127 ||
	    g->per_machine.n < g->network.prefix.len)
		return true;
	share = prefix_around(c->prefix.ip, (unsigned)g->per_machine.n);
	if (!s->first || !prefix_equal(s->share, share)) {
		s->share = share;
		s->first = c;
	} else if (c->machine != s->first->machine && !prefix_equal(c->prefix, s->first->prefix))
		report(s->run, c, s);
	return true;
}

static void run(struct check_run *r) {
	claims_each_inner(r->estate, CLAIM_BIT(CLAIM_GIVEN), KINDS, look, &(struct state){ .run = r });
}

const struct check check_shared_machine_subnet = {
	.name = "shared-machine-subnet",
	.severity = SEVERITY_ERROR,
	.summary = "Two machines have addresses in one machine's share of a prefix",
	.doc = "With per_machine the provider routes each share to one machine. An address of a second machine in "
	       "the same share is delivered to the first, and when both claim the share the last one to announce it "
	       "wins. Give each machine its own; there are enough (RFC 7934).",
	.run = run,
};
