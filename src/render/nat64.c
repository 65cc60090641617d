/* SPDX-License-Identifier: Apache-2.0 */
#include "render/nat64.h"

enum { RESERVED_FIRST = 64, RESERVED_BITS = 8 };

const struct nat64 *nat64_on(const struct estate *e, const struct machine *m, unsigned roles) {
	if (e->nat64 && m->role_bits & roles)
		LIST_EACH (struct ref, ref, &e->nat64->machines)
			if (ref->to == m)
				return e->nat64;
	return NULL;
}

const char *nat64_length_fault(struct prefix p) {
	const bool right = p.len == 96 || (p.len >= 32 && p.len <= 64 && p.len % 8 == 0);

	return right ? NULL : "a NAT64 prefix is a /32, /40, /48, /56, /64 or /96 (RFC 6052)";
}

const char *nat64_prefix_fault(struct prefix p) {
	const char *fault = nat64_length_fault(p);

	return fault ? fault : p.ip.lo >> 56 ? "bits 64 to 71 of a NAT64 prefix are zero (RFC 6052)" : NULL;
}

bool nat64_is_wellknown(struct prefix p) {
	return p.len == 96 && p.ip.hi == UINT64_C(0x0064ff9b00000000) && !p.ip.lo;
}

const char *nat64_text_fault(struct str text, struct prefix *ret_p) {
	struct ip_fault fault;

	if (prefix_parse(text.s, text.len, ret_p, &fault) < 0)
		return fault.error == IP_ERR_HOST_BITS ? "there are bits behind the length of the NAT64 prefix"
						       : "the NAT64 prefix is no IPv6 network";
	return prefix_family(*ret_p) == FAMILY_4 ? "the NAT64 prefix is no IPv6 network" : nat64_prefix_fault(*ret_p);
}

static void set_bit(struct ip *ip, unsigned bit) {
	if (bit < 64)
		ip->hi |= UINT64_C(1) << (63 - bit);
	else
		ip->lo |= UINT64_C(1) << (127 - bit);
}

/* The address's bits follow the prefix, but jump over bits 64 to 71. */
struct prefix nat64_embed(struct prefix nat64, struct prefix v4) {
	struct prefix p = nat64;
	unsigned at = p.len;

	for (unsigned i = 0; i < prefix_text_len(v4); i++) {
		if (at == RESERVED_FIRST)
			at += RESERVED_BITS;
		if (v4.ip.lo >> (31 - i) & 1)
			set_bit(&p.ip, at);
		at++;
	}
	p.len = (uint8_t)at;
	return p;
}
