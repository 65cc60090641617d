/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every place in the estate that uses address space, in one sorted list: the basis of all checks for duplicates and
 * overlaps, and of "who has this address".
 */
#pragma once

#include "estate/model.h"

enum claim_kind {
	CLAIM_GIVEN,      /* owner: struct given */
	CLAIM_MACHINE,    /* owner: struct machine; its ip or ipv6 */
	CLAIM_OTHER,      /* owner: struct machine; other_ips, other_ips6 */
	CLAIM_ROUTED,     /* owner: struct routed */
	CLAIM_DOCKER,     /* owner: struct routed; its docker_network's IPv4 */
	CLAIM_FAILOVER,   /* owner: struct failover; a host prefix */
	CLAIM_VPN,        /* owner: struct vpn */
	CLAIM_VPN_CLIENT, /* owner: struct vpn_client */
	CLAIM_LAN,        /* owner: struct lan */
	CLAIM_NAT64,      /* owner: struct nat64; the prefix */
	CLAIM_NAT64_POOL, /* owner: struct nat64 */
	_CLAIM_MAX
};

struct claim {
	struct prefix prefix;
	enum claim_kind kind;
	const void *owner;
	const struct machine *machine; /* the machine it sits on, or NULL */
	const char *name;              /* of the owner, for messages */
	const struct node *at;
};

/* "machine fe01.de.example.net", "routed network of …", for messages; in the arena. */
const char *claim_describe(struct arena *a, const struct claim *c);

/* Fills estate.claims, sorted by address, then shorter prefix first, then place. */
void claims_build(struct estate *e);

/* The index of the first claim whose address is not below ip. O(log n). */
size_t claims_find(const struct estate *e, struct ip ip);
