/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may use a service of a machine: the sources of the policy lines whose destination includes the machine and whose
 * services include the port. For targets that keep an access list of their own (pg_hba.conf, unbound, Varnish), which
 * must never say more than the firewall.
 *
 * A destination includes the machine by name (any, all, one of its groups, itself), or as a literal that holds one of
 * its addresses of the family, or one that a failover entry can give it. A network behind its NAT does not make it a
 * destination: what is asked there is asked of the network. Sources are those that the machine sees: IPv4 behind
 * another machine's NAT is that machine's address, behind its own it is the network.
 */
#pragma once

#include "addr/set.h"
#include "estate/estate.h"

struct allowed {
	bool any;                  /* everybody, in this family; `from` is then empty */
	struct prefix_set from;    /* normal; empty without `any`: nobody */
	const struct policy *line; /* the first one that lets anybody in, for messages; NULL: none */
};

/* All lines together. protocol: IPPROTO_TCP or IPPROTO_UDP. The caller frees ret->from. */
void allowed_sources(const struct estate *e, const struct machine *m, enum family family, uint8_t protocol,
		     uint16_t port, struct allowed *ret);

/* One line alone, for lists that follow the policy's order. The caller frees ret->from. */
void allowed_by_line(const struct estate *e, const struct machine *m, enum family family, uint8_t protocol,
		     uint16_t port, const struct policy *line, struct allowed *ret);

/* Whether the line speaks of this service on this machine at all, in whichever family. */
bool allowed_applies(const struct machine *m, uint8_t protocol, uint16_t port, const struct policy *line);
