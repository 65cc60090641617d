/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may use a service of a machine: the sources of all policy lines whose destination includes the machine and whose
 * services include the port. For targets that keep an access list of their own (pg_hba.conf, unbound, Varnish), which
 * must never say more than the firewall.
 */
#pragma once

#include "addr/set.h"
#include "estate/estate.h"

struct allowed {
	bool any;                  /* everybody, in this family */
	struct prefix_set from;    /* normal; empty without `any`: nobody */
	const struct policy *line; /* the first one that lets anybody in, for messages; NULL: none */
};

/* protocol: IPPROTO_TCP or IPPROTO_UDP. The caller frees ret->from. */
void allowed_sources(const struct estate *e, const struct machine *m, enum family family, uint8_t protocol,
		     uint16_t port, struct allowed *ret);
