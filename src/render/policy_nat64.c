/* SPDX-License-Identifier: Apache-2.0 */
#include "render/policy_nat64.h"

struct mapping {
	struct prefix nat64;
	struct prefix_set *set;
};

bool policy_nat64_valid(struct prefix nat64) {
	return nat64.len == 96 || (nat64.len >= 32 && nat64.len <= 64 && nat64.len % 8 == 0);
}

/* How many of the 32 bits stand before bit 64. */
static unsigned high_bits(struct prefix nat64) {
	return nat64.len < 64 ? 64U - nat64.len : 0;
}

static int embed(struct prefix v4, void *user) {
	const struct mapping *m = user;
	uint64_t bits = v4.ip.lo & UINT32_MAX;
	unsigned len = prefix_text_len(v4), high = high_bits(m->nat64), low = 32 - high;
	struct prefix p = m->nat64;

	if (p.len == 96) {
		p.ip.lo |= bits;
		p.len = (uint8_t)(96 + len);
	} else {
		p.ip.hi |= bits >> low;
		p.ip.lo |= low ? (bits & (UINT64_MAX >> (64 - low))) << (56 - low) : 0;
		p.len = (uint8_t)(len <= high ? p.len + len : 72 + len - high);
	}
	prefix_set_add(m->set, p);
	return 0;
}

void policy_embed(struct prefix nat64, const struct prefix_set *v4, struct prefix_set *set) {
	(void)prefix_set_each(v4, embed, &(struct mapping){ nat64, set });
}

static int unembed(struct prefix v6, void *user) {
	const struct mapping *m = user;
	unsigned high = high_bits(m->nat64), low = 32 - high, len = 0;
	uint64_t bits;

	if (!prefix_covers(m->nat64, v6))
		return 0;
	if (m->nat64.len == 96) {
		bits = v6.ip.lo;
		len = v6.len - 96U;
	} else {
		bits = (high ? v6.ip.hi & (UINT64_MAX >> (64 - high)) : 0) << low;
		bits |= low ? v6.ip.lo << 8 >> (64 - low) : 0;
		len = v6.len <= 64 ? (unsigned)(v6.len - m->nat64.len) : v6.len <= 72 ? high : v6.len - 72U + high;
	}
	prefix_set_add(m->set, prefix_around(ip_from_v4((uint32_t)bits), 96 + MIN(len, 32U)));
	return 0;
}

void policy_unembed(struct prefix nat64, const struct prefix_set *v6, struct prefix_set *set) {
	(void)prefix_set_each(v6, unembed, &(struct mapping){ nat64, set });
}
