/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the policy means, without nftables: the flows that a machine has to let through, and the verdict on one
 * connection from end to end. It shares the parties' addresses with the firewall (estate/party.h) and nothing else, so
 * that each can prove the other wrong.
 */
#pragma once

#include "estate/estate.h"
#include "render/flows.h"

/* The flows of one machine's chains, as the policy wants them; origin: const struct policy *. */
void policy_flows(const struct estate *e, const struct machine *m, struct flows *ret);

/* The end of a connection: an address, and the machine that has it or that it lies behind; NULL, NULL: outside. */
struct flow_end {
	struct ip ip;
	const struct machine *machine; /* whose own address it is */
	const struct routed *network;  /* the routed network it lies in */
};

/* One firewall on the way. */
struct flow_hop {
	const struct machine *machine;
	enum flow_chain chain;
	bool accepts;
	const struct policy *line; /* that accepts; NULL: none does */
};

enum { FLOW_HOPS_MAX = 4 };

struct flow_path {
	bool accepts;
	unsigned n;
	struct flow_hop hops[FLOW_HOPS_MAX];
};

/* Where an address belongs. */
struct flow_end flow_end_of(const struct estate *e, struct ip ip);

/* The verdict on one new connection: every firewall on its way has to accept. */
void policy_trace(const struct estate *e, struct ip from, struct ip to, uint8_t protocol, uint16_t port,
		  struct arena *a, struct flow_path *ret);
