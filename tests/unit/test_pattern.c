/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "log_line.h"
#include "logs/scan.h"
#include "random.h"

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
		{ "192.0.2.1 - " T " \"t3 12.1.2\" 400 157 \"-\" \"-\"", "192.0.2.1", "t3", "12.1.2", NULL, NULL, 400 },
		{ "192.0.2.1 - - " T " \"-\" 400 0 \"-\" \"-\"", "192.0.2.1", NULL, NULL, NULL, NULL, 400 },
		{ "192.0.2.1 - - " T " \"CONNECT example.net:443 HTTP/1.1\" 400 0 \"-\" \"-\"", "192.0.2.1", "CONNECT",
		  "example.net:443", NULL, NULL, 400 },
		{ "192.0.2.1 - - " T " \"GET  //a  HTTP/1.1\" 000 0 \"-\" \"-\"", "192.0.2.1", "GET", "//a", NULL, NULL,
		  0 },
		{ "192.0.2.1 - - " T " \"GET /a b HTTP/1.1\" 400 0 \"-\" \"", "192.0.2.1", "GET", "/a b", NULL, "",
		  400 },
		{ "<190>Nov 23 06:14:11 web nginx: fe80::1%eth0 - - " T " \"OPTIONS * HTTP/1.1\" 405 0 \"-\" \"-\"",
		  "fe80::1", "OPTIONS", "*", NULL, NULL, 405 },
		{ "unix: - - " T " \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"", .reason = LOG_NO_ADDRESS },
		{ "010.0.0.1 - - " T " \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"", .reason = LOG_BAD_ADDRESS },
		{ "192.0.2.1 - hello", .reason = LOG_NO_QUOTE, .at = 17 },
	};

	(void)state;
	line_cases_check("nginx", NULL, cases, ARRAY_LEN(cases));
}

/* As templates/nginx of this project writes it, behind HAProxy: with and without its directive. */
static void test_nginx_directives(void **state) {
	static const char *const formats[] = {
		"nginx",
		"nginx:combined",
		"log_format hextet '$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
		"\"$http_referer\" \"$http_user_agent\" \"$http_x_unique_id\"';",
		"log_format main escape=default '$remote_addr - $remote_user [$time_local] \"$request\" '\n"
		"    '$status $body_bytes_sent \"$http_referer\" '\n"
		"    '\"$http_user_agent\" \"${http_x_unique_id}\"';",
		"log_format main \"$remote_addr - $remote_user [$time_local] \\\"$request\\\" $status $body_bytes_sent "
		"\\\"$http_referer\\\" \\\"$http_user_agent\\\"\"",
		"$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" "
		"\"$http_user_agent\"",
	};
	static const struct line_case cases[] = {
		{ "2001:db8::7 - - " T " \"POST /login HTTP/1.1\" 401 612 \"-\" \"curl/8\" "
		  "\"20010DB8000100000000000000000002:982E_20010DB8000100000000000000000001:1F90_6B03D9B3_0001:3FA4\"",
		  "2001:db8::7", "POST", "/login", NULL, "curl/8", 401 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		line_cases_check(formats[i], NULL, cases, 1);
}

/* Tab-separated values, labelled or not: nginx and Apache escape a tab that a client sends. */
static void test_tabs(void **state) {
	static const struct line_case nginx[] = {
		{ "host:192.0.2.1\tuser:a\\x09b c\treq:GET /x y HTTP/1.1\tstatus:401\tua:c \\x22d", "192.0.2.1", "GET",
		  "/x y", NULL, "c \"d", 401 },
	};
	static const struct line_case apache[] = {
		{ "2001:db8::1\ta b\t\"GET /\\\" HTTP/1.1\"\t401", "2001:db8::1", "GET", "/\"", NULL, NULL, 401 },
	};

	(void)state;
	line_cases_check("log_format ltsv 'host:$remote_addr\\tuser:$remote_user\\treq:$request\\tstatus:$status\\t'"
			 "'ua:$http_user_agent';",
			 NULL, nginx, 1);
	line_cases_check("%h\\t%u\\t\"%r\"\\t%>s", NULL, apache, 1);
}

static void test_nginx_json(void **state) {
	static const struct line_case cases[] = {
		{ "{\"a\":\"192.0.2.1\",\"u\":\"x\\\"y\\\\\",\"t\":\"2026-11-23T06:14:11+00:00\",\"r\":\"GET "
		  "/\\u0001\\t "
		  "HTTP/1.1\",\"s\":404,\"h\":\"example.net:443\",\"ua\":\"\\\\\"}",
		  "192.0.2.1", "GET", "/\x01\t", "example.net", "\\", 404 },
	};

	(void)state;
	line_cases_check("log_format j escape=json '{\"a\":\"$remote_addr\",\"u\":\"$remote_user\",'"
			 "'\"t\":\"$time_iso8601\",\"r\":\"$request\",\"s\":$status,\"h\":\"$http_host\",'"
			 "'\"ua\":\"$http_user_agent\"}';",
			 NULL, cases, ARRAY_LEN(cases));
}

#define REST " web web/<NOSRV> 0/-1/-1/-1/+0 401 +148 - - PR-- 1/1/0/0/+0 0/0 "
#define H "[23/Nov/2026:06:14:11.441]"

static void test_haproxy_httplog(void **state) {
	static const struct line_case cases[] = {
		{ "192.0.2.2:54730 " H REST "\"GET /echo HTTP/1.1\"", "192.0.2.2", "GET", "/echo", NULL, NULL, 401 },
		{ "<134>Nov 23 06:14:11 haproxy[16292]: 2001:db8::1234:5843 " H REST "\"GET /e#22c HTTP/1.1\"",
		  "2001:db8::1234", "GET", "/e\"c", NULL, NULL, 401 },
		{ "<134>1 2026-11-23T06:14:11.442609+00:00 - haproxy 16292 - - ::1:80 " H REST "{a b|c} {} \"GET /\"",
		  "::1", "GET", "/", NULL, NULL, 401 },
		{ "::ffff:1.2.3.4:99 " H REST "{a b} \"<BADREQ>\"", "1.2.3.4", NULL, NULL, NULL, NULL, 401 },
		{ "1:2:3:4:5:6:7:8:9999 " H REST "\"GET http://x:80/y?z HTTP/1.1", "1:2:3:4:5:6:7:8", "GET", "/y", "x",
		  NULL, 401 },
		{ "192.0.2.2:1 " H REST "\"GET /aaaa", "192.0.2.2", "GET", "/aaaa", NULL, NULL, 401 },
		{ "192.0.2.2:1 " H REST "{aaa", "192.0.2.2", NULL, NULL, NULL, NULL, 401 },
		{ "192.0.2.2:1 " H " web web/<NOSRV> 0/-1/-1/-1/0 -1 0 - - CR-- 1/1/0/0/0 0/0 \"<BADREQ>\"",
		  "192.0.2.2", NULL, NULL, NULL, NULL, 0 },
		{ "192.0.2.2:1 " H REST "\\\"GET /a HTTP/1.1\\\"", "192.0.2.2", "GET", "/a", NULL, NULL, 401 },
		{ "192.0.2.2:1 " H REST "\\\"\"", "192.0.2.2", NULL, NULL, NULL, NULL, 401 },
		{ "192.0.2.2:1 " H REST "\"GET /a\\\"", "192.0.2.2", "GET", "/a\\", NULL, NULL, 401 },
		{ "192.0.2.2:1 " H REST "\"GET /a HTTP/1.1\" C0000202:D5CA_C0000201:1F90_6B03D9B3_0000:3FA4",
		  "192.0.2.2", "GET", "/a", NULL, NULL, 401 },
		/* A captured cookie is written as it came. */
		{ "192.0.2.2:1 " H
		  " w w/s 0/0/0/0/0 401 0 c=\"GET /b HTTP/1.1\" - --VN 1/1/0/0/0 0/0 \"GET /a HTTP/1.1\"",
		  "192.0.2.2", "GET", "/a", NULL, NULL, 401 },
		{ "unix:1 " H REST "\"GET /a HTTP/1.1\"", .reason = LOG_NO_ADDRESS, .at = 0 },
		{ "-:- " H REST "\"GET /a HTTP/1.1\"", .reason = LOG_NO_ADDRESS, .at = 0 },
		{ "1.2.3.400:1 " H REST "\"GET /a HTTP/1.1\"", .reason = LOG_BAD_ADDRESS, .at = 0 },
		{ "1.2.3.4:1 [23/Nov/2026:06:61:11.441]" REST "\"GET /a\"", .reason = LOG_BAD_TIME, .at = 11 },
		{ "1.2.3.4:1 " H " web web/s 0/0/0/0/0 4x1 0 ", .reason = LOG_BAD_STATUS, .at = 57 },
		{ "1.2.3.4:1 " H " web/1: SSL handshake failure", .reason = LOG_NO_LITERAL, .at = 44 },
	};

	(void)state;
	line_cases_check("haproxy", NULL, cases, ARRAY_LEN(cases));
	line_cases_check("haproxy:httplog", NULL, cases, 1);
	line_cases_check("option httpslog", NULL, cases, 1);
}

static void test_haproxy_id(void **state) {
	static const char *const hextet = /* templates/haproxy of this project */
		"log-format \"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc "
		"%sq/%bq "
		"%hr %hs %{+Q}r %ID\"";
	static const struct line_case both[] = {
		{ "192.0.2.2:54730 " H REST "\"GET /e HTTP/1.1\" C0000202:D5CA_C0000201:1F90_6B03D9B3_0000:3FA4",
		  "192.0.2.2", "GET", "/e", NULL, NULL, 401 },
		{ "::ffff:192.0.2.2:54730 " H REST
		  "\"GET /e HTTP/1.1\" 00000000000000000000FFFFC0000202:D5CA_C0000201:1F90_6B03D9B3_0000:3FA4",
		  "192.0.2.2", "GET", "/e", NULL, NULL, 401 },
		{ "192.0.2.3:54730 " H REST "\"GET /e HTTP/1.1\" C0000202:D5CA_C0000201:1F90_6B03D9B3_0000:3FA4",
		  .reason = LOG_BAD_ID, .at = 124 },
		{ "192.0.2.3:54730 " H REST "\"GET /e HTTP/1.1\" -", "192.0.2.3", "GET", "/e", NULL, NULL, 401 },
		{ "192.0.2.3:54730 " H REST "\"GET /e HT", "192.0.2.3", "GET", "/e HT", NULL, NULL, 401 },
	};
	static const struct line_case alone[] = {
		{ "C0000202:D5CA_C0000201:1F90_6B03D9B3_0000:3FA4 401", "192.0.2.2", NULL, NULL, NULL, NULL, 401 },
		{ "20010DB8000100000000000000000002:982E 401", "2001:db8:1::2", NULL, NULL, NULL, NULL, 401 },
		{ "7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790A 200", "127.0.0.1", NULL, NULL, NULL, NULL, 200 },
		{ "7F00001:8296 200", .reason = LOG_BAD_ID, .at = 0 },
	};
	static const struct line_case hex[] = {
		{ "7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790A 200", "127.0.0.1", NULL, NULL, NULL, NULL, 200 },
		{ "00000000000000000000FFFF7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790A 200", "127.0.0.1", NULL, NULL,
		  NULL, NULL, 200 },
	};

	(void)state;
	line_cases_check(hextet, NULL, both, ARRAY_LEN(both));
	line_cases_check("%ID %ST", NULL, alone, ARRAY_LEN(alone));
	line_cases_check("log-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid\\ %ST", NULL, hex, ARRAY_LEN(hex));
}

static void test_haproxy_others(void **state) {
	static const struct line_case tcplog[] = {
		{ "2001:db8::1:5555 " H " fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0", "2001:db8::1", NULL, NULL, NULL,
		  NULL, 0 },
	};
	static const struct line_case clf[] = {
		{ "2001:db8::1 - - " T " \"GET / HTTP/1.1\" 200 148 \"\" \"\" 57348 441 \"web\" \"web\"", "2001:db8::1",
		  "GET", "/", NULL, NULL, 200 },
	};
	/* Quotes in one of two texts that HAProxy does not escape: what is behind cannot be told, what is before can.
	 */
	static const struct line_case raw[] = {
		{ "192.0.2.1:5 403 c=1 \"GET /a\" \"curl\"", "192.0.2.1", "GET", "/a", NULL, NULL, 403 },
		{ "192.0.2.1:5 403 c=1 \"GET /a\" \"\" \"GET /b\"", "192.0.2.1", NULL, NULL, NULL, NULL, 403 },
		{ "192.0.2.1:5 403 - \"GET /a\" \"\" \"GET /b\"", "192.0.2.1", "GET", "/a", NULL, NULL, 403 },
	};
	static const struct line_case parts[] = {
		{ "192.0.2.1:5 " T " GET \"/a#20b?c\" \"example.net:8443\" 403", "192.0.2.1", "GET", "/a b",
		  "example.net", NULL, 403 },
	};

	(void)state;
	line_cases_check("%ci:%cp %ST %CC %{+Q}r %{+Q}[capture.req.hdr(0)]", NULL, raw, ARRAY_LEN(raw));
	line_cases_check("option tcplog", NULL, tcplog, 1);
	line_cases_check("option httplog clf", NULL, clf, 1);
	line_cases_check("%ci:%cp\\ [%T]\\ %HM\\ %{+Q}HU\\ %{+Q}[req.hdr(host)]\\ %ST", NULL, parts, 1);
}

static void test_varnish(void **state) {
	static const struct line_case cases[] = {
		{ "2001:db8:1::2 - - " T " \"GET http://example.net/v6?x HTTP/1.1\" 200 5 \"-\" \"curl/8\"",
		  "2001:db8:1::2", "GET", "/v6", "example.net", "curl/8", 200 },
		{ "192.0.2.1 - a \\\"b\\\\\\\" c " T " \"GET http://[2001:db8::1]:6081/\\\"\\\\ HTTP/1.1\" 403 - \"-\" "
		  "\"\\xff\\x01\\n\"",
		  "192.0.2.1", "GET", "/\"\\", "[2001:db8::1]", "\xff\x01\n", 403 },
	};
	static const struct line_case exact[] = {
		{ "192.0.2.1 \"GET\" \"/login\" 401 \"a/../b\"", "192.0.2.1", "GET", "/login", "a/../b", NULL, 401 },
		{ "192.0.2.1 \"GET\" \"/login?x\" 401 \"b:80\"", "192.0.2.1", "GET", "/login", "b", NULL, 401 },
	};
	static const struct line_case seconds[] = {
		{ "192.0.2.1 1795414451 hit \"GET http://a/ HTTP/1.1\" 200", "192.0.2.1", "GET", "/", "a", NULL, 200 },
	};

	(void)state;
	line_cases_check("varnish", NULL, cases, ARRAY_LEN(cases));
	line_cases_check("varnish:%h \"%m\" \"%U%q\" %s \"%{Host}i\"", NULL, exact, ARRAY_LEN(exact));
	line_cases_check("varnishncsa -F '%h %{%s}t %{Varnish:hitmiss}x \"%r\" %s'", NULL, seconds, 1);
}

static void test_apache(void **state) {
	static const struct line_case cases[] = {
		{ "192.0.2.1 - - " T " \"GET /a HTTP/1.1\" 401 381 \"-\" \"c\\\"\"", "192.0.2.1", "GET", "/a", NULL,
		  "c\"", 401 },
		{ "192.0.2.1 - \"\" " T " \"GET /a HTTP/1.1\" 401 381 \"-\" \"c\"", "192.0.2.1", "GET", "/a", NULL, "c",
		  401 },
		{ "192.0.2.1 - \\\"\\\" x " T " \"GET /b " T " " T " \\\" HTTP/1.1\" 401 381 \"-\" \"c\"", "192.0.2.1",
		  "GET", "/b " T " " T " \"", NULL, "c", 401 },
		{ "192.0.2.1 - - " T " \"\" 400 0 \"-\" \"-\"", "192.0.2.1", NULL, NULL, NULL, NULL, 400 },
		{ "client.example.net - - " T " \"GET /a HTTP/1.1\" 401 381 \"-\" \"-\"", .reason = LOG_NO_ADDRESS },
	};
	static const struct line_case vhost[] = {
		{ "www.example.net:443 2001:db8::1 - - " T " \"GET /a HTTP/1.1\" 401 381 \"-\" \"-\"", "2001:db8::1",
		  "GET", "/a", "www.example.net", NULL, 401 },
	};

	(void)state;
	line_cases_check("apache", NULL, cases, ARRAY_LEN(cases));
	line_cases_check(
		"LogFormat \"%h %l %u %t \\\"%r\\\" %>s %b \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\"\" combined", NULL,
		cases, ARRAY_LEN(cases));
	line_cases_check("apache:vhost_combined", NULL, vhost, 1);
	line_cases_check("%v:%p %h %l %u %t \"%r\" %!200,304>s %O", NULL, vhost, 1);
}

static void test_forwarded(void **state) {
	static const struct line_case cases[] = {
		{ "::1 - - " T " \"GET / HTTP/1.1\" 200 1 \"203.0.113.9, 2001:db8:1::2\"", "2001:db8:1::2", "GET", "/",
		  NULL, NULL, 200 },
		{ "192.0.2.9 - - " T " \"GET / HTTP/1.1\" 200 1 \"203.0.113.9, 2001:db8:1::2\"", "192.0.2.9", "GET",
		  "/", NULL, NULL, 200 },
		{ "::1 - - " T " \"GET / HTTP/1.1\" 200 1 \"-\"", "::1", "GET", "/", NULL, NULL, 200 },
		{ "::1 - - " T " \"GET / HTTP/1.1\" 200 1 \"203.0.113.9, unknown\"", .reason = LOG_BAD_FORWARDED,
		  .at = 61 },
	};
	static const struct line_case rfc7239[] = {
		{ "::1 \"for=192.0.2.66, for=\\x22[2001:db8::1]:4711\\x22\"", "2001:db8::1", NULL, NULL, NULL, NULL,
		  0 },
	};
	struct prefix_set trusted = { 0 };
	struct prefix p;

	(void)state;
	assert_int_equal(prefix_parse("::1/128", 7, &p, NULL), 0);
	prefix_set_add(&trusted, p);
	prefix_set_normalise(&trusted);
	line_cases_check("$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
			 "\"$http_x_forwarded_for\"",
			 &trusted, cases, ARRAY_LEN(cases));
	line_cases_check("$remote_addr \"$http_forwarded\"", &trusted, rfc7239, 1);
	prefix_set_done(&trusted);
}

/* Every quote and every blank, from anywhere, with and without the processor's own instructions. */
static void test_scan(void **state) {
	scan_fill_fn *const fills[] = { scan_fill_portable, scan_fill_best() };
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 4000; i++) {
		size_t len = random_below(&seed, random_below(&seed, 2) ? 140 : 2000);
		char *line = malloc(len + !len);
		struct scan c;

		assert_non_null(line);
		for (size_t k = 0; k < len; k++)
			line[k] = "a\" \\\xa2"[random_below(&seed, 40) < 36 ? 0 : random_below(&seed, 5)];
		scan_begin(&c, line, len, '"', '\\', fills[i % 2]);
		if (len <= SCAN_WINDOW)
			assert_int_equal(c.escaped, len && memchr(line, '\\', len) != NULL);
		for (int k = 0; k < 20; k++) {
			size_t from = random_below(&seed, (unsigned)len + 1);
			const char *quote = from < len ? memchr(line + from, '"', len - from) : NULL;
			const char *blank = from < len ? memchr(line + from, ' ', len - from) : NULL;

			assert_int_equal(scan_quote(&c, from), quote ? (size_t)(quote - line) : len);
			assert_int_equal(scan_blank(&c, from), blank ? (size_t)(blank - line) : len);
		}
		free(line);
	}
}

static void test_refused(void **state) {
	static const char *const rows[][2] = {
		{ "log_format x escape=none '$remote_addr \"$request\"';", "escape=none" },
		{ "$remote_addr $remote_user $request", "$remote_user ends and $request begins" },
		{ "$remote_addr $remote_user $http_user_agent [$time_local] \"$request\"",
		  "$http_user_agent in quotes" },
		{ "$remote_addr$status", "$remote_addr ends and $status" },
		{ "$http_x_forwarded_for \"$request\"", "add the peer's address ($remote_addr)" },
		{ "\"$request\" $status", "no client address" },
		{ "$remote_addr $", "begins no variable" },
		{ "%h %Z", "%Z" },
		{ "%h %u %r", "%u ends and %r begins" },
		{ "%ci:%cp %CC %r", "%{+Q}" },
		{ "%ci:%cp %nix", "%nix" },
		{ "%ci:%cp %{+E}r", "+E" },
		{ "option dontlognull", "dontlognull" },
		{ "ngnix", "did you mean \"nginx\"" },
		{ "", "no log format" },
	};
	const struct log_options options = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct log_parser *parser = NULL;
		char *why = NULL;

		if (log_parser_new(str_of(rows[i][0]), &options, &parser, &why) != -EINVAL)
			fail_msg("%s: is taken", rows[i][0]);
		if (!strstr(why, rows[i][1]))
			fail_msg("%s: %s", rows[i][0], why);
		free(why);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nginx_combined),
		cmocka_unit_test(test_nginx_directives),
		cmocka_unit_test(test_tabs),
		cmocka_unit_test(test_nginx_json),
		cmocka_unit_test(test_haproxy_httplog),
		cmocka_unit_test(test_haproxy_id),
		cmocka_unit_test(test_haproxy_others),
		cmocka_unit_test(test_varnish),
		cmocka_unit_test(test_apache),
		cmocka_unit_test(test_forwarded),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
