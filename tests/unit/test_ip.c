/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "addr/ip.h"
#include "random.h"

/* Texts are put at the end of a heap block, so that ASan sees a read past them. */
enum { TEXT_MAX = 64, ROUNDS = 1 << 19 };

static struct ip parsed(const char *text) {
	struct ip_fault fault = { IP_OK, 0 };
	struct ip ip = { 0, 0 };

	if (ip_parse(text, strlen(text), &ip, &fault) < 0)
		fail_msg("%s: %s at %zu", text, ip_error_hint(fault.error), fault.at);
	return ip;
}

static const char *formatted(struct ip ip) {
	static char text[IP_TEXT_MAX];
	size_t len = ip_format(ip, text);

	assert_int_equal(len, strlen(text));
	return text;
}

static void test_rfc5952(void **state) {
	/* The examples of RFC 5952 sections 1 to 5, RFC 4291 section 2.2, and each rule's border. */
	static const char *const rows[][2] = {
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:db8::1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:0db8::1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:db8:0:0:1::1", "2001:db8::1:0:0:1" },
		{ "2001:DB8:0:0:1::1", "2001:db8::1:0:0:1" },
		{ "2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1" },
		{ "2001:db8:aaaa:bbbb:cccc:dddd:0:1", "2001:db8:aaaa:bbbb:cccc:dddd:0:1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
		{ "2001:db8:0:0:0:0:2:1", "2001:db8::2:1" },
		{ "2001:db8:aaaa:bbbb:cccc:dddd:eeee:AaAa", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa" },
		{ "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789" },
		{ "2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a" },
		{ "FF01:0:0:0:0:0:0:101", "ff01::101" },
		{ "0:0:0:0:0:0:0:1", "::1" },
		{ "0:0:0:0:0:0:0:0", "::" },
		{ "1::", "1::" },
		{ "0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7" },
		{ "0:0:1:2:3:4:5:6", "::1:2:3:4:5:6" },
		{ "1:2:3:4:5:6:0:0", "1:2:3:4:5:6::" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
		{ "0:0:0:0:0:0:13.1.68.3", "::d01:4403" },
		{ "0:0:0:0:0:FFFF:129.144.52.38", "129.144.52.38" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::FFFF:C000:201", "192.0.2.1" },
		{ "0000:0000:0000:0000:0000:ffff:c000:0201", "192.0.2.1" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
		{ "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
		{ "::1:2:3:4:5:1.2.3.4", "0:1:2:3:4:5:102:304" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "1.20.100.9", "1.20.100.9" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(formatted(parsed(rows[i][0])), rows[i][1]);
}

/* All 256 patterns of zero groups, against the rule written down in the plainest way. */
static void test_every_zero_run(void **state) {
	(void)state;
	for (unsigned mask = 0; mask < 256; mask++) {
		struct ip ip = { 0, 0 };
		int best = 0, best_len = 1;
		char expected[64] = "";

		for (int i = 0; i < 8; i++)
			if (!(mask >> i & 1))
				*(i < 4 ? &ip.hi : &ip.lo) |= UINT64_C(0xa0) << (48 - 16 * (i & 3));
		for (int from = 0; from < 8; from++)
			for (int to = from + 1; to <= 8; to++) {
				unsigned run = ((1U << (to - from)) - 1) << from;

				if ((mask & run) == run && to - from > best_len) {
					best = from;
					best_len = to - from;
				}
			}
		for (int i = 0; i < 8; i++) {
			bool inside = best_len > 1 && i >= best && i < best + best_len;

			if (inside && i == best)
				(void)strcat(expected, "::");
			if (!inside && *expected && expected[strlen(expected) - 1] != ':')
				(void)strcat(expected, ":");
			if (!inside)
				(void)strcat(expected, mask >> i & 1 ? "0" : "a0");
		}
		assert_string_equal(formatted(ip), expected);
	}
}

static void test_faults(void **state) {
	static const struct {
		const char *text;
		enum ip_error error;
		size_t at;
	} rows[] = {
		{ "", IP_ERR_EMPTY, 0 },
		{ "host", IP_ERR_CHARACTER, 0 },
		{ "10.0.0.x", IP_ERR_CHARACTER, 7 },
		{ "10.0.0", IP_ERR_V4_PARTS, 6 },
		{ "10.0.0.", IP_ERR_V4_PARTS, 7 },
		{ "10.0..1", IP_ERR_V4_PARTS, 5 },
		{ "10.0.0.1.2", IP_ERR_V4_PARTS, 8 },
		{ "1234", IP_ERR_V4_RANGE, 0 },
		{ "127", IP_ERR_V4_PARTS, 3 },
		{ "10.0.0.256", IP_ERR_V4_RANGE, 7 },
		{ "198.51.100.300", IP_ERR_V4_RANGE, 11 },
		{ "10.0.010.1", IP_ERR_V4_LEADING_ZERO, 5 },
		{ "10.0.0.1/8", IP_ERR_TRAILING, 8 },
		{ "10.0.0.1:80", IP_ERR_TRAILING, 8 },
		{ "10.0.0.1 ", IP_ERR_TRAILING, 8 },
		{ "10.0.0.1%eth0", IP_ERR_ZONE, 8 },
		{ "10.0.0/8", IP_ERR_V4_PARTS, 6 },
		{ "2001:db8", IP_ERR_V6_FEW, 8 },
		{ "beef", IP_ERR_V6_FEW, 4 },
		{ "2001:db8:1:2:3:4:5:6:7", IP_ERR_V6_MANY, 21 },
		{ "2001:db8::1:2:3:4:5:6", IP_ERR_V6_MANY, 20 },
		{ "1:2:3:4:5:6:7:8::", IP_ERR_V6_MANY, 15 },
		{ "2001:db8::1::2", IP_ERR_V6_TWO_GAPS, 11 },
		{ "2001:::1", IP_ERR_V6_TWO_GAPS, 6 },
		{ ":1::", IP_ERR_V6_COLON, 0 },
		{ ":", IP_ERR_V6_COLON, 0 },
		{ "2001:db8::1:", IP_ERR_V6_COLON, 11 },
		{ "2001:0db80::1", IP_ERR_V6_GROUP, 9 },
		{ "2001:db8::g", IP_ERR_CHARACTER, 10 },
		{ "::1.2.3.4:5", IP_ERR_V4_IN_V6, 2 },
		{ "::1.2.3", IP_ERR_V4_PARTS, 7 },
		{ "::1.2.3.256", IP_ERR_V4_RANGE, 8 },
		{ "1:2:3:4:5:6:7:1.2.3.4", IP_ERR_V6_MANY, 14 },
		{ "1:2:3:4:5:1.2.3.4", IP_ERR_V6_FEW, 17 },
		{ "fe80::1%eth0", IP_ERR_ZONE, 7 },
		{ "2001:db8::/32", IP_ERR_TRAILING, 10 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip_fault fault = { IP_OK, 99 };
		struct ip ip = { 1, 2 };

		assert_int_equal(ip_parse(rows[i].text, strlen(rows[i].text), &ip, &fault), -EINVAL);
		if (fault.error != rows[i].error || fault.at != rows[i].at)
			fail_msg("%s: error %d at %zu, want %d at %zu", rows[i].text, (int)fault.error, fault.at,
				 (int)rows[i].error, rows[i].at);
		assert_true(ip.hi == 1 && ip.lo == 2);
		assert_int_equal(ip_parse(rows[i].text, strlen(rows[i].text), &ip, NULL), -EINVAL);
	}
}

/* A random address whose groups are often zero or short. */
static struct ip random_ip(uint64_t *seed) {
	struct ip ip = { 0, 0 };

	for (int i = 0; i < 8; i++) {
		unsigned kind = random_below(seed, 8);
		uint64_t group = kind < 3 ? 0 : kind < 5 ? random_below(seed, 256) : random_below(seed, 65536);

		*(i < 4 ? &ip.hi : &ip.lo) |= group << (48 - 16 * (i & 3));
	}
	switch (random_below(seed, 8)) {
	case 0:
		return ip_from_v4((uint32_t)ip.lo);
	case 1:
		return (struct ip){ 0, ip.lo & UINT32_MAX };
	default:
		return ip;
	}
}

/* One of the ways people write an address. */
static size_t write_somehow(uint64_t *seed, struct ip ip, char text[TEXT_MAX]) {
	uint8_t b[16];

	ip_to_bytes(ip, b);
	switch (random_below(seed, 6)) {
	case 0:
		return (size_t)snprintf(text, TEXT_MAX, "%x:%x:%x:%x:%x:%x:%u.%u.%u.%u", b[0] << 8 | b[1],
					b[2] << 8 | b[3], b[4] << 8 | b[5], b[6] << 8 | b[7], b[8] << 8 | b[9],
					b[10] << 8 | b[11], b[12], b[13], b[14], b[15]);
	case 1:
		return (size_t)snprintf(text, TEXT_MAX, "%04X:%04X:%04X:%04X:%04X:%04X:%04X:%04X", b[0] << 8 | b[1],
					b[2] << 8 | b[3], b[4] << 8 | b[5], b[6] << 8 | b[7], b[8] << 8 | b[9],
					b[10] << 8 | b[11], b[12] << 8 | b[13], b[14] << 8 | b[15]);
	case 2:
		return (size_t)snprintf(text, TEXT_MAX, "%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
	case 3:
		return (size_t)snprintf(text, TEXT_MAX, "%x:%x::%x", b[0] << 8 | b[1], b[2] << 8 | b[3],
					b[14] << 8 | b[15]);
	default:
		(void)inet_ntop(AF_INET6, b, text, TEXT_MAX);
		return strlen(text);
	}
}

/* Up to three small damages. */
static size_t damage(uint64_t *seed, char *text, size_t len) {
	static const char alphabet[] = "0123456789abcdefABCDEF::::....%/ -[]gxz\x01\x80\xff";

	for (unsigned n = random_below(seed, 4); n > 0; n--) {
		size_t at = random_below(seed, (unsigned)len + 1);
		char c = alphabet[random_below(seed, sizeof(alphabet) - 1)];

		switch (random_below(seed, 4)) {
		case 0:
			if (at < len)
				text[at] = c;
			break;
		case 1:
			if (at < len)
				memmove(text + at, text + at + 1, --len - at);
			break;
		case 2:
			if (len < TEXT_MAX - 8) {
				memmove(text + at + 1, text + at, len++ - at);
				text[at] = c;
			}
			break;
		default:
			len = at; /* cut */
		}
	}
	return len;
}

static size_t soup(uint64_t *seed, char *text) {
	static const char alphabet[] = "0129aF::..";
	size_t len = random_below(seed, 20);

	for (size_t i = 0; i < len; i++)
		text[i] = alphabet[random_below(seed, sizeof(alphabet) - 1)];
	return len;
}

/* Whether glibc takes the text in either family, and what it reads; no difference is intended. */
static bool glibc_parse(const char *text, struct ip *ret_ip) {
	struct in_addr v4;
	uint8_t v6[16];

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*ret_ip = ip_from_v4(ntohl(v4.s_addr));
		return true;
	}
	if (inet_pton(AF_INET6, text, v6) != 1)
		return false;
	*ret_ip = ip_from_bytes(v6);
	return true;
}

static void check_parse(const char *text, size_t len) {
	struct ip ours = { 0, 0 }, plain = { 0, 0 }, theirs = { 0, 0 };
	struct ip_fault fault = { IP_OK, 0 };
	int r = ip_parse(text, len, &ours, &fault);
	bool want = glibc_parse(text, &theirs);

	if ((r == 0) != want || (want && !ip_equal(ours, theirs)))
		fail_msg("'%s': %d, glibc %d", text, r, want);
	if (ip_parse_plain(text, len, &plain, NULL) != r || !ip_equal(plain, ours))
		fail_msg("'%s': the two readers differ", text);
	if (r < 0 && (fault.error == IP_OK || fault.at > len))
		fail_msg("'%s': no reason", text);
}

static void test_parse_like_glibc(void **state) {
	_cleanup_(freep) char *block = malloc(TEXT_MAX + 1);
	uint64_t seed = 1;
	unsigned good = 0;

	(void)state;
	for (int i = 0; i < 2 * ROUNDS; i++) {
		char text[TEXT_MAX];
		size_t len = i % 8 == 7 ? soup(&seed, text) : write_somehow(&seed, random_ip(&seed), text);
		char *exact;
		struct ip ip;

		if (i % 2)
			len = damage(&seed, text, len);
		exact = block + TEXT_MAX - len;
		memcpy(exact, text, len);
		exact[len] = 0;
		check_parse(exact, len);
		good += ip_parse(exact, len, &ip, NULL) == 0;
	}
	/* The mix must stay a mix. */
	assert_in_range(good, ROUNDS / 2, 2 * ROUNDS - ROUNDS / 4);
}

/*
 * inet_ntop() differs in two ways, both intended: IPv4-mapped is folded (ip_format_mapped writes it as glibc does), and
 * the deprecated IPv4-compatible form ::a.b.c.d is written in hex (RFC 5952 section 5 asks for dots only where the
 * prefix is known to embed IPv4).
 */
static void test_format_like_glibc(void **state) {
	uint64_t seed = 2;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct ip ip = random_ip(&seed);
		char ours[IP_TEXT_MAX], theirs[64];
		uint8_t b[16];
		size_t len;
		bool compatible = ip.hi == 0 && ip.lo <= UINT32_MAX && ip.lo >> 16;

		ip_to_bytes(ip, b);
		(void)inet_ntop(AF_INET6, b, theirs, sizeof(theirs));
		len = ip_format_mapped(ip, ours);
		assert_int_equal(len, strlen(ours));
		if (compatible)
			assert_true(memchr(theirs, '.', strlen(theirs)) && !memchr(ours, '.', strlen(ours)));
		else
			assert_string_equal(ours, theirs);
		if (ip_is_v4(ip)) {
			(void)inet_ntop(AF_INET, b + 12, theirs, sizeof(theirs));
			assert_string_equal(formatted(ip), theirs);
		}
		assert_true(ip_equal(parsed(formatted(ip)), ip));
		(void)ip_format_full(ip, ours);
		assert_true(ip_equal(parsed(ours), ip));
		assert_int_equal(strlen(ours), ip_is_v4(ip) ? strlen(formatted(ip)) : 39);
	}
}

static void test_every_octet(void **state) {
	(void)state;
	for (uint32_t v = 0; v < 256; v++) {
		char expected[32];

		(void)snprintf(expected, sizeof(expected), "%u.%u.%u.%u", v, 255 - v, v ^ 0x55, v / 2);
		assert_string_equal(formatted(ip_from_v4(v << 24 | (255 - v) << 16 | (v ^ 0x55) << 8 | v / 2)),
				    expected);
	}
}

static void test_endpoints(void **state) {
	static const struct {
		const char *text, *canonical; /* NULL: an error */
		enum ip_error error;
		size_t at;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", 0, 0 },
		{ "192.0.2.1:0", "192.0.2.1:0", 0, 0 },
		{ "192.0.2.1:65535", "192.0.2.1:65535", 0, 0 },
		{ "2001:DB8::1", "2001:db8::1", 0, 0 },
		{ "[2001:db8::1]", "2001:db8::1", 0, 0 },
		{ "[2001:db8::1]:443", "[2001:db8::1]:443", 0, 0 },
		{ "fe80::1%eth0", "fe80::1%eth0", 0, 0 },
		{ "[fe80::1%eth0.12]:53", "[fe80::1%eth0.12]:53", 0, 0 },
		{ "[::ffff:192.0.2.1]:80", "192.0.2.1:80", 0, 0 },
		{ "::ffff:192.0.2.1", "192.0.2.1", 0, 0 },
		{ "2001:db8::1:443", "2001:db8::1:443", 0, 0 },
		{ "fe80::1%a23456789012345", "fe80::1%a23456789012345", 0, 0 },
		{ "fe80::1%a234567890123456", NULL, IP_ERR_ZONE, 23 },
		{ "fe80::1%", NULL, IP_ERR_ZONE, 7 },
		{ "fe80::1%a b", NULL, IP_ERR_ZONE, 9 },
		{ "fe80::1%\xc3\xa9", NULL, IP_ERR_ZONE, 8 },
		{ "192.0.2.1%eth0", NULL, IP_ERR_ZONE, 9 },
		{ "::ffff:192.0.2.1%eth0", NULL, IP_ERR_ZONE, 16 },
		{ "192.0.2.1:65536", NULL, IP_ERR_PORT, 10 },
		{ "192.0.2.1:", NULL, IP_ERR_PORT, 10 },
		{ "192.0.2.1:080", NULL, IP_ERR_PORT, 10 },
		{ "192.0.2.1:80x", NULL, IP_ERR_PORT, 12 },
		{ "[192.0.2.1]:80", NULL, IP_ERR_PORT, 0 },
		{ "[2001:db8::1", NULL, IP_ERR_PORT, 12 },
		{ "[2001:db8::1]443", NULL, IP_ERR_TRAILING, 13 },
		{ "[2001:db8::x]:443", NULL, IP_ERR_CHARACTER, 11 },
		{ "[]:443", NULL, IP_ERR_PORT, 0 },
		{ "[", NULL, IP_ERR_PORT, 1 },
		{ "", NULL, IP_ERR_EMPTY, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip_fault fault = { IP_OK, 0 };
		struct endpoint e;
		char text[ENDPOINT_TEXT_MAX];
		size_t len;
		int r = endpoint_parse(rows[i].text, strlen(rows[i].text), &e, &fault);

		if ((r == 0) != !!rows[i].canonical || fault.error != rows[i].error || fault.at != rows[i].at)
			fail_msg("%s: %d, error %d at %zu", rows[i].text, r, (int)fault.error, fault.at);
		if (r < 0)
			continue;
		len = endpoint_format(&e, text);
		assert_int_equal(len, strlen(text));
		assert_string_equal(text, rows[i].canonical);
	}
}

static void test_hints_are_complete(void **state) {
	(void)state;
	for (enum ip_error e = IP_OK; e < _IP_ERR_MAX; e++)
		assert_non_null(ip_error_hint(e));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc5952),
		cmocka_unit_test(test_every_zero_run),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_parse_like_glibc),
		cmocka_unit_test(test_format_like_glibc),
		cmocka_unit_test(test_every_octet),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_hints_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
