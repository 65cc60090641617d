/* SPDX-License-Identifier: Apache-2.0 */
#include "addr/special.h"
#include "estate/check.h"

/* Wider than what one organisation is given: registries allocate an IPv6 /32 to a whole provider, and an IPv4 /16 is
 * already a large enterprise. */
enum { ORGANISATION_4 = 16, ORGANISATION_6 = 32 };

static bool is_own(const struct estate *e, struct prefix p) {
	LIST_EACH (struct given, g, &e->prefixes)
		if (prefix_covers(g->network.prefix, p))
			return true;
	return false;
}

static void check_literal(struct check_run *r, const struct ref *ref, bool is_source) {
	bool v4 = prefix_family(ref->prefix) == FAMILY_4;
	unsigned len = prefix_text_len(ref->prefix);

	if (len == 0)
		check_report(r, ref->at, "write any, which means both families",
			     "%s is everyone in %s, and nobody in %s", ref->s, v4 ? "IPv4" : "IPv6",
			     v4 ? "IPv6" : "IPv4");
	else if (is_source && len < (v4 ? (unsigned)ORGANISATION_4 : (unsigned)ORGANISATION_6) &&
		 !special_of_prefix(ref->prefix) && !is_own(r->estate, ref->prefix))
		check_report(r, ref->at, "write the prefixes that the partner uses, or any when everyone is meant",
			     "%s is the address space of many organisations", ref->s);
}

static void check_refs(struct check_run *r, const struct list *refs, bool is_source) {
	LIST_EACH (struct ref, ref, refs)
		if (ref->kind & (REF_ADDRESS | REF_PREFIX))
			check_literal(r, ref, is_source);
}

static void run(struct check_run *r) {
	LIST_EACH (struct policy, p, &r->estate->policy) {
		check_refs(r, &p->from, true);
		check_refs(r, &p->to, false);
	}
}

const struct check check_policy_wide_literal = {
	.name = "policy-wide-literal",
	.severity = SEVERITY_WARNING,
	.summary = "A literal prefix in the policy is wider than any one organisation's",
	.doc = "0.0.0.0/0 is a word for everyone that leaves IPv6 out: write any. And a source such as 2a00::/12 is "
	       "half a continent: a partner's own prefix is a /48 or longer in IPv6, a provider's whole allocation a "
	       "/32.",
	.run = run,
};
