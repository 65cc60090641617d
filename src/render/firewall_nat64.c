/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet from a client to 64:ff9b::192.0.2.1 is a packet to 192.0.2.1, so the policy's IPv4 destinations are written
 * behind the translation prefix.
 */
#include "render/firewall.h"

#include "estate/party.h"
#include "render/nat64.h"

struct embedding {
	struct prefix nat64;
	struct prefix_set *set;
};

static int embed(struct prefix v4, void *user) {
	const struct embedding *e = user;

	prefix_set_add(e->set, nat64_embed(e->nat64, v4));
	return 0;
}

/* The clients that are on the line's `from` side. */
static void find_sources(const struct estate *e, const struct policy_line *l, struct prefix_set *set) {
	struct prefix_set from = PREFIX_SET_INIT;

	LIST_EACH (struct ref, ref, &e->nat64->clients)
		party_addresses(e, ref, FAMILY_6, NULL, set);
	LIST_EACH (struct ref, ref, l->from.refs)
		party_addresses(e, ref, FAMILY_6, NULL, &from);
	if (!l->from.any)
		prefix_set_intersect(set, &from);
	prefix_set_normalise(set);
	prefix_set_done(&from);
}

static void find_destinations(const struct estate *e, const struct policy_line *l, struct prefix_set *set) {
	struct embedding embedding = { e->nat64->prefix.prefix, set };
	struct prefix_set v4 = PREFIX_SET_INIT;

	LIST_EACH (struct ref, ref, l->to.refs)
		party_addresses(e, ref, FAMILY_4, NULL, &v4);
	prefix_set_normalise(&v4);
	if (l->to.any)
		prefix_set_add(set, embedding.nat64);
	else
		(void)prefix_set_each(&v4, embed, &embedding);
	prefix_set_normalise(set);
	prefix_set_done(&v4);
}

bool firewall_nat64(const struct estate *e, const struct policy_line *l, struct arena *a, const char **ret_sources,
		    const char **ret_destinations) {
	struct prefix_set sources = PREFIX_SET_INIT, destinations = PREFIX_SET_INIT;
	bool found;

	if (nat64_length_fault(e->nat64->prefix.prefix))
		return false;
	find_sources(e, l, &sources);
	find_destinations(e, l, &destinations);
	found = sources.ranges.n && destinations.ranges.n;
	if (found) {
		*ret_sources = firewall_set_text(&sources, a);
		*ret_destinations = firewall_set_text(&destinations, a);
	}
	prefix_set_done(&sources);
	prefix_set_done(&destinations);
	return found;
}
