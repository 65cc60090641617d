/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has which addresses: from a name in a policy line to prefixes, one family at a time.
 *
 * IPv6 means what is written: a machine's addresses, and the routed subnets themselves. IPv4 has NAT in it: a network
 * in private space (RFC 1918, RFC 6598), or an IPv6 network's IPv4 side, is seen by everybody else as the address of
 * the machine in front of it, and only by that machine itself as the network.
 *
 * A party without addresses in a family gives an empty set in that family. It never means "anyone".
 */
#pragma once

#include "addr/set.h"
#include "estate/estate.h"

/* Whether the name stands for every address there is ("any"). party_addresses() adds nothing for it. */
static inline bool party_is_any(const struct ref *ref) {
	return ref->kind == REF_ANY;
}

/*
 * Adds the addresses of the party in one family, as `seen_from` sees them; NULL: as any other host of the estate or the
 * Internet sees them. The set is left unnormalised.
 */
void party_addresses(const struct estate *e, const struct ref *ref, enum family family, const struct machine *seen_from,
		     struct prefix_set *set);

/*
 * The same for a group, for one machine, and for one routed network. A machine's are its own and those virtual ones
 * that a failover entry may give it, but for link-local ones, which nobody reaches from elsewhere; party_machine_own()
 * leaves all virtual ones out.
 */
void party_machine_own(const struct machine *m, enum family family, struct prefix_set *set);
void party_group(const struct group *g, enum family family, const struct machine *seen_from, struct prefix_set *set);
void party_machine(const struct machine *m, enum family family, struct prefix_set *set);
void party_network(const struct routed *n, enum family family, const struct machine *seen_from, struct prefix_set *set);

/* Whether the machine itself, or the network, is a member of the party: by name or group, not by address. */
bool party_has_machine(const struct ref *ref, const struct machine *m);
bool party_has_network(const struct ref *ref, const struct routed *n);

/* Private IPv4 space that providers do not route: RFC 1918 and RFC 6598. */
bool party_is_private(struct prefix p);
