/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte-wise reader: it takes every text and finds the first byte that cannot be right. Plain texts never come here,
 * see ip_fast.h. Whatever is reported goes through fault(), so that "why" is computed once and for one place.
 */
#include "addr/ip.h"

#include <errno.h>
#include <string.h>

#include "addr/digit.h"
#include "addr/ip_fast.h"

static const char *const hints[_IP_ERR_MAX] = {
	[IP_OK] = "nothing is wrong",
	[IP_ERR_EMPTY] = "write an address such as 192.0.2.1 or 2001:db8::1",
	[IP_ERR_CHARACTER] = "an address is written with digits and dots (IPv4), or hex digits and colons (IPv6)",
	[IP_ERR_V4_PARTS] = "an IPv4 address has exactly four numbers",
	[IP_ERR_V4_RANGE] = "each of the four numbers is 0 to 255",
	[IP_ERR_V4_LEADING_ZERO] = "write the number without leading zeros: some programs read them as octal",
	[IP_ERR_V6_GROUP] = "a group has at most four hex digits",
	[IP_ERR_V6_FEW] = "an IPv6 address has eight groups; '::' stands for those that are left out",
	[IP_ERR_V6_MANY] = "an IPv6 address has eight groups, and '::' stands for at least one",
	[IP_ERR_V6_TWO_GAPS] = "'::' may stand only once, and with two colons",
	[IP_ERR_V6_COLON] = "a colon at either end is doubled: '::'",
	[IP_ERR_V4_IN_V6] = "an IPv4 address inside an IPv6 address is its end",
	[IP_ERR_ZONE] = "a zone is an interface name of 1 to 15 characters behind '%', and only in IPv6",
	[IP_ERR_LENGTH] = "a prefix length is 0 to 32 in IPv4, 0 to 128 in IPv6, without sign or leading zero",
	[IP_ERR_HOST_BITS] = "the bits behind the prefix length are zero in a network's address",
	[IP_ERR_PORT] = "a port is 0 to 65535, written 192.0.2.1:80 or [2001:db8::1]:80",
	[IP_ERR_TRAILING] = "nothing may follow here",
	[IP_ERR_RANGE] = "a range is two addresses of one family with '-' between, the lower one first",
};

const char *ip_error_hint(enum ip_error e) {
	return hints[e < _IP_ERR_MAX ? e : IP_OK];
}

/* A text under the reader. */
struct text {
	const char *s;
	size_t len;
	struct ip_fault *fault; /* where to say why; never NULL */
};

static int fault(const struct text *t, enum ip_error error, size_t at) {
	*t->fault = (struct ip_fault){ error, at };
	return -EINVAL;
}

/* What a byte means where neither digit nor separator fits. */
static int fault_of_byte(const struct text *t, size_t at) {
	switch (t->s[at]) {
	case '%':
		return fault(t, IP_ERR_ZONE, at);
	case '/':
	case ':':
	case ' ':
		return fault(t, IP_ERR_TRAILING, at);
	default:
		return fault(t, IP_ERR_CHARACTER, at);
	}
}

/* Four numbers from `at` to the end of the text. */
static int read_v4(const struct text *t, size_t at, uint32_t *ret_v4) {
	uint32_t v4 = 0;

	for (int part = 0; part < 4; part++) {
		size_t start;
		uint32_t n = 0;

		if (part && (at == t->len || t->s[at] == '/' || t->s[at] == ':' || t->s[at] == '%'))
			return fault(t, IP_ERR_V4_PARTS, at);
		if (part && t->s[at++] != '.')
			return fault_of_byte(t, at - 1);
		if (at == t->len || t->s[at] == '.')
			return fault(t, IP_ERR_V4_PARTS, at);
		if (!digit_is_decimal(t->s[at]))
			return fault_of_byte(t, at);
		for (start = at; at < t->len && digit_is_decimal(t->s[at]); at++) {
			n = n * 10 + (uint32_t)(t->s[at] - '0');
			if (at > start && t->s[start] == '0')
				return fault(t, IP_ERR_V4_LEADING_ZERO, start);
			if (n > 255)
				return fault(t, IP_ERR_V4_RANGE, start);
		}
		v4 = v4 << 8 | n;
	}
	if (at < t->len && t->s[at] == '.')
		return fault(t, IP_ERR_V4_PARTS, at);
	if (at < t->len)
		return fault_of_byte(t, at);
	*ret_v4 = v4;
	return 0;
}

struct groups {
	uint16_t v[8];
	unsigned n;
	int gap; /* groups before the '::', or -1 */
};

static bool groups_fit(const struct groups *g, unsigned more) {
	return g->n + more <= (g->gap < 0 ? 8U : 7U);
}

/* The dotted end of an IPv6 address. */
static int read_v4_tail(const struct text *t, size_t at, struct groups *g) {
	const char *colon = memchr(t->s + at, ':', t->len - at);
	uint32_t v4;
	int r;

	if (!groups_fit(g, 2))
		return fault(t, IP_ERR_V6_MANY, at);
	r = read_v4(t, at, &v4);
	if (r < 0 && colon && t->fault->at == (size_t)(colon - t->s))
		return fault(t, IP_ERR_V4_IN_V6, at);
	if (r < 0)
		return r;
	g->v[g->n++] = (uint16_t)(v4 >> 16);
	g->v[g->n++] = (uint16_t)v4;
	return 0;
}

/* One group at *at, or the dotted end, which takes the rest of the text. */
static int read_group(const struct text *t, size_t *at, struct groups *g) {
	size_t i = *at;
	unsigned v = 0;
	int digit;

	for (; i < t->len && (digit = digit_hex(t->s[i])) >= 0; i++) {
		if (i - *at == 4)
			return fault(t, IP_ERR_V6_GROUP, i);
		v = v << 4 | (unsigned)digit;
	}
	if (i < t->len && t->s[i] == '.' && i > *at) {
		int r = read_v4_tail(t, *at, g);

		*at = t->len;
		return r;
	}
	if (i == *at && i == t->len)
		return fault(t, IP_ERR_V6_COLON, i - 1);
	if (i == *at)
		return t->s[i] == ':' ? fault(t, IP_ERR_V6_TWO_GAPS, i) : fault_of_byte(t, i);
	if (!groups_fit(g, 1))
		return fault(t, IP_ERR_V6_MANY, *at);
	g->v[g->n++] = (uint16_t)v;
	*at = i;
	return 0;
}

/* The colon or the gap behind a group. */
static int read_colons(const struct text *t, size_t *at, struct groups *g) {
	if (t->s[*at] != ':')
		return fault_of_byte(t, *at);
	if (++*at == t->len || t->s[*at] != ':')
		return 0;
	if (g->gap >= 0)
		return fault(t, IP_ERR_V6_TWO_GAPS, *at - 1);
	if (g->n == 8)
		return fault(t, IP_ERR_V6_MANY, *at - 1);
	g->gap = (int)g->n;
	++*at;
	return 0;
}

static struct ip groups_ip(const struct groups *g) {
	unsigned head = g->gap < 0 ? g->n : (unsigned)g->gap;
	wide w = 0;

	for (unsigned i = 0; i < head; i++)
		w |= (wide)g->v[i] << (112 - 16 * i);
	for (unsigned i = head; i < g->n; i++)
		w |= (wide)g->v[i] << (16 * (g->n - 1 - i));
	return wide_ip(w);
}

static int read_v6(const struct text *t, struct ip *ret_ip) {
	struct groups g = { .gap = -1 };
	size_t at = 0;
	int r;

	if (t->s[0] == ':' && (t->len == 1 || t->s[1] != ':'))
		return fault(t, IP_ERR_V6_COLON, 0);
	if (t->s[0] == ':') {
		g.gap = 0;
		at = 2;
	}
	while (at < t->len || g.gap != (int)g.n) {
		r = read_group(t, &at, &g);
		if (r < 0)
			return r;
		if (at == t->len)
			break;
		r = read_colons(t, &at, &g);
		if (r < 0)
			return r;
	}
	if (g.gap < 0 && g.n < 8)
		return fault(t, IP_ERR_V6_FEW, t->len);
	*ret_ip = groups_ip(&g);
	return 0;
}

/* The first separator tells the family; without one, a letter does. */
static bool looks_v6(const struct text *t) {
	for (size_t i = 0; i < t->len; i++)
		if (t->s[i] == ':' || t->s[i] == '.')
			return t->s[i] == ':';
	return digit_hex(t->s[0]) >= 10;
}

int ip_parse_plain(const char *text, size_t len, struct ip *ret_ip, struct ip_fault *ret_fault) {
	struct ip_fault unused;
	const struct text t = { text, len, ret_fault ? ret_fault : &unused };
	uint32_t v4;
	int r;

	if (!len)
		return fault(&t, IP_ERR_EMPTY, 0);
	if (looks_v6(&t))
		return read_v6(&t, ret_ip);
	r = read_v4(&t, 0, &v4);
	if (r < 0)
		return r;
	*ret_ip = ip_from_v4(v4);
	return 0;
}

int ip_parse(const char *text, size_t len, struct ip *ret_ip, struct ip_fault *ret_fault) {
	if (fast_parse(text, len, ret_ip))
		return 0;
	return ip_parse_plain(text, len, ret_ip, ret_fault);
}

struct ip ip_next(struct ip a) {
	return wide_ip(wide_of(a) + 1);
}

struct ip ip_previous(struct ip a) {
	return wide_ip(wide_of(a) - 1);
}

struct ip ip_from_bytes(const uint8_t bytes[static 16]) {
	struct ip ip = { 0, 0 };

	for (int i = 0; i < 8; i++) {
		ip.hi = ip.hi << 8 | bytes[i];
		ip.lo = ip.lo << 8 | bytes[i + 8];
	}
	return ip;
}

void ip_to_bytes(struct ip ip, uint8_t ret_bytes[static 16]) {
	for (int i = 0; i < 8; i++) {
		ret_bytes[i] = (uint8_t)(ip.hi >> (56 - 8 * i));
		ret_bytes[i + 8] = (uint8_t)(ip.lo >> (56 - 8 * i));
	}
}
