/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A form is a head, which names a second and is remembered, and a tail (fraction, zone of ISO), which is read each
 * time. Fields stand at fixed places: each is read without looking whether it is digits, and all are judged at the end.
 *
 * Local time: the offset of a civil time is one of those that hold a day before and a day after it. It is right when
 * the instant it leads to has it; of two right ones the larger is the first hour of both; when none is right the hour
 * does not exist. Offsets change at quarters of an hour, so one is asked for once a quarter.
 */
#include "logs/time_text.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400, QUARTER_S = 900 };

#define MONTH_MS (INT64_C(31) * DAY_S * 1000)

struct civil {
	unsigned year, month, day, hour, minute, second;
	bool bad; /* something was no number */
};

/* n digits; what is none sets *bad. */
static inline unsigned digits(const char *s, unsigned n, bool *bad) {
	unsigned v = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned d = (unsigned char)s[i] - (unsigned)'0';

		*bad |= d > 9;
		v = v * 10 + d;
	}
	return v;
}

/* 1..12, or 0. */
static unsigned month_of(const char *s) {
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (size_t at = 0; at < sizeof(names) - 1; at += 3)
		if (s[0] == names[at] && s[1] == names[at + 1] && s[2] == names[at + 2])
			return (unsigned)at / 3 + 1;
	return 0;
}

static void read_hms(const char *s, struct civil *t) {
	t->hour = digits(s, 2, &t->bad);
	t->minute = digits(s + 3, 2, &t->bad);
	t->second = digits(s + 6, 2, &t->bad);
	t->bad |= s[2] != ':' || s[5] != ':';
}

static bool leap(unsigned year) {
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool civil_right(const struct civil *t) {
	static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return !t->bad && t->month - 1 < 12 && t->day >= 1 &&
	       t->day <= lengths[t->month - 1] + (unsigned)(t->month == 2 && leap(t->year)) && t->hour < 24 &&
	       t->minute < 60 && t->second <= 60;
}

/* Seconds since 1970, as if the time were UTC. Years begin in March, so that the day that is not always there is their
 * last one; the months from March on have 153 days in five. */
static int64_t civil_seconds(const struct civil *t) {
	unsigned year = t->year + 400 - (t->month <= 2); /* one era later: year 0's January is not negative */
	unsigned month = t->month > 2 ? t->month - 3 : t->month + 9;
	int64_t days = (int64_t)year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + t->day - 1;

	return (days - 719468 - 146097) * DAY_S + (int64_t)t->hour * 3600 + (int64_t)t->minute * 60 + t->second;
}

static int64_t offset_at(int64_t utc_s) {
	time_t t = (time_t)utc_s;
	struct tm tm;

	return localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}

static int64_t offset_of_civil(int64_t civil_s) {
	int64_t before = offset_at(civil_s - DAY_S), after = offset_at(civil_s + DAY_S);
	bool before_right = offset_at(civil_s - before) == before, after_right = offset_at(civil_s - after) == after;

	if (before_right && after_right)
		return MAX(before, after);
	return after_right ? after : before;
}

static int64_t local_ms(struct log_clock *c, int64_t civil_s) {
	int64_t quarter = civil_s / QUARTER_S - (civil_s % QUARTER_S < 0);

	if (!c->local_known || c->local_quarter != quarter) {
		c->local_offset_s = offset_of_civil(civil_s);
		c->local_quarter = quarter;
		c->local_known = true;
	}
	return (civil_s - c->local_offset_s) * 1000;
}

/* The offset that +hhmm or, with a colon, +hh:mm names. */
static int read_zone(const char *s, bool colon, int64_t *ret_offset_s) {
	bool bad = (s[0] != '+' && s[0] != '-') || (colon && s[3] != ':');
	unsigned hours = digits(s + 1, 2, &bad), minutes = digits(s + 3 + colon, 2, &bad);
	int64_t offset_s = (int64_t)hours * 3600 + (int64_t)minutes * 60;

	if (bad || hours > 23 || minutes > 59)
		return -EINVAL;
	*ret_offset_s = s[0] == '-' ? -offset_s : offset_s;
	return 0;
}

/* dd/Mon/yyyy:hh:mm:ss */
static bool read_clf_civil(const char *s, struct civil *t) {
	t->day = digits(s, 2, &t->bad);
	t->month = month_of(s + 3);
	t->year = digits(s + 7, 4, &t->bad);
	t->bad |= s[2] != '/' || s[6] != '/' || s[11] != ':';
	read_hms(s + 12, t);
	return civil_right(t);
}

static int head_clf(struct log_clock *c, const char *s, size_t len, int64_t now_ms, int64_t *ret_ms) {
	struct civil t = { 0 };
	int64_t offset_s;

	(void)c, (void)len, (void)now_ms;
	if (!read_clf_civil(s, &t) || s[20] != ' ' || read_zone(s + 21, false, &offset_s) < 0)
		return -EINVAL;
	*ret_ms = (civil_seconds(&t) - offset_s) * 1000;
	return 0;
}

static int head_haproxy(struct log_clock *c, const char *s, size_t len, int64_t now_ms, int64_t *ret_ms) {
	struct civil t = { 0 };

	(void)len, (void)now_ms;
	if (!read_clf_civil(s, &t))
		return -EINVAL;
	*ret_ms = local_ms(c, civil_seconds(&t));
	return 0;
}

static int head_iso(struct log_clock *c, const char *s, size_t len, int64_t now_ms, int64_t *ret_ms) {
	struct civil t = { 0 };

	(void)c, (void)len, (void)now_ms;
	t.year = digits(s, 4, &t.bad);
	t.month = digits(s + 5, 2, &t.bad);
	t.day = digits(s + 8, 2, &t.bad);
	t.bad |= s[4] != '-' || s[7] != '-' || (s[10] != 'T' && s[10] != 't' && s[10] != ' ');
	read_hms(s + 11, &t);
	if (!civil_right(&t))
		return -EINVAL;
	*ret_ms = civil_seconds(&t) * 1000;
	return 0;
}

/* The year of a time that has none; false when the day is in none of the years around. */
static bool find_year(struct civil *t, int64_t near_s) {
	/* 29 February: eight years may pass without one. */
	int span = t->month == 2 && t->day == 29 ? 8 : 1;
	int64_t best = INT64_MAX;
	struct civil try = *t;
	struct tm tm;
	time_t near = (time_t)near_s;

	if (!gmtime_r(&near, &tm) || tm.tm_year < 0 || tm.tm_year > 8000)
		return false;
	for (int y = -span; y <= span; y++) {
		try.year = (unsigned)(tm.tm_year + 1900 + y);
		if (civil_right(&try)) {
			int64_t away = llabs(civil_seconds(&try) - near_s);

			t->year = away < best ? try.year : t->year;
			best = MIN(away, best);
		}
	}
	return best != INT64_MAX;
}

static int head_syslog(struct log_clock *c, const char *s, size_t len, int64_t now_ms, int64_t *ret_ms) {
	int64_t near_ms = MAX(now_ms, c->year_ms), ms;
	bool has_year = len == 20;
	struct civil t = { 0 };

	if (len != 15 && !has_year)
		return -EINVAL;
	t.month = month_of(s);
	t.day = s[4] == ' ' ? digits(s + 5, 1, &t.bad) : digits(s + 4, 2, &t.bad);
	t.bad |= s[3] != ' ' || s[6] != ' ' || (has_year && s[11] != ' ');
	t.year = has_year ? digits(s + 7, 4, &t.bad) : 0;
	read_hms(s + len - 8, &t);
	if (t.bad || (!has_year && !find_year(&t, near_ms / 1000)) || !civil_right(&t))
		return -EINVAL;
	ms = local_ms(c, civil_seconds(&t));
	if (!has_year && ms > near_ms && ms - near_ms < MONTH_MS)
		c->year_ms = ms;
	*ret_ms = ms;
	return 0;
}

/* Milliseconds of the fraction behind the point; -1 when there is none or it is no number. *at goes behind it. */
static int read_fraction(const char *s, size_t len, size_t *at) {
	int ms = 0;
	size_t i = *at;

	for (int unit = 100; i < len && (unsigned char)(s[i] - '0') < 10; i++, unit /= 10)
		ms += unit * (s[i] - '0');
	if (i == *at)
		return -1;
	*at = i;
	return ms;
}

static int tail_none(const char *s, size_t len, int64_t *ms) {
	(void)s, (void)ms;
	return len ? -EINVAL : 0;
}

static int tail_haproxy(const char *s, size_t len, int64_t *ms) {
	size_t at = 1;
	int fraction = s[0] == '.' ? read_fraction(s, len, &at) : -1;

	*ms += fraction;
	return fraction < 0 || at != len ? -EINVAL : 0;
}

static int tail_iso(const char *s, size_t len, int64_t *ms) {
	size_t at = 1, left;
	int64_t offset_s;
	int fraction;

	if (s[0] == '.' || s[0] == ',') {
		fraction = read_fraction(s, len, &at);
		if (fraction < 0)
			return -EINVAL;
		*ms += fraction;
	} else {
		at = 0;
	}
	left = len - at;
	if (left == 1)
		return s[at] == 'Z' || s[at] == 'z' ? 0 : -EINVAL;
	if ((left != 5 && left != 6) || read_zone(s + at, left == 6, &offset_s) < 0)
		return -EINVAL;
	*ms -= offset_s * 1000;
	return 0;
}

/* A number, and behind a point what is lost or its milliseconds. */
static int tail_seconds(const char *s, size_t len, int64_t *ms) {
	size_t n = 0;
	int fraction = 0;
	bool bad;

	while (n < MIN(len, 12U) && (unsigned char)(s[n] - '0') < 10)
		*ms = *ms * 10 + (s[n++] - '0');
	bad = n == 0;
	*ms *= 1000;
	if (n < len) {
		bad |= s[n++] != '.';
		fraction = read_fraction(s, len, &n);
		*ms += fraction;
	}
	return bad || fraction < 0 || n != len ? -EINVAL : 0;
}

static int tail_millis(const char *s, size_t len, int64_t *ms) {
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)(s[i] - '0') > 9)
			return -EINVAL;
		*ms = *ms * 10 + (s[i] - '0');
	}
	return 0;
}

static const struct form {
	uint8_t min, max; /* bytes of the text */
	uint8_t head;     /* at most so many are the head */
	int (*read_head)(struct log_clock *c, const char *s, size_t len, int64_t now_ms, int64_t *ret_ms);
	int (*read_tail)(const char *s, size_t len, int64_t *ms);
} forms[_LOG_TIME_FORM_MAX] = {
	[LOG_TIME_CLF] = { 26, 26, 26, head_clf, tail_none },
	[LOG_TIME_HAPROXY] = { 24, 24, 20, head_haproxy, tail_haproxy },
	[LOG_TIME_HAPROXY_Z] = { 26, 26, 26, head_clf, tail_none },
	[LOG_TIME_ISO] = { 20, 64, 19, head_iso, tail_iso },
	[LOG_TIME_SYSLOG] = { 15, 20, 20, head_syslog, tail_none },
	[LOG_TIME_SECONDS] = { 1, 30, 0, NULL, tail_seconds },
	[LOG_TIME_MILLIS] = { 1, 15, 0, NULL, tail_millis },
};

int log_time_parse(struct log_clock *c, enum log_time_form form, const char *s, size_t len, int64_t now_ms,
		   int64_t *ret_ms) {
	const struct form *f = &forms[form];
	size_t head = MIN(len, f->head);
	int64_t ms = 0;

	if (len < f->min || len > f->max)
		return -EINVAL;
	if (head && head == c->len && form == c->form && memcmp(s, c->text, head) == 0) {
		ms = c->ms;
	} else if (head) {
		if (f->read_head(c, s, head, now_ms, &ms) < 0)
			return -EINVAL;
		memcpy(c->text, s, head);
		c->len = (uint8_t)head;
		c->form = (uint8_t)form;
		c->ms = ms;
	}
	if (f->read_tail(s + head, len - head, &ms) < 0)
		return -EINVAL;
	*ret_ms = ms;
	return 0;
}
