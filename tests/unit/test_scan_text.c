/* SPDX-License-Identifier: Apache-2.0 */
/* What scan says of expressions, formats and names; of expressions, regexec() is asked too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <regex.h>
#include <stdio.h>

#include "probe/scan_format.h"
#include "probe/scan_name.h"
#include "probe/scan_predicate.h"
#include "probe/scan_regex.h"

static bool matches(const char *expression, const char *text) {
	regex_t re;
	regmatch_t all;
	bool yes;

	if (regcomp(&re, expression, REG_EXTENDED) != 0)
		fail_msg("%s does not compile", expression);
	yes = regexec(&re, text, 1, &all, 0) == 0 && all.rm_so == 0 && text[all.rm_eo] == '\0';
	regfree(&re);
	return yes;
}

/* An expression is of IPv4 when it takes an address of IPv4, and neither one of IPv6 nor a version of three numbers. */
static void test_expressions(void **state) {
	static const char *const expressions[] = {
		"[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}",
		"([0-9]{1,3}\\.){3}[0-9]{1,3}",
		"[0-9]+(\\.[0-9]+){3}",
		"[[:digit:]]+[.][[:digit:]]+[.][[:digit:]]+[.][[:digit:]]+",
		"([0-9]|[1-9][0-9]|1[0-9]{2})(\\.([0-9]|1?[0-9][0-9]|2[0-4][0-9]|25[0-5])){3}",
		"192\\.0\\.[0-9]+\\.[0-9]+",
		"[0-9]+.[0-9]+.[0-9]+.[0-9]+",
		"[0-9a-fA-F:.]+",
		"[[:xdigit:]:.]+",
		"([0-9]{1,3}\\.){3}[0-9]{1,3}|[0-9a-f:]+",
		"[^ ]+",
		"[0-9]+\\.[0-9]+\\.[0-9]+",
		"([0-9]+\\.){2}[0-9]+",
		"[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}",
		"[a-z0-9.-]+:[0-9]+",
		"192.0.2.10",
		".*",
		"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(expressions); i++) {
		const char *e = expressions[i];
		const bool ip4 = matches(e, "192.0.2.1") && !matches(e, "2001:db8::1") && !matches(e, "1.2.3");

		if (scan_regex_is_ip4(str_of(e)) != ip4)
			fail_msg("%s: %sof IPv4 only", e, ip4 ? "" : "not ");
	}
	assert_true(scan_regex_is_ip4(STR("^(?P<client_ip>[0-9.]+) - ")));
	assert_true(scan_regex_is_ip4(STR("(\\\\d{1,3})\\\\.(\\\\d{1,3})\\\\.(\\\\d{1,3})\\\\.(\\\\d{1,3})")));
	assert_false(scan_regex_is_ip4(STR("version ([\\d.]+)")));
	assert_true(scan_regex_is_dotted(STR("version ([\\d.]+)")));
}

/* What is not whole, or not an expression at all. */
static void test_broken_expressions(void **state) {
	static const char *const texts[] = { "[",      "[^",   "[]",    "[[:",    "[[:digit:", "\\",   "\\{",
					     "{3}",    "(?",   "(?P<",  "(?<",    "(?P<ip",    "[\\",  "[0-9.",
					     ")){3",   "{1,3", "(?<a>", "[0-9]{", "\\{1,3",    "$",    "${",
					     "${a}:$", "%",    "%s:",   ":%s",    "//",        "//%s:" };
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_false(scan_regex_is_ip4(str_of(texts[i])));
		assert_false(scan_regex_is_ip6(str_of(texts[i])));
		assert_false(scan_format_is_ip4(str_of(texts[i])) || scan_format_is_host_port(str_of(texts[i])));
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	for (size_t i = 0; i <= sizeof(bytes); i++)
		(void)scan_regex_is_ip4((struct str){ bytes, i });
}

static void test_formats(void **state) {
	(void)state;
	assert_true(scan_format_is_ip4(STR("%u.%u.%u.%u")) && !scan_format_is_ip4(STR("%d.%d.%d")));
	assert_true(scan_format_is_host_port(STR("http://%s:%d/")) && scan_format_is_host_port(STR("$host:$port")));
	assert_true(scan_format_is_host_port(STR("redis://${user}:${word}@${host}:${port}")));
	assert_false(scan_format_is_host_port(STR("ftp://%s:%s@example.net/")));
	assert_false(scan_format_is_host_port(STR("http://[%s]:%d/")) ||
		     scan_format_is_host_port(STR("{hour}:{minute}")));
	assert_false(scan_format_is_host_port(STR("git@{host}:{path}.git")));
	assert_true(scan_format_is_pair(STR("%s:%d")) && !scan_format_is_pair(STR("%s:%d: error")));
}

static void test_names(void **state) {
	(void)state;
	assert_true(scan_name_is_ip(STR("clientIp")) && scan_name_is_ip(STR("REMOTE_ADDR")) &&
		    !scan_name_is_ip(STR("zip")));
	assert_true(scan_name_is_ip_value(STR("IPAddress")) && !scan_name_is_ip_value(STR("ip_hash")));
	assert_true(scan_name_is_ip_text(STR("ip_addr")) && !scan_name_is_ip_text(STR("mac_addr")));
	assert_true(scan_name_is_ip_column(STR("remote_addr")) && !scan_name_is_ip_column(STR("shipping_address")));
	assert_true(scan_name_is_6(STR("Inet6Address")) && !scan_name_is_6(STR("address")));
	assert_true(scan_name_is_endpoint(STR("hostPort")) && !scan_name_is_endpoint(STR("ghost")));
}

/* "::" is an address between addresses, and not between names. */
static void test_double_colons(void **state) {
	static const char *const yes[] = {
		"::", "[::]:80", "::1", "2001:db8::/32", "at fe80::1%eth0", "::ffff:192.0.2.1"
	};
	static const char *const no[] = { "Foo::Bar", "std::string", "0.0.0.0", ":", "Net::Bind", "a::longer", "x::1" };
	const struct scan_predicate *any6 = scan_predicate_by_name(STR("any6"));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (!any6->holds(str_of(yes[i])))
			fail_msg("%s is no address", yes[i]);
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (any6->holds(str_of(no[i])))
			fail_msg("%s is an address", no[i]);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions),   cmocka_unit_test(test_broken_expressions),
		cmocka_unit_test(test_formats),       cmocka_unit_test(test_names),
		cmocka_unit_test(test_double_colons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
