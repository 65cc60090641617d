/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the policy means, without nftables: which new connections each chain of each machine has to let through. It
 * shares the parties' addresses with the firewall (estate/party.h) and nothing else, so that each can prove the other
 * wrong.
 *
 *     struct policy_model *pm = policy_model_new(estate, &arena);
 *     struct flows f;
 *     flows_init(&f, &arena);
 *     policy_flows(pm, machine, &f);
 *     flows_done(&f);
 *     policy_model_done(pm);
 *
 * Meaning. A line allows from × to × services in each family on its own; a side without addresses in a family allows
 * nothing there. Who an address belongs to is asked where the packet is: in IPv4 a network behind NAT is its machine's
 * address to everybody, and on that machine (and for what is behind it) the network as well.
 *
 *   input    A machine that `to` names (itself, its group, all, any) lets the line's sources reach each address that it
 *            has in that family, its virtual ones too. One that `to` does not name does so for those addresses that
 *            are written there singly; and in IPv4 for its main address, when a network behind its NAT is in `to`.
 *   forward  Only where there is something behind the machine. From the line's sources to those addresses behind it
 *            that are in `to` as everybody sees them; "any" leaves out what is behind NAT. In IPv4 also what is asked
 *            of its main address and translated (`translated`), when a network behind its NAT is in `to`. From those
 *            addresses behind it that are in `from` to all of `to`. On a NAT64 translator from its clients to the IPv4
 *            side of `to` behind the translation prefix (RFC 6052), and on from its pool, which stands for them.
 *   links    Members of one Docker network reach each other without a line.
 */
#pragma once

#include "estate/estate.h"
#include "render/flows.h"

struct policy_model;

/* The model of a loaded estate without errors; lives in the arena, sets are made when first needed. One thread. */
struct policy_model *policy_model_new(const struct estate *e, struct arena *a);
void policy_model_done(struct policy_model *pm);

/* Everything that a machine's chains let through; origin: const struct policy *, or NULL for a Docker link. */
void policy_flows(struct policy_model *pm, const struct machine *m, struct flows *ret);

/* From × to, of one line in one chain and family. Sets are normal and not empty; those of whole parties live as long as
 * the model and are the same pointers on all machines, the others are in the arena given. */
struct policy_rect {
	const struct prefix_set *from, *to;
	bool translated;           /* as in struct flow_box */
	const struct policy *line; /* NULL: a Docker link */
};

struct policy_rects {
	VEC(struct policy_rect) list;
};

/* Adds what one line means to one chain; `line` NULL: the machine's Docker links. The caller frees the list. */
void policy_rects(struct policy_model *pm, const struct machine *m, enum flow_chain chain, enum family family,
		  const struct policy *line, struct arena *a, struct policy_rects *rects);

/* Something behind a machine, with its network in each family. A network that others cannot see as it is in IPv4 is
 * `translated`, whether its inner prefix is known or not. */
struct policy_behind {
	enum { BEHIND_ROUTED, BEHIND_LAN, BEHIND_VPN, BEHIND_POOL } kind;
	const struct prefix *net4, *net6; /* NULL: none, or not known */
	bool translated;
	const struct list *groups;   /* struct ref; NULL: none */
	const struct routed *routed; /* of BEHIND_ROUTED */
	const struct machine *machine;
};

/* A machine's networks, and its own addresses with those that a failover entry may give it. Valid as the model. */
struct policy_place {
	const struct policy_behind *behind;
	uint32_t n;
	struct prefix_set own4, own6; /* normal */
};
const struct policy_place *policy_place(struct policy_model *pm, const struct machine *m);
