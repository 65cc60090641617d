/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9110 as tables: each row is a request and what the RFC says to it. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "net/http_entity.h"

enum { NOW = 1700000000 }; /* Tue, 14 Nov 2023 22:13:20 GMT */

static const struct http_entity entity = {
	.bytes = { "0123456789", 10 },
	.gzip = { "abcdef", 6 },
	.etag = "\"e1\"",
	.modified = 784111777, /* Sun, 06 Nov 1994 08:49:37 GMT */
	.type = "text/plain",
};
#define MODIFIED "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

struct row {
	struct http_conditions c;
	unsigned status;
	uint64_t first, len;
	bool gzip;
};

static void check(const struct http_entity *e, const struct row *rows, size_t n) {
	for (size_t i = 0; i < n; i++) {
		struct http_conditions c = rows[i].c;
		struct http_answer a;

		c.now = NOW;
		a = http_entity_answer(e, &c);
		if (a.status != rows[i].status || a.first != rows[i].first || a.len != rows[i].len ||
		    a.gzip != rows[i].gzip)
			fail_msg("row %zu: %u %ju+%ju %d", i, a.status, (uintmax_t)a.first, (uintmax_t)a.len, a.gzip);
	}
}

/* Section 13.2.2, in its order. */
static void test_conditions(void **state) {
	static const struct row rows[] = {
		{ { 0 }, 200, 0, 10 },
		{ { .if_none_match = "\"e1\"" }, 304 },
		{ { .if_none_match = "W/\"e1\"" }, 304 }, /* the weak comparison */
		{ { .if_none_match = "*" }, 304 },
		{ { .if_none_match = " \"x\" ,, W/\"y,z\",\t\"e1\" " }, 304 },
		{ { .if_none_match = "\"e2\"" }, 200, 0, 10 },
		{ { .if_none_match = "\"E1\"" }, 200, 0, 10 },
		{ { .if_none_match = "e1" }, 200, 0, 10 },
		{ { .if_none_match = "w/\"e1\"" }, 200, 0, 10 },
		{ { .if_none_match = "\"x\" \"e1\"" }, 200, 0, 10 },
		{ { .if_none_match = "" }, 200, 0, 10 },
		{ { .if_none_match = "\"e1\"", .is_head = true }, 304 },
		{ { .if_modified_since = MODIFIED }, 304 },
		{ { .if_modified_since = AFTER }, 304 },
		{ { .if_modified_since = BEFORE }, 200, 0, 10 },
		{ { .if_modified_since = "yesterday" }, 200, 0, 10 },
		{ { .if_none_match = "\"e2\"", .if_modified_since = AFTER }, 200, 0, 10 }, /* 13.1.3 */
		{ { .if_match = "\"e1\"" }, 200, 0, 10 },
		{ { .if_match = "*" }, 200, 0, 10 },
		{ { .if_match = "W/\"e1\"" }, 412 }, /* the strong comparison */
		{ { .if_match = "\"e2\", \"e3\"" }, 412 },
		{ { .if_match = "\"e1\"", .if_none_match = "\"e1\"" }, 304 },
		{ { .if_match = "\"e2\"", .if_none_match = "\"e1\"" }, 412 },
		{ { .if_unmodified_since = BEFORE }, 412 },
		{ { .if_unmodified_since = MODIFIED }, 200, 0, 10 },
		{ { .if_unmodified_since = "never" }, 200, 0, 10 },
		{ { .if_match = "\"e1\"", .if_unmodified_since = BEFORE }, 200, 0, 10 }, /* 13.1.4 */
		{ { .if_none_match = "\"e1\"", .range = "bytes=0-1" }, 304 },
	};

	(void)state;
	check(&entity, rows, ARRAY_LEN(rows));
}

/* Section 14.1.2. */
static void test_ranges(void **state) {
	static const struct row rows[] = {
		{ { .range = "bytes=0-4" }, 206, 0, 5 },
		{ { .range = "Bytes=0-4" }, 206, 0, 5 },
		{ { .range = "bytes= 0-4 , " }, 206, 0, 5 },
		{ { .range = "bytes=5-" }, 206, 5, 5 },
		{ { .range = "bytes=-3" }, 206, 7, 3 },
		{ { .range = "bytes=-99" }, 206, 0, 10 },
		{ { .range = "bytes=0-99" }, 206, 0, 10 },
		{ { .range = "bytes=9-9" }, 206, 9, 1 },
		{ { .range = "bytes=9-99999999999999999999999999" }, 206, 9, 1 },
		{ { .range = "bytes=10-" }, 416 },
		{ { .range = "bytes=99999999999999999999999999-" }, 416 },
		{ { .range = "bytes=-0" }, 416 },
		{ { .range = "bytes=4-3" }, 200, 0, 10 },
		{ { .range = "bytes=-" }, 200, 0, 10 },
		{ { .range = "bytes=" }, 200, 0, 10 },
		{ { .range = "bytes=a-b" }, 200, 0, 10 },
		{ { .range = "bytes=0 -4" }, 200, 0, 10 },
		{ { .range = "bytes=0-1,4-5" }, 200, 0, 10 },
		{ { .range = "lines=0-4" }, 200, 0, 10 },
		{ { .range = "bytes=0-4", .is_head = true }, 200, 0, 10 }, /* 14.2: GET only */
		{ { .range = "bytes=0-4", .if_range = "\"e1\"" }, 206, 0, 5 },
		{ { .range = "bytes=0-4", .if_range = "\"e2\"" }, 200, 0, 10 },
		{ { .range = "bytes=0-4", .if_range = "W/\"e1\"" }, 200, 0, 10 },
		{ { .range = "bytes=10-", .if_range = "\"e2\"" }, 200, 0, 10 },
		{ { .range = "bytes=0-4", .if_range = MODIFIED }, 200, 0, 10 },
	};
	static const struct http_entity empty = { .bytes = { "", 0 }, .etag = "\"e1\"" };
	static const struct row of_nothing[] = {
		{ { .range = "bytes=-5" }, 200, 0, 0 },
		{ { .range = "bytes=0-" }, 416 },
	};

	(void)state;
	check(&entity, rows, ARRAY_LEN(rows));
	check(&empty, of_nothing, ARRAY_LEN(of_nothing));
}

/* Section 12.5.3. */
static void test_codings(void **state) {
	static const struct row rows[] = {
		{ { .accept_encoding = "gzip" }, 200, 0, 6, true },
		{ { .accept_encoding = "X-GZIP" }, 200, 0, 6, true },
		{ { .accept_encoding = "br, gzip;q=0.5, *;q=0" }, 200, 0, 6, true },
		{ { .accept_encoding = "*" }, 200, 0, 6, true },
		{ { .accept_encoding = "gzip ; q=0.001" }, 200, 0, 6, true },
		{ { .accept_encoding = "gzip;q=0" }, 200, 0, 10 },
		{ { .accept_encoding = "gzip;q=0.000" }, 200, 0, 10 },
		{ { .accept_encoding = "*;q=0" }, 200, 0, 10 },
		{ { .accept_encoding = "gzip;q=0, *" }, 200, 0, 10 },
		{ { .accept_encoding = "identity, gzip;q=0.5" }, 200, 0, 10 },
		{ { .accept_encoding = "gzip;q=1.5" }, 200, 0, 10 },
		{ { .accept_encoding = "gzip;q=0.1234" }, 200, 0, 10 },
		{ { .accept_encoding = "gzip;level=9" }, 200, 0, 10 },
		{ { .accept_encoding = "gzip br" }, 200, 0, 10 },
		{ { .accept_encoding = "" }, 200, 0, 10 },
		{ { .accept_encoding = "deflate" }, 200, 0, 10 },
		{ { .accept_encoding = "gzip", .range = "bytes=-2" }, 206, 4, 2, true },
		{ { .accept_encoding = "gzip", .range = "bytes=6-" }, 416, 0, 0, true },
		/* Each form has an ETag of its own; who has one of them needs no other. */
		{ { .accept_encoding = "gzip", .if_none_match = "\"e1-gzip\"" }, 304, 0, 0, true },
		{ { .accept_encoding = "gzip", .if_none_match = "\"e1\"" }, 304, 0, 0, false },
		{ { .if_none_match = "\"e1-gzip\"" }, 304, 0, 0, true },
		{ { .accept_encoding = "gzip", .range = "bytes=0-1", .if_range = "\"e1\"" }, 200, 0, 6, true },
		{ { .accept_encoding = "gzip", .range = "bytes=0-1", .if_range = "\"e1-gzip\"" }, 206, 0, 2, true },
	};
	char etag[HTTP_ETAG_MAX];

	(void)state;
	check(&entity, rows, ARRAY_LEN(rows));
	http_entity_etag(&entity, true, etag);
	assert_string_equal(etag, "\"e1-gzip\"");
}

/* Section 5.6.7. */
static void test_dates(void **state) {
	static const char *const good[] = { MODIFIED, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" };
	static const char *const bad[] = {
		"",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		"sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Wed, 29 Feb 2023 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 0000 08:49:37 GMT",
		"Sun Nov 6 08:49:37 1994",
		"784111777",
	};
	char text[HTTP_DATE_MAX];
	int64_t t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(http_date_parse(good[i], NOW, &t), 0);
		assert_int_equal(t, 784111777);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (http_date_parse(bad[i], NOW, &t) != -EINVAL)
			fail_msg("\"%s\" is taken", bad[i]);
	http_date_format(784111777, text);
	assert_string_equal(text, MODIFIED);
	/* Two digits: not more than 50 years ahead. */
	assert_int_equal(http_date_parse("Tuesday, 14-Nov-73 00:00:00 GMT", NOW, &t), 0);
	http_date_format(t, text);
	assert_string_equal(text, "Tue, 14 Nov 2073 00:00:00 GMT");
	assert_int_equal(http_date_parse("Wednesday, 14-Nov-74 00:00:00 GMT", NOW, &t), 0);
	http_date_format(t, text);
	assert_string_equal(text, "Thu, 14 Nov 1974 00:00:00 GMT");
}

/* The C library's calendar is the oracle. */
static void test_calendar(void **state) {
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	char text[HTTP_DATE_MAX], expected[64];

	(void)state;
	for (int64_t t = -62135596800; t <= INT64_C(253402300799); t += 86400 * 13 + 12345) {
		struct tm tm;
		time_t time = t;
		int64_t again;

		assert_non_null(gmtime_r(&time, &tm));
		(void)snprintf(expected, sizeof(expected), "%s, %02d ", days[tm.tm_wday], tm.tm_mday);
		http_date_format(t, text);
		assert_int_equal(strncmp(text, expected, 8), 0);
		(void)snprintf(expected, sizeof(expected), " %04d %02d:%02d:%02d GMT", tm.tm_year + 1900, tm.tm_hour,
			       tm.tm_min, tm.tm_sec);
		assert_string_equal(text + 11, expected);
		assert_int_equal(http_date_parse(text, NOW, &again), 0);
		assert_int_equal(again, t);
	}
	http_date_format(INT64_MAX, text);
	assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
	http_date_format(INT64_MIN, text);
	assert_string_equal(text, "Mon, 01 Jan 0001 00:00:00 GMT");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions), cmocka_unit_test(test_ranges),   cmocka_unit_test(test_codings),
		cmocka_unit_test(test_dates),      cmocka_unit_test(test_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
