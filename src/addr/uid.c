/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-width fields by their separators. A mapped address needs no care: 32 digits of one are the number of struct ip.
 */
#include "addr/uid.h"

#include <errno.h>
#include <string.h>

#include "addr/digit.h"

struct cursor {
	const char *text;
	size_t len, at;
};

static bool take(struct cursor *c, char separator) {
	if (c->at == c->len || c->text[c->at] != separator)
		return false;
	c->at++;
	return true;
}

/* Hex digits, at most max (1..16) of them; returns how many. */
static size_t take_hex(struct cursor *c, size_t max, uint64_t *ret_v) {
	uint64_t v = 0;
	size_t n = 0;
	int digit;

	for (; n < max && c->at < c->len && (digit = digit_hex(c->text[c->at])) >= 0; n++, c->at++)
		v = v << 4 | (unsigned)digit;
	*ret_v = v;
	return n;
}

/* (H8|H32):H4 */
static int take_endpoint(struct cursor *c, struct endpoint *ret_e) {
	struct endpoint e = { .port = -1 };
	uint64_t first, rest, port;
	size_t n = take_hex(c, 16, &first);

	if (n == 8) {
		e.ip = ip_from_v4((uint32_t)first);
	} else if (n == 16 && take_hex(c, 16, &rest) == 16) {
		e.ip = (struct ip){ first, rest };
	} else {
		return -EINVAL;
	}
	if (!take(c, ':') || take_hex(c, 4, &port) != 4)
		return -EINVAL;
	e.port = (int32_t)port;
	*ret_e = e;
	return 0;
}

/* A number printed with %04X. */
static int take_number(struct cursor *c, uint64_t *ret_v) {
	return take_hex(c, 16, ret_v) >= 4 ? 0 : -EINVAL;
}

static int parse(struct cursor *c, struct uid *u) {
	if (take_endpoint(c, &u->client) < 0)
		return -EINVAL;
	if (c->at == c->len)
		return 0;
	if (!take(c, '_') || take_endpoint(c, &u->frontend) < 0)
		return -EINVAL;
	if (c->at == c->len)
		return 0;
	if (!take(c, '_') || take_number(c, &u->seconds) < 0)
		return -EINVAL;
	u->has_time = true;
	if (c->at == c->len)
		return 0;
	if (!take(c, '_') || take_number(c, &u->request) < 0 || !take(c, ':') || take_number(c, &u->pid) < 0)
		return -EINVAL;
	u->has_request = true;
	return c->at == c->len ? 0 : -EINVAL;
}

int uid_parse(const char *text, size_t len, struct uid *ret_uid, size_t *ret_at) {
	struct cursor c = { text, len, 0 };
	struct uid u = { .client.port = -1, .frontend.port = -1 };
	int r = parse(&c, &u);

	if (r < 0 && ret_at)
		*ret_at = c.at;
	if (r == 0)
		*ret_uid = u;
	return r;
}

/* Upper-case hex, at least `width` digits. */
static size_t put_hex(char *p, uint64_t v, unsigned width) {
	unsigned digits = (67U - (unsigned)__builtin_clzll(v | 1)) / 4;

	digits = MAX(digits, width);
	for (unsigned i = 0; i < digits; i++)
		p[i] = "0123456789ABCDEF"[v >> (4 * (digits - 1 - i)) & 15];
	return digits;
}

static size_t put_endpoint(char *p, const struct endpoint *e) {
	size_t at = 0;

	if (ip_is_v4(e->ip)) {
		at += put_hex(p, (uint32_t)e->ip.lo, 8);
	} else {
		at += put_hex(p, e->ip.hi, 16);
		at += put_hex(p + at, e->ip.lo, 16);
	}
	p[at++] = ':';
	return at + put_hex(p + at, (uint16_t)MAX(e->port, 0), 4);
}

size_t uid_format(const struct uid *u, char ret_text[static UID_TEXT_MAX]) {
	size_t at = put_endpoint(ret_text, &u->client);

	if (u->frontend.port >= 0) {
		ret_text[at++] = '_';
		at += put_endpoint(ret_text + at, &u->frontend);
		if (u->has_time) {
			ret_text[at++] = '_';
			at += put_hex(ret_text + at, u->seconds, 4);
		}
		if (u->has_time && u->has_request) {
			ret_text[at++] = '_';
			at += put_hex(ret_text + at, u->request, 4);
			ret_text[at++] = ':';
			at += put_hex(ret_text + at, u->pid, 4);
		}
	}
	ret_text[at] = 0;
	return at;
}
