/* SPDX-License-Identifier: Apache-2.0 */
/* Every day, every offset and every change of the clocks against libc, which goes the other way: from the instant to
 * the text. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "logs/time_text.h"
#include "random.h"

enum { DAY_S = 86400, ROUNDS = 1 << 18 };

static const int64_t now_ms = INT64_C(1795414451000); /* 2026-11-23 06:14:11 UTC */

/* The text is put at the end of a heap block, so that ASan sees a read past it. */
static int parse_with(struct log_clock *c, enum log_time_form form, const char *text, size_t len, int64_t now,
		      int64_t *ret_ms) {
	char *exact = malloc(len ? len : 1);
	int r;

	memcpy(exact, text, len);
	r = log_time_parse(c, form, exact, len, now, ret_ms);
	free(exact);
	return r;
}

static int64_t parsed(enum log_time_form form, const char *text) {
	struct log_clock c = { 0 };
	int64_t ms = LOG_TIME_NONE, again = LOG_TIME_NONE;

	if (parse_with(&c, form, text, strlen(text), now_ms, &ms) < 0)
		return LOG_TIME_NONE;
	/* From memory the answer is the same. */
	assert_int_equal(parse_with(&c, form, text, strlen(text), now_ms, &again), 0);
	assert_true(ms == again);
	return ms;
}

static void set_zone(const char *name) {
	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
}

static struct tm broken_down(int64_t seconds, bool local) {
	time_t t = (time_t)seconds;
	struct tm tm;

	assert_non_null(local ? localtime_r(&t, &tm) : gmtime_r(&t, &tm));
	return tm;
}

/* A macro, since gcc wants to see the format. */
#define write_time(text, format, seconds, local)                                                                       \
	do {                                                                                                           \
		struct tm _tm = broken_down((seconds), (local));                                                       \
		assert_true(strftime((text), sizeof(text), (format), &_tm) > 0);                                       \
	} while (0)

static void test_every_day(void **state) {
	struct log_clock clf = { 0 }, iso = { 0 }, syslog = { 0 };
	uint64_t seed = 1;

	(void)state;
	set_zone("UTC");
	/* 1970-01-01 to 2100-12-31 */
	for (int64_t day = 0; day < 47847; day++) {
		int64_t t = day * DAY_S + random_below(&seed, DAY_S), ms;
		char text[64];

		write_time(text, "%d/%b/%Y:%H:%M:%S +0000", t, false);
		assert_int_equal(parse_with(&clf, LOG_TIME_CLF, text, strlen(text), 0, &ms), 0);
		assert_true(ms == t * 1000);
		write_time(text, "%Y-%m-%dT%H:%M:%SZ", t, false);
		assert_int_equal(parse_with(&iso, LOG_TIME_ISO, text, strlen(text), 0, &ms), 0);
		assert_true(ms == t * 1000);
		write_time(text, "%b %e %Y %H:%M:%S", t, false);
		assert_int_equal(parse_with(&syslog, LOG_TIME_SYSLOG, text, strlen(text), 0, &ms), 0);
		assert_true(ms == t * 1000);
	}
}

static void test_no_other_days(void **state) {
	(void)state;
	for (int year = 1895; year <= 2105; year++)
		for (int month = 0; month <= 13; month++)
			for (int day = 0; day <= 33; day++) {
				struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
				int64_t want = timegm(&tm), ms;
				bool exists = tm.tm_year == year - 1900 && tm.tm_mon == month - 1 && tm.tm_mday == day;
				struct log_clock c = { 0 };
				char text[64];

				(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00Z", year, month, day);
				assert_int_equal(log_time_parse(&c, LOG_TIME_ISO, text, 20, 0, &ms),
						 exists ? 0 : -EINVAL);
				if (exists)
					assert_true(ms == want * 1000);
			}
}

static void test_every_offset(void **state) {
	(void)state;
	for (int minutes = -23 * 60 - 59; minutes < 24 * 60; minutes++) {
		int64_t want = (now_ms / 1000 - minutes * 60) * 1000;
		char sign = minutes < 0 ? '-' : '+', text[64];
		int h = abs(minutes) / 60, m = abs(minutes) % 60;

		(void)snprintf(text, sizeof(text), "23/Nov/2026:06:14:11 %c%02d%02d", sign, h, m);
		assert_true(parsed(LOG_TIME_CLF, text) == want && parsed(LOG_TIME_HAPROXY_Z, text) == want);
		(void)snprintf(text, sizeof(text), "2026-11-23T06:14:11%c%02d:%02d", sign, h, m);
		assert_true(parsed(LOG_TIME_ISO, text) == want);
		(void)snprintf(text, sizeof(text), "2026-11-23T06:14:11.0079%c%02d%02d", sign, h, m);
		assert_true(parsed(LOG_TIME_ISO, text) == want + 7);
	}
}

/* Somewhere in every half hour of sixty years, in zones whose clocks change by an hour, by half of one, at midnight
 * and never. */
static void test_local(void **state) {
	static const char *const zones[] = { "Europe/Prague", "America/Sao_Paulo", "Australia/Lord_Howe",
					     "Asia/Kolkata" };

	(void)state;
	for (size_t z = 0; z < ARRAY_LEN(zones); z++) {
		struct log_clock c = { 0 };
		unsigned twice = 0;
		uint64_t seed = z;

		set_zone(zones[z]);
		for (int64_t half = 10 * 365 * 48; half < 70 * 365 * 48; half++) {
			int64_t t = half * 1800 + random_below(&seed, 1800);
			char text[64], other[64];
			int64_t ms;

			write_time(text, "%d/%b/%Y:%H:%M:%S.441", t, true);
			assert_int_equal(log_time_parse(&c, LOG_TIME_HAPROXY, text, 24, 0, &ms), 0);
			if (ms == t * 1000 + 441)
				continue;
			/* The other instant has the same text, and is the earlier one. */
			write_time(other, "%d/%b/%Y:%H:%M:%S.441", ms / 1000, true);
			assert_string_equal(text, other);
			assert_true(ms < t * 1000);
			twice++;
		}
		assert_true(z == 3 ? twice == 0 : twice > 15 && twice < 150);
	}
}

static void test_clock_changes(void **state) {
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
		{ "29/Mar/2026:01:59:59.000", 1774745999 },
		{ "29/Mar/2026:02:00:00.000", 1774746000 }, /* does not exist */
		{ "29/Mar/2026:02:30:00.000", 1774747800 },
		{ "29/Mar/2026:03:00:00.000", 1774746000 },
		{ "25/Oct/2026:01:59:59.000", 1792886399 },
		{ "25/Oct/2026:02:00:00.000", 1792886400 }, /* the first */
		{ "25/Oct/2026:02:59:59.000", 1792889999 },
		{ "25/Oct/2026:03:00:00.000", 1792893600 },
	};

	(void)state;
	set_zone("Europe/Prague");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_true(parsed(LOG_TIME_HAPROXY, rows[i].text) == rows[i].seconds * 1000);
}

static int64_t near_year(const char *text, const char *now) {
	struct log_clock c = { 0 };
	int64_t ms = LOG_TIME_NONE;

	(void)parse_with(&c, LOG_TIME_SYSLOG, text, strlen(text), parsed(LOG_TIME_ISO, now), &ms);
	return ms;
}

static void test_year(void **state) {
	static const char *const rows[][3] = {
		{ "Nov 23 06:14:11", "2026-11-23T06:14:12Z", "2026-11-23T06:14:11Z" },
		{ "Dec 31 23:59:59", "2027-01-01T00:00:05Z", "2026-12-31T23:59:59Z" },
		{ "Jan  1 00:00:01", "2026-12-31T23:59:59Z", "2027-01-01T00:00:01Z" },
		{ "Jan 01 00:00:01", "2026-12-31T23:59:59Z", "2027-01-01T00:00:01Z" },
		{ "May 25 00:00:00", "2026-11-23T00:00:00Z", "2026-05-25T00:00:00Z" },
		{ "May 23 00:00:00", "2026-11-23T00:00:00Z", "2027-05-23T00:00:00Z" },
		{ "Feb 29 12:00:00", "2027-03-01T00:00:00Z", "2028-02-29T12:00:00Z" },
		{ "Feb 29 12:00:00", "2025-03-01T00:00:00Z", "2024-02-29T12:00:00Z" },
		{ "Feb 29 12:00:00", "2099-01-01T00:00:00Z", "2096-02-29T12:00:00Z" },
		{ "Feb 29 12:00:00", "2101-01-01T00:00:00Z", "2104-02-29T12:00:00Z" },
	};

	(void)state;
	set_zone("UTC");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_true(near_year(rows[i][0], rows[i][1]) == parsed(LOG_TIME_ISO, rows[i][2]));
}

/* A guard that runs for years never learns a newer now; its log goes on by itself. */
static void test_years_go_on(void **state) {
	struct log_clock c = { 0 };

	(void)state;
	set_zone("Europe/Prague");
	for (int64_t t = now_ms / 1000; t < now_ms / 1000 + INT64_C(5) * 365 * DAY_S; t += 20 * DAY_S) {
		char text[32];
		int64_t ms;

		write_time(text, "%b %e %H:%M:%S", t, true);
		assert_int_equal(parse_with(&c, LOG_TIME_SYSLOG, text, 15, now_ms, &ms), 0);
		assert_true(ms == t * 1000);
	}
}

static void test_numbers(void **state) {
	(void)state;
	assert_true(parsed(LOG_TIME_SECONDS, "1763874851.441") == INT64_C(1763874851441));
	assert_true(parsed(LOG_TIME_SECONDS, "1763874851") == INT64_C(1763874851000));
	assert_true(parsed(LOG_TIME_SECONDS, "1646861401.5241024") == INT64_C(1646861401524));
	assert_true(parsed(LOG_TIME_SECONDS, "0") == 0);
	assert_true(parsed(LOG_TIME_SECONDS, "999999999999.9999999") == INT64_C(999999999999999));
	assert_true(parsed(LOG_TIME_MILLIS, "1763874851441") == INT64_C(1763874851441));
	assert_true(parsed(LOG_TIME_MILLIS, "999999999999999") == INT64_C(999999999999999));
}

static void test_seconds_of_60(void **state) {
	(void)state;
	assert_true(parsed(LOG_TIME_CLF, "31/Dec/2016:23:59:60 +0000") == INT64_C(1483228800000));
	assert_true(parsed(LOG_TIME_ISO, "2016-12-31T23:59:60.500Z") == INT64_C(1483228800500));
	assert_true(parsed(LOG_TIME_ISO, "2016-12-31T23:59:61Z") == LOG_TIME_NONE);
}

static void test_refused(void **state) {
	static const struct {
		enum log_time_form form;
		const char *text;
	} rows[] = {
		{ LOG_TIME_CLF, "" },
		{ LOG_TIME_CLF, "23/Nov/2026:06:14:11 +010" },
		{ LOG_TIME_CLF, "23/Nov/2026:06:14:11 +01000" },
		{ LOG_TIME_CLF, "23/nov/2026:06:14:11 +0100" },
		{ LOG_TIME_CLF, "23/Nov/2026:24:14:11 +0100" },
		{ LOG_TIME_CLF, "23/Nov/2026:06:60:11 +0100" },
		{ LOG_TIME_CLF, "23/Nov/2026 06:14:11 +0100" },
		{ LOG_TIME_CLF, "23/Nov/2026:06:14:11 +2400" },
		{ LOG_TIME_CLF, "23/Nov/2026:06:14:11 +0060" },
		{ LOG_TIME_CLF, "23/Nov/2026:06:14:11  0100" },
		{ LOG_TIME_CLF, "23/Nov/-026:06:14:11 +0100" },
		{ LOG_TIME_CLF, "29/Feb/2026:06:14:11 +0100" },
		{ LOG_TIME_CLF, "00/Nov/2026:06:14:11 +0100" },
		{ LOG_TIME_HAPROXY, "23/Nov/2026:06:14:11.44" },
		{ LOG_TIME_HAPROXY, "23/Nov/2026:06:14:11,441" },
		{ LOG_TIME_HAPROXY, "23/Nov/2026:06:14:11.44x" },
		{ LOG_TIME_ISO, "2026-11-23T06:14:11" },
		{ LOG_TIME_ISO, "2026-11-23T06:14:11." },
		{ LOG_TIME_ISO, "2026-11-23T06:14:11.Z" },
		{ LOG_TIME_ISO, "2026-11-23T06:14:11.5" },
		{ LOG_TIME_ISO, "2026-11-23T06:14:11+01" },
		{ LOG_TIME_ISO, "2026-11-23T06:14:11+01:000" },
		{ LOG_TIME_ISO, "2026-11-23_06:14:11Z" },
		{ LOG_TIME_SYSLOG, "Nov 23 06:14:1" },
		{ LOG_TIME_SYSLOG, "Nov 31 06:14:11" },
		{ LOG_TIME_SYSLOG, "Nov 23 06:14:11 " },
		{ LOG_TIME_SYSLOG, "23/Nov/2026:06:14:11" },
		{ LOG_TIME_SECONDS, "" },
		{ LOG_TIME_SECONDS, "1234567890123" },
		{ LOG_TIME_SECONDS, "-1" },
		{ LOG_TIME_SECONDS, "1." },
		{ LOG_TIME_SECONDS, ".5" },
		{ LOG_TIME_SECONDS, "1e9" },
		{ LOG_TIME_MILLIS, "1763874851.441" },
		{ LOG_TIME_MILLIS, "1234567890123456" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (parsed(rows[i].form, rows[i].text) != LOG_TIME_NONE)
			fail_msg("'%s' was taken", rows[i].text);
}

/* What is remembered never changes an answer: one clock for all forms and texts, against a new one for each. */
static void test_memory(void **state) {
	static const char *const texts[] = { "23/Nov/2026:06:14:11 +0100",
					     "23/Nov/2026:06:14:11 -0100",
					     "23/Nov/2026:06:14:11.441",
					     "23/Nov/2026:06:14:11.44x",
					     "23/Nov/2026:06:14:11",
					     "2026-11-23T06:14:11Z",
					     "2026-11-23T06:14:11+01:00",
					     "2026-11-23T06:14:11.5Z",
					     "2026-11-23 06:14:11x",
					     "Nov 23 06:14:11",
					     "Nov 23 2026 06:14:11",
					     "Nov 24 06:14:11",
					     "1763874851",
					     "" };
	struct log_clock c = { 0 };
	uint64_t seed = 2;

	(void)state;
	set_zone("Europe/Prague");
	for (unsigned i = 0; i < ROUNDS; i++) {
		enum log_time_form form = random_below(&seed, _LOG_TIME_FORM_MAX);
		const char *text = texts[random_below(&seed, ARRAY_LEN(texts))];
		int64_t ms = LOG_TIME_NONE;

		(void)log_time_parse(&c, form, text, strlen(text), now_ms, &ms);
		c.year_ms = 0;
		assert_true(ms == parsed(form, text));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_day),     cmocka_unit_test(test_no_other_days),
		cmocka_unit_test(test_every_offset),  cmocka_unit_test(test_local),
		cmocka_unit_test(test_clock_changes), cmocka_unit_test(test_year),
		cmocka_unit_test(test_years_go_on),   cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_seconds_of_60), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
