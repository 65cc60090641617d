/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "log_line.h"

#define T "[23/Nov/2026:06:14:11 +0000]"

static void test_nginx_combined(void **state) {
	static const struct line_case cases[] = {
		{ "192.0.2.1 - - " T " \"GET /a?b=c HTTP/1.1\" 200 612 \"-\" \"curl/8\"", "192.0.2.1", "GET", "/a",
		  NULL, "curl/8", 200 },
		{ "2001:db8::1 - a b " T " \"GET / HTTP/2.0\" 401 0 \"-\" \"-\"", "2001:db8::1", "GET", "/", NULL, NULL,
		  401 },
		{ "::ffff:192.0.2.1 - x [23/Nov/2026:06:14:11 +0000] " T " \"\" 400 0 \"-\" \"-\"", "192.0.2.1", NULL,
		  NULL, NULL, NULL, 400 },
		{ "192.0.2.1 - - " T " \"\\x16\\x03\\x01\" 400 157 \"-\" \"-\"", "192.0.2.1", NULL, NULL, NULL, NULL,
		  400 },
		{ "192.0.2.1 - - " T " \"GET http://example.net:80/x?y HTTP/1.1\" 200 1 \"-\" \"a\\x22b\\x5C\"",
		  "192.0.2.1", "GET", "/x", "example.net", "a\"b\\", 200 },
		{ "example.net - - " T " \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"", .reason = LOG_NO_ADDRESS, .at = 0 },
		{ "", .reason = LOG_EMPTY },
		{ "hello", .reason = LOG_NO_ADDRESS, .at = 0 },
		{ "192.0.2.1 - hello", .reason = LOG_NO_QUOTE, .at = 17 },
	};

	(void)state;
	line_cases_check("nginx", NULL, cases, ARRAY_LEN(cases));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nginx_combined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
