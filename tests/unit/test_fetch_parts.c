/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "net/libcurl.h"
#include "probe/fetch_url.h"
#include "probe/proxy_v2.h"
#include "probe/x509.h"

static struct ip ip_of(const char *text) {
	struct ip ip;

	assert_int_equal(ip_parse(text, strlen(text), &ip, NULL), 0);
	return ip;
}

/* The examples are read by hand from proxy-protocol.txt section 2.2: signature, 0x21, family, length, addresses, ports.
 */
static void test_proxy_v2(void **state) {
	static const uint8_t v4[] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49,
				      0x54, 0x0a, 0x21, 0x11, 0x00, 0x0c, 192,  0,    2,    1,
				      198,  51,   100,  2,    0xc0, 0x00, 0x01, 0xbb };
	struct proxy_v2 p = {
		.client = ip_of("192.0.2.1"), .server = ip_of("198.51.100.2"), .client_port = 0xc000, .server_port = 443
	};
	uint8_t got[PROXY_V2_MAX];

	(void)state;
	assert_int_equal(proxy_v2_header(&p, got), sizeof(v4));
	assert_memory_equal(got, v4, sizeof(v4));
	p.mapped = true;
	assert_int_equal(proxy_v2_header(&p, got), PROXY_V2_MAX);
	assert_memory_equal(got + 12, "\x21\x21\x00\x24", 4);
	assert_memory_equal(got + 16, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x01", 16);
	assert_memory_equal(got + 32, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\x02", 16);
	assert_memory_equal(got + 48, "\xc0\0\x01\xbb", 4);
	p = (struct proxy_v2){ .client = ip_of("2001:db8::1"), .server = ip_of("198.51.100.2") };
	assert_int_equal(proxy_v2_header(&p, got), PROXY_V2_MAX);
	assert_memory_equal(got + 16, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	assert_memory_equal(got + 32, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\x02", 16);
}

static void test_url(void **state) {
	static const struct {
		const char *text, *url, *shown, *host;
		bool tls;
	} good[] = {
		{ "http://example.net", "http://example.net/", "http://example.net/", "example.net", false },
		{ "HTTPS://Example.NET:8443/a?b#c", "https://Example.NET:8443/a?b#c", "https://Example.NET:8443/a?b#c",
		  "example.net", true },
		{ "http://me:secret@[2001:DB8::1]/x", "http://me:secret@[2001:DB8::1]/x", "http://[2001:DB8::1]/x",
		  "[2001:db8::1]", false },
		{ "http://b\xc3\xbc"
		  "cher.example/",
		  "http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example", false },
	};
	static const char *const bad[] = { "",
					   "example.net",
					   "ftp://example.net/",
					   "file:///etc/passwd",
					   "http://",
					   "http://[::1/",
					   "http://a b/",
					   "http://example.net:70000/",
					   "http://\xff/",
					   "javascript:alert(1)" };
	struct arena a = { 0 };
	struct fetch_url u = { 0 };
	const char *why = NULL;

	(void)state;
	if (libcurl_load(&why) < 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(fetch_url_parse(good[i].text, &a, &u, &why), 0);
		assert_string_equal(u.url, good[i].url);
		assert_string_equal(u.shown, good[i].shown);
		assert_string_equal(u.host, good[i].host);
		assert_int_equal(u.tls, good[i].tls);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		why = NULL;
		assert_int_equal(fetch_url_parse(bad[i], &a, &u, &why), -EINVAL);
		assert_non_null(why);
	}
	arena_done(&a);
}

/* Every certificate that is cut, or has a byte changed, is refused or read, never past its end (ASan watches). What a
 * whole one says is compared with openssl in cli/test_trial_fetch.py; here the smallest one, made by hand. */
static void test_x509(void **state) {
	static const char der[] = "\x30\x45\x30\x43\x02\x01\x01\x30\x00"                     /* serial, algorithm */
				  "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x0a\x0c\x01\x1b" /* O=ESC */
				  "\x30\x1e\x17\x0d"
				  "491231235959Z"
				  "\x17\x0d"
				  "500101000000Z"                                            /* 2049, 1950 */
				  "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01\x61" /* CN=a */
				  "\x30\x00";
	struct arena a = { 0 };
	struct x509 x;

	(void)state;
	assert_int_equal(x509_parse((const uint8_t *)der, sizeof(der) - 1, &a, &x), 0);
	assert_true(str_is(x.issuer, "O=."));
	assert_true(str_is(x.subject, "CN=a"));
	assert_int_equal(x.not_before, 2524607999);
	assert_int_equal(x.not_after, -631152000);
	assert_int_equal(x.names.len, 0);
	for (size_t len = 0; len + 1 < sizeof(der); len++) {
		uint8_t *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, der, len);
		assert_int_equal(x509_parse(cut, len, &a, &x), -EBADMSG);
		free(cut);
	}
	arena_done(&a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proxy_v2),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_x509),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
