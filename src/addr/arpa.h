/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the reverse tree, both ways: in-addr.arpa (RFC 1035 section 3.5) and ip6.arpa (RFC 3596 section 2.5). */
#pragma once

#include "addr/prefix.h"

enum { ARPA_TEXT_MAX = 80 }; /* 32 nibbles with dots, "ip6.arpa" and the zero */

/* The PTR owner name of an address, without the final dot. Returns its length. */
size_t arpa_name(struct ip ip, char ret_text[static ARPA_TEXT_MAX]);

/*
 * The name of the zone of a prefix on a digit boundary (prefix_on_nibble). Other lengths are cut to the boundary above
 * (the enclosing zone). Returns its length.
 */
size_t arpa_zone(struct prefix p, char ret_text[static ARPA_TEXT_MAX]);

/*
 * Calls fn for each zone that a prefix needs: itself on a boundary, else the 2..128 zones of the next longer boundary
 * that together are the prefix. IPv4 longer than /24 gives its enclosing /24. Stops at and returns the first non-zero
 * result.
 */
int arpa_each_zone(struct prefix p, int (*fn)(struct prefix zone, void *user), void *user);

/* Reads such a name (with or without final dot, any case): a full one gives a host prefix. 0, or -EINVAL
 * with the offset of the first wrong byte in *ret_at (may be NULL); the end of the text when it is under neither tree.
 */
int arpa_parse(const char *text, size_t len, struct prefix *ret_p, size_t *ret_at);
