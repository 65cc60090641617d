/* SPDX-License-Identifier: Apache-2.0 */
/* The IANA special-purpose address registries (RFC 6890, RFC 8190; entries to RFC 9637), plus multicast. */
#pragma once

#include "addr/prefix.h"

/* One registry row. */
struct special {
	const char *name;      /* as in the registry, e.g. "Documentation" */
	const char *kind;      /* our stable word: documentation, private, shared, loopback, link-local, unique-local,
				* multicast, unspecified, mapped, nat64, nat64-local, 6to4, teredo, benchmarking, discard,
				* reserved, protocol, orchid, site-local, broadcast, srv6 */
	const char *reference; /* "RFC 3849" */
	struct prefix prefix;
	bool source, destination, forwardable, global; /* the registry's columns */
};

/* The most specific row that has the address (covers the prefix), or NULL: ordinary global unicast. */
const struct special *special_of_ip(struct ip ip);
const struct special *special_of_prefix(struct prefix p);

/* The kind of an address or prefix: the row's word, or "global". */
const char *special_kind(struct prefix p);

/* All rows, for listings. */
const struct special *special_table(size_t *ret_n);
