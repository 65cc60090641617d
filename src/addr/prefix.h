/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network: an address whose bits right of `len` are zero, and a length 0..128 that counts in the 128-bit space. IPv4
 * a.b.c.d/n is length 96 + n; prefix_text_len() gives n back.
 *
 * The families never meet: ::/0 is all of IPv6 and no IPv4, although the block ::ffff:0:0/96 lies in it numerically.
 * 0.0.0.0/0 is that block. So a rule for ::/0 never becomes one for IPv4 by arithmetic.
 */
#pragma once

#include "addr/ip.h"

struct prefix {
	struct ip ip;
	uint8_t len; /* 0..128 */
};

enum { PREFIX_TEXT_MAX = IP_TEXT_MAX + 4 };

/* IPv4 when the prefix lies inside ::ffff:0:0/96. */
static inline enum family prefix_family(struct prefix p) {
	return p.len >= 96 && ip_is_v4(p.ip) ? FAMILY_4 : FAMILY_6;
}

/* The length as people write it: 0..32 or 0..128. */
static inline unsigned prefix_text_len(struct prefix p) {
	return prefix_family(p) == FAMILY_4 ? p.len - 96U : p.len;
}

/* All-ones in the first len bits. */
struct ip prefix_mask(unsigned len);

/* The prefix of this length (0..128) around an address; host bits are cleared. */
struct prefix prefix_around(struct ip ip, unsigned len);
static inline struct prefix prefix_host(struct ip ip) {
	return (struct prefix){ ip, 128 };
}

struct ip prefix_first(struct prefix p);
struct ip prefix_last(struct prefix p);
bool prefix_has_ip(struct prefix p, struct ip ip);
bool prefix_covers(struct prefix outer, struct prefix inner); /* equal counts as covered */
bool prefix_overlaps(struct prefix a, struct prefix b);
bool prefix_equal(struct prefix a, struct prefix b);
int prefix_compare(struct prefix a, struct prefix b); /* by address, then shorter first */

/*
 * Parses "address/length", or "address" as a host prefix. The length is decimal without sign or leading zero, up to 32
 * behind a dotted address and up to 128 behind one with colons (::ffff:192.0.2.0/120 is 192.0.2.0/24). Host bits
 * are IP_ERR_HOST_BITS, and then *ret_p is set all the same, to the prefix with the host bits cleared, for the message
 * that names the right one: the only case in which a failing call sets its output. 0 or -EINVAL.
 */
int prefix_parse(const char *text, size_t len, struct prefix *ret_p, struct ip_fault *fault);

/* "2001:db8::/32"; always with its length. Returns the text's length. */
size_t prefix_format(struct prefix p, char ret_text[static PREFIX_TEXT_MAX]);

/* Whether the length falls on a digit of the reverse zone: /4 steps in IPv6, /8 steps in IPv4. */
bool prefix_on_nibble(struct prefix p);
