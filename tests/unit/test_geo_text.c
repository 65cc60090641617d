/* SPDX-License-Identifier: Apache-2.0 */
/* Times are held against the C library's timegm(). */
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "geo/row_text.h"

static int64_t parse(const char *text) {
	int64_t us = INT64_MIN;
	int r = geo_time_parse(str_of(text), &us);

	assert_true(r == 0 || (r == -EINVAL && us == INT64_MIN));
	return us;
}

static void test_times_of_all_days(void **state) {
	char text[64];

	(void)state;
	/* 0001-01-01 to 9999-12-31, a day and a little at a time. */
	for (int64_t t = INT64_C(-62135596800); t < INT64_C(253402300800); t += 86400 * 3 + 3607) {
		time_t seconds = (time_t)t;
		struct tm tm;

		assert_non_null(gmtime_r(&seconds, &tm));
		assert_int_equal(timegm(&tm), t);
		(void)snprintf(text, sizeof(text), "%04d-%02d-%02d%c%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
			       tm.tm_mday, t & 1 ? 'T' : ' ', tm.tm_hour, tm.tm_min, tm.tm_sec);
		if (parse(text) != t * 1000000)
			fail_msg("%s is %" PRId64 ", not %" PRId64, text, parse(text), t * 1000000);
	}
}

static void test_times(void **state) {
	static const struct {
		const char *a, *same;
	} rows[] = {
		{ "2018-10-06", "2018-10-06 00:00:00" },
		{ "2018-10-06 12:34", "2018-10-06T12:34:00Z" },
		{ "2018-10-06 12:34:56.5", "2018-10-06 12:34:56.500000" },
		{ "2018-10-06 12:34:56.123456789", "2018-10-06 12:34:56.123456" },
		{ "2018-10-06 12:34:56+02", "2018-10-06 10:34:56" },
		{ "2018-10-06 12:34:56-02:30", "2018-10-06 15:04:56" },
		{ "2018-10-06T00:00:00+0530", "2018-10-05T18:30:00" },
		{ "2016-12-31 23:59:60", "2017-01-01 00:00:00" },
	};
	static const char *const wrong[] = {
		"",
		"2018",
		"2018-10",
		"2018-13-01",
		"2018-00-01",
		"2018-01-00",
		"2018-04-31",
		"2019-02-29",
		"1900-02-29",
		"0000-01-01",
		"18-10-06",
		"2018-10-06 ",
		"2018-10-06 24:00",
		"2018-10-06 12",
		"2018-10-06 12:60",
		"2018-10-06 12:34:61",
		"2018-10-06 12:34:56.",
		"2018-10-06 12:34:56.1234567890",
		"2018-10-06 12:34 CET",
		"2018-10-06 12:34+16",
		"2018-10-06 12:34+",
		"2018-10-06 12:34Zz",
		"2018-10-06x",
		"now",
		"Infinity",
		" 2018-10-06",
		"-2018-10-06",
		"2018-10-06 12:34:56 BC",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_not_equal(parse(rows[i].a), INT64_MIN);
		assert_int_equal(parse(rows[i].a), parse(rows[i].same));
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (parse(wrong[i]) != INT64_MIN)
			fail_msg("\"%s\" was read as a time", wrong[i]);
	assert_true(parse("-infinity") > GEO_NEVER && parse("-infinity") < parse("0001-01-01"));
	assert_true(parse("infinity") > parse("294000-12-31 23:59:59.999999"));
}

static void test_quote(void **state) {
	struct arena a = { 0 };
	char *longer = arena_printf(&a, "%061d", 0);

	(void)state;
	assert_string_equal(geo_quote(&a, STR("")), "\"\"");
	assert_string_equal(geo_quote(&a, STR("a\tb\n\x1b[m")), "\"a\\x09b\\x0a\\x1b[m\"");
	assert_string_equal(geo_quote(&a, STR("\xff\xc3(é")), "\"\\xff\\xc3(é\"");
	assert_string_equal(geo_quote(&a, STR("\xe2\x80\xae")), "\"\\xe2\\x80\\xae\"");
	assert_string_equal(geo_quote(&a, (struct str){ longer, 60 }), arena_printf(&a, "\"%060d\"", 0));
	assert_string_equal(geo_quote(&a, (struct str){ longer, 61 }), arena_printf(&a, "\"%060d…\"", 0));
	arena_done(&a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_of_all_days),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
