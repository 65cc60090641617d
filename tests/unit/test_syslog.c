/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "logs/syslog.h"

struct row {
	const char *text, *time, *host, *app, *pid, *body; /* body NULL: no header */
	int pri;
};

static void assert_field(const struct row *row, struct str got, const char *want) {
	if (want ? !got.s || !str_is(got, want) : got.s != NULL)
		fail_msg("'%s': '%.*s', not '%s'", row->text, (int)got.len, got.s ? got.s : "",
			 want ? want : "(absent)");
}

static void check(const struct row *row) {
	size_t len = strlen(row->text);
	char *exact = malloc(len ? len : 1);
	struct syslog_header h;

	memcpy(exact, row->text, len);
	if (syslog_header_parse(exact, len, &h) != (row->body != NULL))
		fail_msg("'%s': %s", row->text, row->body ? "no header" : "a header");
	assert_field(row, h.time, row->time);
	assert_field(row, h.host, row->host);
	assert_field(row, h.app, row->app);
	assert_field(row, h.pid, row->pid);
	assert_int_equal(h.pri, row->pri);
	assert_string_equal(row->text + h.body, row->body ? row->body : row->text);
	free(exact);
}

static void test_rfc3164(void **state) {
	static const struct row rows[] = {
		{ "<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "Oct 11 22:14:15", "mymachine", "su", NULL,
		  "'su root' failed", 34 },
		{ "<0>Nov  3 06:14:11 lb1 haproxy[4711]: 192.0.2.1:5 [", "Nov  3 06:14:11", "lb1", "haproxy", "4711",
		  "192.0.2.1:5 [", 0 },
		{ "<134>Nov 23 06:14:11 haproxy[4711]: 2001:db8::1:5 [", "Nov 23 06:14:11", NULL, "haproxy", "4711",
		  "2001:db8::1:5 [", 134 },
		{ "<190>Nov 23 2026 06:14:11 web1 nginx: ::1 - - [", "Nov 23 2026 06:14:11", "web1", "nginx", NULL,
		  "::1 - - [", 190 },
		{ "<190>2026-11-23T06:14:11.441+01:00 web1 nginx: ::1 -", "2026-11-23T06:14:11.441+01:00", "web1",
		  "nginx", NULL, "::1 -", 190 },
		{ "Nov 23 06:14:11 web1 sshd[1]: Failed", "Nov 23 06:14:11", "web1", "sshd", "1", "Failed", -1 },
		{ "2026-11-23T06:14:11.441213+01:00 2001:db8::5 postfix/smtpd[1]: x",
		  "2026-11-23T06:14:11.441213+01:00", "2001:db8::5", "postfix/smtpd", "1", "x", -1 },
		{ "Nov 23 06:14:11 web1 nginx:", "Nov 23 06:14:11", "web1", "nginx", NULL, "", -1 },
		{ "Nov 23 06:14:11 web1 nginx:  two", "Nov 23 06:14:11", "web1", "nginx", NULL, " two", -1 },
		{ "<13>haproxy[1]: x", NULL, NULL, "haproxy", "1", "x", 13 },
		{ "<13>192.0.2.1 - -", NULL, NULL, NULL, NULL, "192.0.2.1 - -", 13 },
		{ "<13>2001:db8:: - -", NULL, NULL, NULL, NULL, "2001:db8:: - -", 13 },
		{ "<13>Nov 23 06:14:11 2001:db8:: - -", "Nov 23 06:14:11", NULL, NULL, NULL, "2001:db8:: - -", 13 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		check(&rows[i]);
	}
}

static void test_rfc5424(void **state) {
	static const struct row rows[] = {
		{ "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed",
		  "2003-10-11T22:14:15.003Z", "mymachine.example.com", "su", NULL, "'su root' failed", 34 },
		{ "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time.",
		  "2003-08-24T05:14:15.000003-07:00", "192.0.2.1", "myproc", "8710", "%% It's time.", 165 },
		{ "<165>1 2003-10-11T22:14:15.003Z a evntslog - ID47 [exampleSDID@32473 iut=\"3\" eventID=\"1011\"] An "
		  "event",
		  "2003-10-11T22:14:15.003Z", "a", "evntslog", NULL, "An event", 165 },
		{ "<165>1 2003-10-11T22:14:15.003Z a b - ID47 [x@1 a=\"3\"][y@1 class=\"high\"]",
		  "2003-10-11T22:14:15.003Z", "a", "b", NULL, "", 165 },
		{ "<165>1 - - - - - [x@1 a=\"\\] \\\" \\\\\"] body", NULL, NULL, NULL, NULL, "body", 165 },
		{ "<165>1 - - - - - [x@1 a=\"] [\"] body", NULL, NULL, NULL, NULL, "body", 165 },
		{ "<165>1 - - - - - -", NULL, NULL, NULL, NULL, "", 165 },
		/* Not well-formed: what is left is a message without a header of its own. */
		{ "<165>1 - - - - - [x@1 a=\"3\" body", NULL, NULL, NULL, NULL, "1 - - - - - [x@1 a=\"3\" body", 165 },
		{ "<165>1 - - - - - [x@1 a=\"3\"]body", NULL, NULL, NULL, NULL, "1 - - - - - [x@1 a=\"3\"]body", 165 },
		{ "<165>1 - - - - - [x@1 a=\"3\\", NULL, NULL, NULL, NULL, "1 - - - - - [x@1 a=\"3\\", 165 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i]);
}

/* Lines of access logs, with texts that their clients chose, have no header. */
static void test_no_header(void **state) {
	static const char *const texts[] = {
		"",
		"192.0.2.1 - - [23/Nov/2026:06:14:11 +0100] \"GET / HTTP/1.1\" 200 1",
		"2001:db8::1 - - [23/Nov/2026:06:14:11 +0100] \"GET / HTTP/1.1\" 200 1",
		"2001:db8:: - - [23/Nov/2026:06:14:11 +0100] \"GET / HTTP/1.1\" 200 1",
		"192.0.2.1 - x: y[1]: [23/Nov/2026:06:14:11 +0100] \"GET / HTTP/1.1\" 200 1",
		"[23/Nov/2026:06:14:11 +0100] 192.0.2.1 x: y",
		"\"GET /\" 192.0.2.1 x: y",
		"{\"time\":\"2026-11-23T06:14:11Z\"}",
		"7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790A 192.0.2.1 x: y",
		"Nov 23 06:14:11 last message",
		"Nov 23 06:14:11 192.0.2.1 - -",
		"Nov 23 06:14:11 2001:db8:: - -",
		"Nov 23 06:14:11 web1 a:b: x",
		"Nov 23 06:14:11 web1 [1]: x",
		"Nov 23 06:14:11 web1 a[]: x",
		"Nov 23 06:14:11 web1 a[1: x",
		"Nov 23 06:14:11 web1 \"a\": x",
		"Nov 23 06:14:11 web1  a: x",
		"Nov 23 06:14:11  web1 a: x",
		"Nov 23 06:14:11",
		"nov 23 06:14:11 web1 a: x",
		"2026-11-23T06:14:11 ",
		"<192>Nov 23 06:14:11 web1 a: x",
		"<>Nov 23 06:14:11 web1 a: x",
		"<1234>Nov 23 06:14:11 web1 a: x",
		"<34",
		"<",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct row row = { .text = texts[i], .pri = -1 };

		check(&row);
	}
}

static void assert_frame(const char *text, ssize_t want, const char *message) {
	size_t len = strlen(text);
	char *exact = malloc(len ? len : 1);
	struct str got = { NULL, 0 };

	memcpy(exact, text, len);
	assert_int_equal(syslog_frame(exact, len, &got), want);
	if (want > 0 ? !str_is(got, message) : got.s != NULL)
		fail_msg("'%s': '%.*s'", text, (int)got.len, got.s);
	free(exact);
}

static void test_frames(void **state) {
	(void)state;
	assert_frame("8 <34>a\nbc<", 10, "<34>a\nbc");
	assert_frame("<34>abc\n<35>", 8, "<34>abc");
	assert_frame("\n", 1, "");
	assert_frame("192.0.2.1 - -\n", 14, "192.0.2.1 - -");
	assert_frame("192 x\n", 6, "192 x");
	assert_frame("01 <3\n", 6, "01 <3");
	assert_frame("1763874851.441 <\n", 17, "1763874851.441 <");
	assert_frame("12345678 <\n", 11, "12345678 <");
	assert_frame("", 0, NULL);
	assert_frame("8", 0, NULL);
	assert_frame("8 ", 0, NULL);
	assert_frame("8 <34>ab", 0, NULL);
	assert_frame("<34>abc", 0, NULL);
	assert_frame("1048576 <", 0, NULL);
	assert_frame("1048577 <", -EBADMSG, NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3164),
		cmocka_unit_test(test_rfc5424),
		cmocka_unit_test(test_no_header),
		cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
