/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A range is cut greedily: the largest prefix that begins at its first address (as many zero bits as that has) and does
 * not pass its last. Sizes double on the way up and halve on the way down, hence the bound of 2 * 127.
 *
 * The numbers of ::ffff:0:0/96 mean nothing in an IPv6 range. A cut may run over them, never begin with them: that
 * would be a prefix of IPv4. A range that ends right before them may be cut as if it ended behind them where that saves
 * prefixes (::/80 instead of sixteen), which is from /94 up.
 */
#include <errno.h>
#include <string.h>

#include "addr/set.h"
#include "addr/wide.h"

/* How many bits the largest prefix leaves open that begins at `at` and is inside the range. */
static unsigned cut_bits(wide at, wide last) {
	wide left = last - at + 1; /* 0 is all 2^128 */
	unsigned fits = left ? 127 - wide_leading_zeros(left) : 128, bits = MIN(wide_trailing_zeros(at), fits);
	wide over = WIDE_V4_LAST - at;

	if (last == WIDE_V4_FIRST - 1 && over >= wide_ones(34) && !(over & (over + 1)) && !(at & over))
		return 128 - wide_leading_zeros(over);
	return bits;
}

bool range_next_prefix(struct range *r, struct prefix *ret_p) {
	wide at = wide_of(r->first), last = wide_of(r->last);
	unsigned bits = cut_bits(at, last);
	wide end = at + wide_ones(bits);

	*ret_p = (struct prefix){ r->first, (uint8_t)(128 - bits) };
	if (end >= last)
		return false;
	r->first = wide_ip(!ip_is_v4(r->last) && end + 1 == WIDE_V4_FIRST ? WIDE_V4_LAST + 1 : end + 1);
	return ip_compare(r->first, r->last) <= 0;
}

int range_each_prefix(struct range r, int (*fn)(struct prefix p, void *user), void *user) {
	struct prefix p;
	bool more;

	do {
		more = range_next_prefix(&r, &p);
		int result = fn(p, user);

		if (result)
			return result;
	} while (more);
	return 0;
}

static int fail(struct ip_fault *fault, enum ip_error error, size_t at) {
	if (fault)
		*fault = (struct ip_fault){ error, at };
	return -EINVAL;
}

static int parse_end(const char *text, struct str part, struct ip *ret_ip, struct ip_fault *fault) {
	struct str trimmed = str_trim(part);
	int r = ip_parse(trimmed.s, trimmed.len, ret_ip, fault);

	if (r < 0 && fault)
		fault->at += (size_t)(trimmed.s - text);
	return r;
}

int range_parse(const char *text, size_t len, struct range *ret_r, struct ip_fault *fault) {
	const char *dash = len ? memchr(text, '-', len) : NULL;
	size_t at = dash ? (size_t)(dash - text) : len;
	struct range range;
	int r;

	if (!dash)
		return fail(fault, IP_ERR_RANGE, len);
	r = parse_end(text, (struct str){ text, at }, &range.first, fault);
	if (r < 0)
		return r;
	r = parse_end(text, (struct str){ dash + 1, len - at - 1 }, &range.last, fault);
	if (r < 0)
		return r;
	if (ip_family(range.first) != ip_family(range.last) || ip_compare(range.first, range.last) > 0)
		return fail(fault, IP_ERR_RANGE, at + 1);
	*ret_r = range;
	return 0;
}
