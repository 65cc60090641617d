/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"
#include "estate/claim_walk.h"
#include "estate/party.h"

enum { POOL = CLAIM_BIT(CLAIM_NAT64_POOL), OTHERS = CLAIM_HOSTS | CLAIM_NETWORKS };

static bool runs_here(const struct nat64 *n, const struct machine *m) {
	LIST_EACH (struct ref, ref, &n->machines)
		if (ref->to == m)
			return true;
	return false;
}

/* What the translator's own machine says about the pool is the pool; private networks behind other machines, Docker's
 * among them, are not seen from it. */
static bool is_meant(const struct nat64 *n, const struct claim *other) {
	switch (other->kind) {
	case CLAIM_ROUTED:
		return runs_here(n, other->machine) || party_is_private(other->prefix);
	case CLAIM_OTHER:
		return runs_here(n, other->machine);
	case CLAIM_DOCKER:
		return !runs_here(n, other->machine);
	default:
		return false;
	}
}

struct state {
	struct check_run *run;
	bool found;
};

/* The pool is one line: the first overlap is enough. */
static bool look(const struct claim *outer, const struct claim *inner, void *user) {
	struct state *s = user;
	const struct nat64 *n = s->run->estate->nat64;
	const struct claim *other;
	char text[PREFIX_TEXT_MAX];

	if (!outer || s->found)
		return true;
	other = outer->kind == CLAIM_NAT64_POOL ? inner : outer;
	if (is_meant(n, other))
		return false;
	(void)prefix_format(other->prefix, text);
	check_report(s->run, n->ipv4_pool.at, "choose IPv4 space for the pool that nothing else uses",
		     "the pool %s overlaps %s, %s", n->ipv4_pool.at->text.s, text,
		     claim_describe(s->run->arena, other));
	check_note(s->run, other->at, "the other one is here");
	s->found = true;
	return true;
}

static void run(struct check_run *r) {
	struct state s = { .run = r };

	if (!r->estate->nat64)
		return;
	claims_each_inner(r->estate, POOL, OTHERS, look, &s);
	claims_each_inner(r->estate, OTHERS, POOL, look, &s);
}

const struct check check_nat64_pool_overlap = {
	.name = "nat64-pool-overlap",
	.severity = SEVERITY_ERROR,
	.summary = "The translator's IPv4 pool is used by something else",
	.doc = "The pool's addresses stand for IPv6 clients on the translator: whatever else has one of them cannot "
	       "be reached through NAT64, and its traffic is taken for a client's. Give the pool a network that "
	       "exists nowhere else; the translator's machine hides it behind its own address.",
	.run = run,
};
