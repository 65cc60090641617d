/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IANA special-purpose address registries (RFC 6890, RFC 8190) as of 2025-10-09, which is after RFC 9780, plus what
 * they leave to others: multicast, the deprecated site-local and IPv4-compatible blocks, and the IPv6 space that is
 * reserved by the IETF.
 */
#pragma once

#include "addr/prefix.h"

/* One registry row. */
struct special {
	const char *name;      /* as in the registry, e.g. "Documentation" */
	const char *kind;      /* our stable word: documentation, private, shared, loopback, link-local, unique-local,
				* multicast, unspecified, mapped, nat64, nat64-local, 6to4, teredo, benchmarking, discard,
				* reserved, protocol, anycast, dummy, orchid, site-local, broadcast, srv6 */
	const char *reference; /* "RFC 3849" */
	struct prefix prefix;
	bool source, destination, forwardable, global, reserved; /* the registry's columns; N/A is false */
};

/* The most specific row that has the address (covers the prefix), or NULL: ordinary global unicast. */
const struct special *special_of_ip(struct ip ip);
const struct special *special_of_prefix(struct prefix p);

/* The kind of an address or prefix: the row's word, or "global". */
const char *special_kind(struct prefix p);

/* All rows, for listings. */
const struct special *special_table(size_t *ret_n);
