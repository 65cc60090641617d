/* SPDX-License-Identifier: Apache-2.0 */
#include "addr/prefix.h"

#include <errno.h>
#include <string.h>

#include "addr/digit.h"
#include "addr/wide.h"

struct ip prefix_mask(unsigned len) {
	return wide_ip(~wide_ones(128 - MIN(len, 128U)));
}

struct prefix prefix_around(struct ip ip, unsigned len) {
	struct ip mask = prefix_mask(len);

	return (struct prefix){ { ip.hi & mask.hi, ip.lo & mask.lo }, (uint8_t)MIN(len, 128U) };
}

struct ip prefix_first(struct prefix p) {
	return p.ip;
}

struct ip prefix_last(struct prefix p) {
	return wide_ip(wide_of(p.ip) | wide_ones(128U - p.len));
}

bool prefix_has_ip(struct prefix p, struct ip ip) {
	struct ip mask = prefix_mask(p.len);

	return !((p.ip.hi ^ ip.hi) & mask.hi) && !((p.ip.lo ^ ip.lo) & mask.lo) && (p.len >= 96 || !ip_is_v4(ip));
}

bool prefix_covers(struct prefix outer, struct prefix inner) {
	return outer.len <= inner.len && prefix_has_ip(outer, inner.ip);
}

bool prefix_overlaps(struct prefix a, struct prefix b) {
	return a.len <= b.len ? prefix_covers(a, b) : prefix_covers(b, a);
}

bool prefix_equal(struct prefix a, struct prefix b) {
	return a.len == b.len && ip_equal(a.ip, b.ip);
}

int prefix_compare(struct prefix a, struct prefix b) {
	int r = ip_compare(a.ip, b.ip);

	return r ? r : (int)a.len - (int)b.len;
}

static int fail(struct ip_fault *fault, enum ip_error error, size_t at) {
	if (fault)
		*fault = (struct ip_fault){ error, at };
	return -EINVAL;
}

int prefix_parse(const char *text, size_t len, struct prefix *ret_p, struct ip_fault *fault) {
	const char *slash = len ? memchr(text, '/', len) : NULL;
	size_t address_len = slash ? (size_t)(slash - text) : len;
	bool dotted;
	uint32_t bits;
	struct ip ip;
	size_t digits;
	int r = ip_parse(text, address_len, &ip, fault);

	if (r < 0)
		return r;
	if (!slash) {
		*ret_p = prefix_host(ip);
		return 0;
	}
	/* The form decides what the length counts: ::ffff:192.0.2.0/120 is 192.0.2.0/24. */
	dotted = !memchr(text, ':', address_len);
	digits = digit_number(slash + 1, len - address_len - 1, dotted ? 32 : 128, &bits);
	if (!digits || address_len + 1 + digits != len)
		return fail(fault, IP_ERR_LENGTH, address_len + 1 + digits);
	*ret_p = prefix_around(ip, dotted ? bits + 96 : bits);
	return ip_equal(ret_p->ip, ip) ? 0 : fail(fault, IP_ERR_HOST_BITS, address_len + 1);
}

size_t prefix_format(struct prefix p, char ret_text[static PREFIX_TEXT_MAX]) {
	size_t at = ip_format(p.ip, ret_text);
	unsigned n = prefix_text_len(p);

	ret_text[at++] = '/';
	if (n >= 100)
		ret_text[at++] = '1';
	if (n >= 10)
		ret_text[at++] = (char)('0' + n / 10 % 10);
	ret_text[at++] = (char)('0' + n % 10);
	ret_text[at] = 0;
	return at;
}

bool prefix_on_nibble(struct prefix p) {
	return prefix_family(p) == FAMILY_4 ? p.len % 8 == 0 : p.len % 4 == 0;
}
