/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows: which new connections a chain of a machine lets through, as a union of boxes source × destination × protocol ×
 * ports, one address family a box. Two sides make them: the policy evaluator (policy_flows.h) from the model, and the
 * reader (nft_read.h) from the text of a firewall. They are comparable exactly, address by address, without ever
 * enumerating one.
 *
 *     struct flows a, b, gone;
 *     flows_subtract(&a, &b, &gone);      // what a lets through and b does not
 */
#pragma once

#include "addr/set.h"
#include "base/arena.h"
#include "base/vec.h"

enum flow_chain { FLOW_INPUT, FLOW_FORWARD, _FLOW_CHAIN_MAX };

/* A box is never empty: an empty source or destination is no box, never "any". Sets are normal and borrowed: they live
 * in the arena of whoever made the box, as does origin. */
struct flow_box {
	enum flow_chain chain;
	enum family family;
	uint8_t protocol;               /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t port_first, port_last; /* of the destination */
	bool translated; /* `to` and the ports are those before destination NAT, for translated connections only */
	struct prefix_set from, to;
	const void *origin; /* what let it through: a struct policy, or a struct nft_rule; or NULL */
};

struct flows {
	struct arena *arena;
	VEC(struct flow_box) boxes;
};

/* done frees the list of boxes; the sets stay in their arenas. */
void flows_init(struct flows *f, struct arena *a);
void flows_done(struct flows *f);

/* Adds a box; an empty one is left out. */
void flows_add(struct flows *f, const struct flow_box *box);

/* a without b, in disjoint boxes with a's origins; what two boxes of a let through belongs to the first. ret has been
 * initialised and is empty; what it holds is in its own arena. The work is polynomial in the ranges of all boxes. */
void flows_subtract(const struct flows *a, const struct flows *b, struct flows *ret);

/* The box that lets one connection through, or NULL; the first one added wins. O(boxes). */
const struct flow_box *flows_find(const struct flows *f, enum flow_chain chain, struct ip from, struct ip to,
				  uint8_t protocol, uint16_t port, bool translated);

const char *flow_chain_to_str(enum flow_chain c); /* "input", "forward" */
