/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network interfaces of a machine that follow from the estate: which addresses sit on which, with what length, and
 * which routes go where. Interfaces of Docker and OpenVPN are theirs and not among them.
 *
 * An address has the whole of its prefix on its link, unless that prefix is given out per machine (per_machine) or is
 * not known: then it stands alone (/32, /128). IPv6 links are /64 unless the prefix is longer. Further addresses stand
 * alone. An address inside a LAN that the machine is router of sits on the LAN's interface, with the LAN's length.
 */
#pragma once

#include "base/arena.h"
#include "estate/estate.h"

struct link_address {
	struct ip ip;
	uint8_t len; /* in the 128-bit space */
	const struct scalar *comment;
	const struct node *at;
	struct link_address *next;
};

enum link_route_kind {
	LINK_ROUTE_DEFAULT,
	LINK_ROUTE_ON_LINK,     /* to a LAN in which the machine has no address */
	LINK_ROUTE_UNREACHABLE, /* what nobody has taken of a network that is routed to this machine */
};

struct link_route {
	enum link_route_kind kind;
	struct prefix destination; /* not of a default route */
	struct ip gateway;         /* of a default route */
	bool gateway_on_link;      /* no address of the link says that it is */
	const struct node *at;
	struct link_route *next;
};

/* A sentence for the file, about what the estate does not say. */
struct link_note {
	const char *text;
	struct link_note *next;
};

struct link {
	const char *name;
	const struct node *at;
	bool is_uplink;
	bool is_lan;                                     /* of people's devices */
	bool has_failover;                               /* keepalived adds addresses to it */
	int vlan;                                        /* its id on the parent, or -1 */
	struct link *first_vlan, *next_vlan;             /* those that sit on this one */
	struct link_address *addresses, **addresses_end; /* where the next one goes; NULL before the first */
	struct link_route *routes, **routes_end;
	struct link_note *notes, **notes_end;
	struct link *next;
};

struct links {
	struct link *first; /* the uplink */
	bool forwards;      /* the machine passes on packets of others */
};

/* Which LANs, failover entries, VPNs and translators a machine has to do with: found once for all machines. */
struct link_index;
const struct link_index *link_index_build(const struct estate *e, struct arena *a);

/* O(what the machine itself has), but for networks of which none covers the other: those are compared in pairs. */
void links_build(const struct estate *e, const struct link_index *index, const struct machine *m, struct arena *a,
		 struct links *ret_l);

/* What the kernel does not take as an interface's name, or NULL. */
const char *link_name_fault(const char *name);
