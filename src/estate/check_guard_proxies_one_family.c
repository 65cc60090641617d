/* SPDX-License-Identifier: Apache-2.0 */
/* Loopback addresses are a matter of their own: that the balancers are complete does not make up for them. */
#include "estate/family.h"

static bool is_loopback(const struct ref *ref) {
	static const struct prefix loopback4 = { { 0, IP4_MAPPED_LO | 0x7f000000 }, 104 },
				   loopback6 = { { 0, 1 }, 128 };

	return ref->kind & (REF_ADDRESS | REF_PREFIX) &&
	       (prefix_covers(loopback4, ref->prefix) || prefix_equal(loopback6, ref->prefix));
}

static void check_kind(struct check_run *r, const uint8_t *groups, const struct list *proxies, bool loopback) {
	const struct ref *first = NULL;
	const char *missing;
	unsigned bits = 0;

	LIST_EACH (struct ref, ref, proxies)
		if (is_loopback(ref) == loopback) {
			first = first ? first : ref;
			bits |= family_ref(groups, ref);
		}
	if (bits != HAS_4 && bits != HAS_6)
		return;
	missing = family_word(HAS_BOTH & ~bits);
	check_report(r, first->at,
		     !loopback       ? arena_printf(r->arena, "add the %s addresses of the proxies", missing)
		     : bits == HAS_4 ? "add \"::1\""
				     : "add 127.0.0.1",
		     loopback ? "a proxy on the same host is not trusted over %s"
			      : "no proxy is trusted over %s: all its clients would share the proxy's address",
		     missing);
}

static void run(struct check_run *r) {
	const struct guard_section *g = r->estate->guard;
	uint8_t *groups;

	if (!g || !g->trusted_proxies.n)
		return;
	groups = family_groups(r);
	check_kind(r, groups, &g->trusted_proxies, true);
	check_kind(r, groups, &g->trusted_proxies, false);
}

const struct check check_guard_proxies_one_family = {
	.name = "guard-proxies-one-family",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "Proxies are trusted in one family only",
	.doc = "The address that a trusted proxy forwards is the client's; that of any other is the client itself. "
	       "When a balancer connects over the family that was forgotten, all its clients have one address, and "
	       "the first ban is a ban of everyone. \"localhost\" is 127.0.0.1 on one day and ::1 on the next: name "
	       "both.",
	.run = run,
};
