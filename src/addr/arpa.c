/* SPDX-License-Identifier: Apache-2.0 */
/* Both trees are the same thing with another digit: four decimal octets, or 32 hexadecimal nibbles. */
#include "addr/arpa.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "addr/digit.h"
#include "addr/wide.h"

static const char tail4[] = "in-addr.arpa", tail6[] = "ip6.arpa";

static size_t put_octet(char *p, unsigned v) {
	size_t n = 0;

	if (v >= 100)
		p[n++] = (char)('0' + v / 100);
	if (v >= 10)
		p[n++] = (char)('0' + v / 10 % 10);
	p[n++] = (char)('0' + v % 10);
	p[n++] = '.';
	return n;
}

size_t arpa_zone(struct prefix p, char ret_text[static ARPA_TEXT_MAX]) {
	bool v4 = prefix_family(p) == FAMILY_4;
	size_t at = 0;

	if (v4)
		for (unsigned i = (p.len - 96U) / 8; i > 0; i--)
			at += put_octet(ret_text + at, (unsigned)(p.ip.lo >> (32 - 8 * i)) & 0xff);
	else
		for (unsigned i = p.len / 4U; i > 0; i--) {
			ret_text[at++] = "0123456789abcdef"[(unsigned)(wide_of(p.ip) >> (128 - 4 * i)) & 15];
			ret_text[at++] = '.';
		}
	memcpy(ret_text + at, v4 ? tail4 : tail6, v4 ? sizeof(tail4) : sizeof(tail6));
	return at + (v4 ? sizeof(tail4) : sizeof(tail6)) - 1;
}

size_t arpa_name(struct ip ip, char ret_text[static ARPA_TEXT_MAX]) {
	return arpa_zone(prefix_host(ip), ret_text);
}

int arpa_each_zone(struct prefix p, int (*fn)(struct prefix zone, void *user), void *user) {
	bool v4 = prefix_family(p) == FAMILY_4;
	unsigned step = v4 ? 8 : 4, len = (p.len + step - 1U) / step * step;
	wide at = wide_of(p.ip);

	if (v4 && p.len > 120)
		return fn(prefix_around(p.ip, 120), user);
	for (unsigned i = 0; i < 1U << (len - p.len); i++, at += wide_left(1, 128 - len)) {
		int r = fn((struct prefix){ wide_ip(at), (uint8_t)len }, user);

		if (r)
			return r;
	}
	return 0;
}

static int fail(size_t *ret_at, size_t at) {
	if (ret_at)
		*ret_at = at;
	return -EINVAL;
}

/* The text without one of the two tails: its length, with the dot that ends the labels; -EINVAL when there is none. */
static int without_tail(const char *text, size_t len, const char *tail, size_t tail_len) {
	if (len < tail_len || strncasecmp(text + len - tail_len, tail, tail_len) != 0)
		return -EINVAL;
	if (len > tail_len && text[len - tail_len - 1] != '.')
		return -EINVAL;
	return (int)(len - tail_len);
}

static int parse_v4(const char *text, size_t len, struct prefix *ret_p, size_t *ret_at) {
	uint32_t v4 = 0, octet, n = 0;

	for (size_t at = 0; at < len; n++) {
		size_t digits = digit_number(text + at, len - at, 255, &octet);

		if (!digits || n == 4)
			return fail(ret_at, at);
		if (text[at + digits] != '.')
			return fail(ret_at, at + digits);
		v4 |= octet << 8 * n;
		at += digits + 1;
	}
	if (n < 4)
		v4 = n ? v4 << 8 * (4 - n) : 0;
	*ret_p = (struct prefix){ ip_from_v4(v4), (uint8_t)(96 + 8 * n) };
	return 0;
}

static int parse_v6(const char *text, size_t len, struct prefix *ret_p, size_t *ret_at) {
	wide w = 0;
	unsigned n = 0;

	for (size_t at = 0; at < len; at += 2, n++) {
		int digit = digit_hex(text[at]);

		if (digit < 0 || n == 32)
			return fail(ret_at, at);
		if (text[at + 1] != '.')
			return fail(ret_at, at + 1);
		w |= (wide)(unsigned)digit << 4 * n;
	}
	*ret_p = (struct prefix){ wide_ip(wide_left(w, 128 - 4 * n)), (uint8_t)(4 * n) };
	return 0;
}

int arpa_parse(const char *text, size_t len, struct prefix *ret_p, size_t *ret_at) {
	int labels;

	if (len && text[len - 1] == '.')
		len--;
	if (len >= ARPA_TEXT_MAX)
		return fail(ret_at, ARPA_TEXT_MAX - 1);
	labels = without_tail(text, len, tail6, sizeof(tail6) - 1);
	if (labels >= 0)
		return parse_v6(text, (size_t)labels, ret_p, ret_at);
	labels = without_tail(text, len, tail4, sizeof(tail4) - 1);
	if (labels >= 0)
		return parse_v4(text, (size_t)labels, ret_p, ret_at);
	return fail(ret_at, len);
}
