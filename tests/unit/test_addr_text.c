/* SPDX-License-Identifier: Apache-2.0 */
/* Prefixes, names of the reverse tree, special-purpose rows and HAProxy's ids: tables of texts. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "addr/arpa.h"
#include "addr/special.h"
#include "addr/uid.h"

static struct prefix prefix_of(const char *text) {
	struct prefix p;

	assert_int_equal(prefix_parse(text, strlen(text), &p, NULL), 0);
	return p;
}

static void test_prefix_text(void **state) {
	static const struct {
		const char *text, *canonical; /* of the prefix that the call sets; NULL when none */
		enum ip_error error;
		size_t at;
	} rows[] = {
		{ "10.0.0.0/8", "10.0.0.0/8", 0, 0 },
		{ "0.0.0.0/0", "0.0.0.0/0", 0, 0 },
		{ "192.0.2.1", "192.0.2.1/32", 0, 0 },
		{ "2001:DB8::/32", "2001:db8::/32", 0, 0 },
		{ "::/0", "::/0", 0, 0 },
		{ "::1", "::1/128", 0, 0 },
		{ "::ffff:10.0.0.0/104", "10.0.0.0/8", 0, 0 },
		{ "::ffff:0:0/96", "0.0.0.0/0", 0, 0 },
		{ "::fffe:0:0/95", "::fffe:0:0/95", 0, 0 },
		{ "10.1.2.3/8", "10.0.0.0/8", IP_ERR_HOST_BITS, 9 },
		{ "2001:db8::1/64", "2001:db8::/64", IP_ERR_HOST_BITS, 12 },
		{ "::ffff:10.0.0.0/8", "::/8", IP_ERR_HOST_BITS, 16 },
		{ "10.0.0.0/33", NULL, IP_ERR_LENGTH, 9 },
		{ "2001:db8::/129", NULL, IP_ERR_LENGTH, 11 },
		{ "2001:db8::/", NULL, IP_ERR_LENGTH, 11 },
		{ "2001:db8::/032", NULL, IP_ERR_LENGTH, 11 },
		{ "2001:db8::/+32", NULL, IP_ERR_LENGTH, 11 },
		{ "2001:db8::/32x", NULL, IP_ERR_LENGTH, 13 },
		{ "2001:db8::/32/1", NULL, IP_ERR_LENGTH, 13 },
		{ "10.0.0.0/99999999999999999999", NULL, IP_ERR_LENGTH, 9 },
		{ "10.0.0/8", NULL, IP_ERR_V4_PARTS, 6 },
		{ "/8", NULL, IP_ERR_EMPTY, 0 },
		{ "", NULL, IP_ERR_EMPTY, 0 },
		{ "fe80::1%eth0/64", NULL, IP_ERR_ZONE, 7 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip_fault fault = { IP_OK, 0 };
		struct prefix p = { .len = 77 };
		char text[PREFIX_TEXT_MAX];
		int r = prefix_parse(rows[i].text, strlen(rows[i].text), &p, &fault);
		size_t len;

		if ((r == 0) != (rows[i].error == IP_OK) || fault.error != rows[i].error || fault.at != rows[i].at)
			fail_msg("%s: %d, error %d at %zu", rows[i].text, r, (int)fault.error, fault.at);
		if (!rows[i].canonical) {
			assert_int_equal(p.len, 77);
			continue;
		}
		len = prefix_format(p, text);
		assert_string_equal(text, rows[i].canonical);
		assert_int_equal(len, strlen(text));
	}
}

static void test_prefix_relations(void **state) {
	(void)state;
	assert_true(prefix_covers(prefix_of("10.0.0.0/8"), prefix_of("10.255.0.0/16")));
	assert_false(prefix_covers(prefix_of("10.255.0.0/16"), prefix_of("10.0.0.0/8")));
	assert_true(prefix_overlaps(prefix_of("10.255.0.0/16"), prefix_of("10.0.0.0/8")));
	assert_false(prefix_overlaps(prefix_of("2001:db8::/33"), prefix_of("2001:db8:8000::/33")));
	assert_true(prefix_covers(prefix_of("::/0"), prefix_of("ffff::/16")));
	assert_false(prefix_covers(prefix_of("::/0"), prefix_of("0.0.0.0/0")));
	assert_false(prefix_has_ip(prefix_of("::/0"), ip_from_v4(1)));
	assert_false(prefix_overlaps(prefix_of("0.0.0.0/0"), prefix_of("::/0")));
	assert_true(prefix_has_ip(prefix_of("0.0.0.0/0"), ip_from_v4(1)));
	assert_int_equal(prefix_compare(prefix_of("10.0.0.0/8"), prefix_of("10.0.0.0/9")), -1);
	assert_true(ip_equal(ip_next((struct ip){ 0, UINT64_MAX }), (struct ip){ 1, 0 }));
	assert_true(ip_equal(ip_previous((struct ip){ 1, 0 }), (struct ip){ 0, UINT64_MAX }));
	assert_true(ip_equal(ip_next((struct ip){ UINT64_MAX, UINT64_MAX }), (struct ip){ 0, 0 }));
	for (unsigned len = 0; len <= 128; len++) {
		struct prefix p = prefix_around((struct ip){ UINT64_MAX, UINT64_MAX }, len);

		assert_true(ip_equal(prefix_last(p), (struct ip){ UINT64_MAX, UINT64_MAX }));
		assert_true(ip_equal(p.ip, prefix_mask(len)));
		assert_int_equal(__builtin_popcountll(p.ip.hi) + __builtin_popcountll(p.ip.lo), len);
		assert_int_equal(prefix_on_nibble(p), len % 4 == 0);
	}
	assert_true(prefix_on_nibble(prefix_of("10.0.0.0/8")));
	assert_false(prefix_on_nibble(prefix_of("10.0.0.0/12")));
}

static int append_zone(struct prefix zone, void *user) {
	char text[ARPA_TEXT_MAX];

	(void)arpa_zone(zone, text);
	(void)strcat(strcat(user, text), " ");
	return 0;
}

static void test_arpa(void **state) {
	static const char *const rows[][3] = {
		{ "192.0.2.1", "1.2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa " },
		{ "192.0.2.0/24", "2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa " },
		{ "192.0.2.128/26", "2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa " },
		{ "198.51.100.0/22", "51.198.in-addr.arpa",
		  "100.51.198.in-addr.arpa 101.51.198.in-addr.arpa 102.51.198.in-addr.arpa 103.51.198.in-addr.arpa " },
		{ "0.0.0.0/0", "in-addr.arpa", "in-addr.arpa " },
		{ "128.0.0.0/7", "in-addr.arpa", "128.in-addr.arpa 129.in-addr.arpa " },
		{ "2001:db8::/32", "8.b.d.0.1.0.0.2.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa " },
		{ "2001:db8::/30", "b.d.0.1.0.0.2.ip6.arpa",
		  "8.b.d.0.1.0.0.2.ip6.arpa 9.b.d.0.1.0.0.2.ip6.arpa a.b.d.0.1.0.0.2.ip6.arpa "
		  "b.b.d.0.1.0.0.2.ip6.arpa " },
		{ "::/0", "ip6.arpa", "ip6.arpa " },
		/* RFC 3596 section 2.5 */
		{ "4321:0:1:2:3:4:567:89ab", "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa",
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct prefix p = prefix_of(rows[i][0]), back;
		char text[ARPA_TEXT_MAX], zones[512] = "";
		size_t len = arpa_zone(p, text);

		assert_string_equal(text, rows[i][1]);
		assert_int_equal(len, strlen(text));
		assert_int_equal(arpa_each_zone(p, append_zone, zones), 0);
		if (rows[i][2])
			assert_string_equal(zones, rows[i][2]);
		assert_int_equal(arpa_parse(text, len, &back, NULL), 0);
		assert_true(prefix_covers(back, p) && prefix_on_nibble(back));
		if (prefix_on_nibble(p))
			assert_true(prefix_equal(back, p));
	}
}

static void test_arpa_mistakes(void **state) {
	static const struct {
		const char *text;
		size_t at;
	} rows[] = {
		{ "", 0 },
		{ "arpa", 4 },
		{ "example.net", 11 },
		{ "xip6.arpa", 9 },
		{ ".ip6.arpa", 0 },
		{ "g.ip6.arpa", 0 },
		{ "12.ip6.arpa", 1 },
		{ "1..ip6.arpa", 2 },
		{ "256.in-addr.arpa", 0 },
		{ "01.in-addr.arpa", 0 },
		{ "1a.in-addr.arpa", 1 },
		{ "1.2.3.4.5.in-addr.arpa", 8 },
		{ "0/26.2.0.192.in-addr.arpa", 1 },
		{ "1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.ip6.arpa", 64 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct prefix p = { .len = 77 };
		size_t at = 999;

		assert_int_equal(arpa_parse(rows[i].text, strlen(rows[i].text), &p, &at), -EINVAL);
		assert_int_equal(p.len, 77);
		if (at != rows[i].at)
			fail_msg("%s: %zu", rows[i].text, at);
	}
}

static void test_special(void **state) {
	static const char *const rows[][3] = {
		{ "0.0.0.0", "unspecified", "RFC 1122" },
		{ "0.1.2.3", "reserved", "RFC 791" },
		{ "10.0.0.0/8", "private", "RFC 1918" },
		{ "10.0.0.0/7", "global", NULL },
		{ "192.0.0.1", "protocol", "RFC 7335" },
		{ "192.0.0.170", "protocol", "RFC 8880" },
		{ "192.88.99.2", "anycast", "RFC 6751" },
		{ "203.0.113.77", "documentation", "RFC 5737" },
		{ "255.255.255.255", "broadcast", "RFC 8190" },
		{ "1.1.1.1", "global", NULL },
		{ "::", "unspecified", "RFC 4291" },
		{ "::1", "loopback", "RFC 4291" },
		{ "::ffff:10.0.0.1", "private", "RFC 1918" },
		{ "::ffff:1.1.1.1", "global", NULL },
		{ "2001:1::3", "anycast", "RFC 9665" },
		{ "2001:1::4", "protocol", "RFC 2928" },
		{ "2001:30::1", "orchid", "RFC 9374" },
		{ "2001:200::1", "global", NULL },
		{ "100:0:0:1::1", "dummy", "RFC 9780" },
		{ "100:0:0:2::1", "reserved", "RFC 4291" },
		{ "3fff:fff::", "documentation", "RFC 9637" },
		{ "3fff:1000::", "global", NULL },
		{ "5f00::/16", "srv6", "RFC 9602" },
		{ "ff02::1", "multicast", "RFC 4291" },
	};
	size_t n;
	const struct special *table = special_table(&n);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct prefix p = prefix_of(rows[i][0]);
		const struct special *row = special_of_prefix(p);

		assert_string_equal(special_kind(p), rows[i][1]);
		assert_int_equal(row != NULL, rows[i][2] != NULL);
		if (row)
			assert_string_equal(row->reference, rows[i][2]);
		if (p.len == 128)
			assert_ptr_equal(special_of_ip(p.ip), row);
	}
	for (size_t i = 0; i < n; i++) {
		assert_true(prefix_equal(prefix_around(table[i].prefix.ip, table[i].prefix.len), table[i].prefix));
		if (strcmp(table[i].kind, "mapped") != 0)
			assert_ptr_equal(special_of_prefix(table[i].prefix), &table[i]);
	}
	/* Every IPv6 /8 outside 2000::/3 has a row. */
	for (uint64_t i = 0; i < 256; i++)
		assert_int_equal(special_of_prefix((struct prefix){ { i << 56, 0 }, 8 }) == NULL,
				 i >> 5 == 1 || i == 0xfe);
}

static void test_uid(void **state) {
	/* From HAProxy's manual, its pull request 59 and its issue 3016. */
	static const struct {
		const char *text, *client, *frontend; /* NULL: not in the id */
		uint64_t seconds, request, pid;
	} rows[] = {
		{ "7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790A", "127.0.0.1:33430", "127.0.0.30:8080", 0x4f7b0a69, 3,
		  0x790a },
		{ "00000000000000000000000000000001:95E2_00000000000000000000000000000001:1F98_5C825FE5_0001:2DC7",
		  "[::1]:38370", "[::1]:8088", 0x5c825fe5, 1, 0x2dc7 },
		{ "00000000000000000000FFFF7F000001:A392_00000000000000000000FFFF7F000001:1F98_5C825D81_0000:218A",
		  "127.0.0.1:41874", "127.0.0.1:8088", 0x5c825d81, 0, 0x218a },
		{ "2A021748F7DF9C80C412ABFFFEF222AE:E21C_2A021748F7DF9C8000000000000000B1:01BB_6854380E_0001:444E",
		  "[2a02:1748:f7df:9c80:c412:abff:fef2:22ae]:57884", "[2a02:1748:f7df:9c80::b1]:443", 0x6854380e, 1,
		  0x444e },
		{ "c0000201:0050", "192.0.2.1:80", NULL, 0, 0, 0 },
		{ "C0000201:0050_C0000202:0051", "192.0.2.1:80", "192.0.2.2:81", 0, 0, 0 },
		{ "C0000201:0050_C0000202:0051_5C825FE5", "192.0.2.1:80", "192.0.2.2:81", 0x5c825fe5, 0, 0 },
		{ "C0000201:0050_C0000202:0051_5C825FE5_12345:3FFFFF", "192.0.2.1:80", "192.0.2.2:81", 0x5c825fe5,
		  0x12345, 0x3fffff },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[UID_TEXT_MAX];
		struct uid uid, again;
		size_t len;

		assert_int_equal(uid_parse(rows[i].text, strlen(rows[i].text), &uid, NULL), 0);
		(void)endpoint_format(&uid.client, text);
		assert_string_equal(text, rows[i].client);
		assert_int_equal(uid.frontend.port >= 0, rows[i].frontend != NULL);
		if (rows[i].frontend) {
			(void)endpoint_format(&uid.frontend, text);
			assert_string_equal(text, rows[i].frontend);
		}
		assert_int_equal(uid.has_time, rows[i].seconds != 0);
		assert_true(uid.seconds == rows[i].seconds && uid.request == rows[i].request && uid.pid == rows[i].pid);
		len = uid_format(&uid, text);
		assert_int_equal(len, strlen(text));
		assert_int_equal(uid_parse(text, len, &again, NULL), 0);
		assert_memory_equal(&again, &uid, sizeof(uid));
		if (!strstr(rows[i].text, "FFFF7F") && i != 4)
			assert_string_equal(text, rows[i].text);
	}
}

static void test_uid_mistakes(void **state) {
	static const struct {
		const char *text;
		size_t at;
	} rows[] = {
		{ "", 0 },
		{ "7F00001:8296", 7 },
		{ "7F0000012:8296", 9 },
		{ "7F000001", 8 },
		{ "7F000001:829", 12 },
		{ "7F000001:82966", 13 },
		{ "7F000001:8296_", 14 },
		{ "7F000001:8296_7F00001E:1F90_4F7", 31 },
		{ "7F000001:8296_7F00001E:1F90_4F7B_0003", 37 },
		{ "7F000001:8296_7F00001E:1F90_4F7B_0003:790A ", 42 },
		{ "7F000001:8296_7F00001E:1F90_11112222333344445", 44 },
		{ "000000000000000000000000000000001:95E2", 32 },
		{ "127.0.0.1:80", 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct uid uid = { .pid = 77 };
		size_t at = 999;

		assert_int_equal(uid_parse(rows[i].text, strlen(rows[i].text), &uid, &at), -EINVAL);
		assert_int_equal(uid.pid, 77);
		if (at != rows[i].at)
			fail_msg("%s: %zu", rows[i].text, at);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefix_text),  cmocka_unit_test(test_prefix_relations),
		cmocka_unit_test(test_arpa),         cmocka_unit_test(test_arpa_mistakes),
		cmocka_unit_test(test_special),      cmocka_unit_test(test_uid),
		cmocka_unit_test(test_uid_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
