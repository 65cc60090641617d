/* SPDX-License-Identifier: Apache-2.0 */
/* An endpoint is cut at its brackets, '%' and last ':' first; each piece then has one reader. */
#include <errno.h>
#include <string.h>

#include "addr/digit.h"
#include "addr/ip.h"

static int fail(struct ip_fault *fault, enum ip_error error, size_t at) {
	if (fault)
		*fault = (struct ip_fault){ error, at };
	return -EINVAL;
}

static bool zone_byte(char c) {
	return c > ' ' && c < 0x7f && c != '/' && c != '%' && c != '[' && c != ']';
}

/* "address" or "address%zone" between the offsets from and to. */
static int parse_scoped(const char *text, size_t from, size_t to, struct endpoint *e, struct ip_fault *fault) {
	const char *percent = memchr(text + from, '%', to - from);
	size_t end = percent ? (size_t)(percent - text) : to;
	int r = ip_parse(text + from, end - from, &e->ip, fault);

	if (r < 0) {
		if (fault)
			fault->at += from;
		return r;
	}
	if (!percent)
		return 0;
	if (ip_is_v4(e->ip) || to - end - 1 == 0)
		return fail(fault, IP_ERR_ZONE, end);
	for (size_t i = end + 1; i < to; i++) {
		if (!zone_byte(text[i]) || i - end >= ZONE_TEXT_MAX)
			return fail(fault, IP_ERR_ZONE, i);
		e->zone[i - end - 1] = text[i];
	}
	return 0;
}

/* The digits behind a ':' up to the end. */
static int parse_port(const char *text, size_t from, size_t len, struct endpoint *e, struct ip_fault *fault) {
	uint32_t port;
	size_t n = digit_number(text + from, len - from, UINT16_MAX, &port);

	if (!n)
		return fail(fault, IP_ERR_PORT, from);
	if (from + n != len)
		return fail(fault, IP_ERR_PORT, from + n);
	e->port = (int32_t)port;
	return 0;
}

static int parse_bracketed(const char *text, size_t len, struct endpoint *e, struct ip_fault *fault) {
	const char *close = memchr(text, ']', len);
	size_t end = close ? (size_t)(close - text) : len;
	int r;

	if (!close || !memchr(text, ':', end))
		return fail(fault, IP_ERR_PORT, close ? 0 : len);
	r = parse_scoped(text, 1, end, e, fault);
	if (r < 0 || end + 1 == len)
		return r;
	if (text[end + 1] != ':')
		return fail(fault, IP_ERR_TRAILING, end + 1);
	return parse_port(text, end + 2, len, e, fault);
}

static int parse_any(const char *text, size_t len, struct endpoint *e, struct ip_fault *fault) {
	const char *colon, *dot;
	size_t at;
	int r;

	if (!len)
		return fail(fault, IP_ERR_EMPTY, 0);
	colon = memchr(text, ':', len);
	dot = memchr(text, '.', len);
	if (text[0] == '[')
		return parse_bracketed(text, len, e, fault);
	/* Only IPv4 has its port without brackets: its first separator is a dot. */
	if (!colon || !dot || colon < dot)
		return parse_scoped(text, 0, len, e, fault);
	at = (size_t)(colon - text);
	r = parse_scoped(text, 0, at, e, fault);
	return r < 0 ? r : parse_port(text, at + 1, len, e, fault);
}

int endpoint_parse(const char *text, size_t len, struct endpoint *ret_e, struct ip_fault *fault) {
	struct endpoint e = { .port = -1 };
	int r = parse_any(text, len, &e, fault);

	if (r < 0)
		return r;
	*ret_e = e;
	return 0;
}

static size_t put_port(uint32_t port, char *text) {
	char digits[5];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + port % 10);
	while ((port /= 10));
	for (size_t i = 0; i < n; i++)
		text[i] = digits[n - 1 - i];
	return n;
}

size_t endpoint_format(const struct endpoint *e, char ret_text[static ENDPOINT_TEXT_MAX]) {
	bool brackets = e->port >= 0 && !ip_is_v4(e->ip);
	size_t zone = strnlen(e->zone, ZONE_TEXT_MAX - 1), at = 0;

	if (brackets)
		ret_text[at++] = '[';
	at += ip_format(e->ip, ret_text + at);
	if (zone) {
		ret_text[at++] = '%';
		memcpy(ret_text + at, e->zone, zone);
		at += zone;
	}
	if (brackets)
		ret_text[at++] = ']';
	if (e->port >= 0) {
		ret_text[at++] = ':';
		at += put_port((uint32_t)e->port & UINT16_MAX, ret_text + at);
	}
	ret_text[at] = 0;
	return at;
}
