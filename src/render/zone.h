/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The zones that follow from an estate: one for its domain and those of the reverse tree that its prefixes are.
 *
 * Forward: every machine below the domain with all its addresses; every endpoint below the domain with the addresses of
 * what it leads to (virtual addresses of failover entries, `ip` and `ipv6` of machines). A failover entry by itself is
 * no name. Link-local addresses are nowhere.
 *
 * Reverse: a prefix is one zone on a digit boundary, else the zones of the next boundary. Prefixes inside others give
 * no zone of their own: the outer zone has their records. IPv4 longer than /24 is a zone as in RFC 2317 section 4,
 * 64/26.100.51.198.in-addr.arpa, which the holder of the /24 must refer to; to serve the /24 itself would deny the
 * addresses of others. A PTR is written only for a name that the forward zone gives the same address: a machine's own
 * name, else the first endpoint's. What has no such name is a note.
 */
#pragma once

#include "estate/estate.h"
#include "render/dns_name.h"

struct zone_record {
	const char *owner;           /* relative to the zone, "@" for its top */
	struct ip ip;                /* A or AAAA: the address; PTR: the address it is for */
	const struct dns_name *name; /* PTR: where it leads; NULL in a forward zone */
	const char *note;            /* why the name has this address, or NULL */
	struct loc loc;              /* where the estate says so */
};

struct zone {
	const char *name;      /* without the final dot */
	const char *file;      /* its name as a file: without '/' */
	struct prefix network; /* of a reverse zone */
	bool is_reverse;
	struct zone_record *records; /* sorted by name, or by address */
	size_t record_count;
	const char **notes; /* what the zone could have had, and why it has not */
	size_t note_count;
};

/* What cannot be written as DNS. */
struct zone_problem {
	struct loc loc;
	const char *message, *hint;
};

struct zones {
	struct dns_name domain; /* empty text: none */
	struct zone *v;         /* the domain first, then IPv4, then IPv6 in the order of the addresses */
	size_t n;
	struct zone_problem *problems;
	size_t problem_count;
};

/* The zones without records and notes. O(p log p) for p prefixes. */
void zones_name(const struct estate *e, struct arena *a, struct zones *ret_z);

/* All of it; O(n log n) for n addresses. */
void zones_build(const struct estate *e, struct arena *a, struct zones *ret_z);
