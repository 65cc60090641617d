/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "logs/forwarded.h"

static struct prefix_set trusted;

static int setup(void **state) {
	static const char *const proxies[] = { "10.0.0.0/8", "2001:db8:ff::/48", "127.0.0.1", "::1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(proxies); i++) {
		struct prefix p;

		assert_int_equal(prefix_parse(proxies[i], strlen(proxies[i]), &p, NULL), 0);
		prefix_set_add(&trusted, p);
	}
	prefix_set_normalise(&trusted);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	prefix_set_done(&trusted);
	return 0;
}

static struct ip ip_of(const char *text) {
	struct ip ip;

	assert_int_equal(ip_parse(text, strlen(text), &ip, NULL), 0);
	return ip;
}

struct row {
	const char *value, *client; /* NULL: unknown; "": none */
};

static void check_from(const char *peer, const struct row *row, bool rfc7239) {
	size_t len = strlen(row->value);
	struct ip ip = { 0, 0 };
	enum forwarded_result r, want;
	char *exact = malloc(len ? len : 1), text[IP_TEXT_MAX] = "";

	memcpy(exact, row->value, len);
	r = forwarded_client(ip_of(peer), (struct str){ exact, len }, rfc7239, &trusted, &ip);
	free(exact);
	want = !row->client ? FORWARDED_UNKNOWN : *row->client ? FORWARDED_CLIENT : FORWARDED_NONE;
	if (r == FORWARDED_CLIENT)
		(void)ip_format(ip, text);
	if (r != want || strcmp(text, row->client ? row->client : "") != 0)
		fail_msg("'%s': %d %s, not %d %s", row->value, r, text, want, row->client ? row->client : "");
	if (r != FORWARDED_CLIENT)
		assert_true(ip.hi == 0 && ip.lo == 0);
}

static void test_list(void **state) {
	static const struct row rows[] = {
		{ "", "" },
		{ "   ", "" },
		{ ",, ,", "" },
		{ "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1:4711", "192.0.2.1" },
		{ " 192.0.2.1\t,", "192.0.2.1" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "2001:DB8:0::0001", "2001:db8::1" },
		{ "[2001:db8::1]", "2001:db8::1" },
		{ "[2001:db8::1]:443", "2001:db8::1" },
		{ "\"[2001:db8::1]:443\"", "2001:db8::1" },
		{ "\"192.0.2.1\"", "192.0.2.1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::ffff:c000:201", "192.0.2.1" },
		{ "[::ffff:192.0.2.1]:80", "192.0.2.1" },
		{ "fe80::1%eth0", "fe80::1" },
		{ "[fe80::1%eth0]:80", "fe80::1" },
		/* What stands left of the answer is a stranger's. */
		{ "198.51.100.7, 192.0.2.1", "192.0.2.1" },
		{ "10.0.0.1, 192.0.2.1", "192.0.2.1" },
		{ "unknown, 192.0.2.1", "192.0.2.1" },
		{ "\", 192.0.2.1", "192.0.2.1" },
		{ "\\, 192.0.2.1", "192.0.2.1" },
		{ "198.51.100.7,192.0.2.1,10.1.2.3,2001:db8:ff::1", "192.0.2.1" },
		{ "198.51.100.7, 192.0.2.1, ::ffff:10.1.2.3", "192.0.2.1" },
		/* All are ours: the first of them. */
		{ "10.0.0.1, 10.0.0.2", "10.0.0.1" },
		{ "10.0.0.1", "10.0.0.1" },
		/* Nobody can be blamed. */
		{ "unknown", NULL },
		{ "198.51.100.7, unknown", NULL },
		{ "198.51.100.7, unknown, 10.0.0.1", NULL },
		{ "198.51.100.7, -, 10.0.0.1", NULL },
		{ "2001:db8::1:99999", NULL },
		{ "192.0.2.1:99999", NULL },
		{ "192.0.2.01", NULL },
		{ "192.0.2.1 198.51.100.7", NULL },
		{ "[2001:db8::1", NULL },
		{ "\"192.0.2.1", NULL },
		{ "\"\"", NULL },
		{ "for=192.0.2.1", NULL },
		{ "192.0.2.1%eth0", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_from("10.9.9.9", &rows[i], false);
}

static void test_elements(void **state) {
	static const struct row rows[] = {
		{ "", "" },
		{ ", ;,", "" },
		{ "for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60" },
		{ "For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17" },
		{ "for=192.0.2.43, for=198.51.100.17", "198.51.100.17" },
		{ "for=192.0.2.43,for=10.0.0.1;by=\"[::1]\"", "192.0.2.43" },
		{ "for=192.0.2.43:47011", "192.0.2.43" },
		{ "for=\"192.0.2.43:_hidden\"", "192.0.2.43" },
		{ "for=\"[2001:db8::1]:_a-b.c\"", "2001:db8::1" },
		{ "for=\"\\[2001:db8::1\\]:80\"", "2001:db8::1" },
		{ "for=2001:db8::1", "2001:db8::1" },
		{ "proto=https ; FOR=192.0.2.1 ; host=\"a\\\"b, for=198.51.100.7\"", "192.0.2.1" },
		{ "for=192.0.2.1;host=\"a\\\\\"", "192.0.2.1" },
		{ "for=192.0.2.1, ", "192.0.2.1" },
		/* Quotes that are never closed, and half of an escape, do not reach what a proxy has added. */
		{ "for=\"198.51.100.7, for=192.0.2.1", "192.0.2.1" },
		{ "for=\"198.51.100.7\\, for=192.0.2.1", "192.0.2.1" },
		{ "for=\"198.51.100.7, for=\"[2001:db8::1]\"", "2001:db8::1" },
		{ "for=\"198.51.100.7, for=192.0.2.1;by=\"10.0.0.1\"", "192.0.2.1" },
		{ "for=198.51.100.7;host=\"x, for=192.0.2.1", "192.0.2.1" },
		{ "for=192.0.2.1, for=10.0.0.1, for=\"[2001:db8:ff::9]:1\"", "192.0.2.1" },
		{ "for=10.0.0.1, for=10.0.0.2", "10.0.0.1" },
		{ "for=unknown", NULL },
		{ "for=_hidden, for=10.0.0.1", NULL },
		{ "for=198.51.100.7, for=\"_SEVKISEK\"", NULL },
		{ "for=198.51.100.7, proto=https", NULL },
		{ "for=198.51.100.7, 192.0.2.1", NULL },
		{ "for=198.51.100.7, =192.0.2.1", NULL },
		{ "for=198.51.100.7, for=", NULL },
		{ "for=198.51.100.7, for=\"192.0.2.1", NULL },
		{ "for=198.51.100.7, for=192.0.2.1;for=192.0.2.2", NULL },
		{ "for=198.51.100.7, for=\"192.0.2.1\"x", NULL },
		{ "for = 192.0.2.1", NULL },
		{ "for=2001:db8::1:_a", NULL },
		{ "for=\"192.0.2.1\\\"", NULL },
		{ "\"", NULL },
		{ "for=192.0.2.1;host=\"a\"b\"", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_from("::ffff:10.9.9.9", &rows[i], true);
}

static void test_peer_is_no_proxy(void **state) {
	static const struct row row = { "198.51.100.7", "" };
	struct ip ip;

	(void)state;
	check_from("192.0.2.1", &row, false);
	check_from("192.0.2.1", &row, true);
	check_from("2001:db8:fe::1", &row, false);
	assert_int_equal(forwarded_client(ip_of("10.0.0.1"), STR("192.0.2.1"), false, NULL, &ip), FORWARDED_NONE);
}

/* Very many hops, of quotes and of backslashes: linear, or this takes hours. */
static void test_long(void **state) {
	static const char *const pieces[] = { "10.0.0.1, ", "for=10.0.0.1,",      "\"", "\\", "\\\"", "a=\"\";", ",",
					      ";",          "for=\"10.0.0.1\" , " };
	size_t size = 1 << 18, len;
	char *value = malloc(size);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct ip ip;

		for (len = 0; len + strlen(pieces[i]) <= size; len += strlen(pieces[i]))
			memcpy(value + len, pieces[i], strlen(pieces[i]));
		(void)forwarded_client(ip_of("10.0.0.1"), (struct str){ value, len }, false, &trusted, &ip);
		(void)forwarded_client(ip_of("10.0.0.1"), (struct str){ value, len }, true, &trusted, &ip);
	}
	free(value);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_peer_is_no_proxy),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
