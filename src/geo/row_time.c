/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed places and then what may follow: read by a cursor that never passes the end. */
#include <errno.h>

#include "geo/row_text.h"

/* PostgreSQL's years go a little further, 64 bits of microseconds since 1970 do not. */
enum { US = 1000000, YEAR_MAX = 294000 };

struct cursor {
	const char *s, *end;
};

static bool take(struct cursor *c, char wanted) {
	bool is = c->s < c->end && *c->s == wanted;

	c->s += is;
	return is;
}

/* A number of min to max digits, at most `limit`. */
static bool digits(struct cursor *c, unsigned min, unsigned max, unsigned limit, unsigned *ret_n) {
	unsigned n = 0, count = 0;

	for (; c->s < c->end && count < max && *c->s >= '0' && *c->s <= '9'; c->s++, count++)
		n = n * 10 + (unsigned)(*c->s - '0');
	*ret_n = n;
	return count >= min && n <= limit;
}

/* Days since 1970-01-01 in the Gregorian calendar; years begin in March, so that the leap day is their last. */
static int64_t days_of(int64_t year, unsigned month, unsigned day) {
	int64_t y = month > 2 ? year : year - 1, era = y / 400, in_era = y - era * 400;
	unsigned in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static bool date(struct cursor *c, int64_t *ret_us) {
	static const uint8_t lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned year, month, day;
	bool leap;

	if (!digits(c, 4, 6, YEAR_MAX, &year) || !take(c, '-') || !digits(c, 2, 2, 12, &month) || !take(c, '-') ||
	    !digits(c, 2, 2, 31, &day) || !year || !month || !day)
		return false;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	*ret_us = days_of(year, month, day) * 86400 * US;
	return day <= lengths[month - 1] && (month != 2 || day < 29 || leap);
}

/* The seconds' fraction has up to nine digits, of which six count. */
static bool clock_time(struct cursor *c, int64_t *us) {
	unsigned hour, minute, second = 0, fraction = 0;
	const char *dot;

	if (!digits(c, 2, 2, 23, &hour) || !take(c, ':') || !digits(c, 2, 2, 59, &minute))
		return false;
	if (take(c, ':') && !digits(c, 2, 2, 60, &second))
		return false;
	dot = c->s;
	if (take(c, '.')) {
		if (!digits(c, 1, 9, 999999999, &fraction))
			return false;
		for (int64_t n = c->s - dot - 1; n < 6; n++)
			fraction *= 10;
		for (int64_t n = c->s - dot - 1; n > 6; n--)
			fraction /= 10;
	}
	*us += ((int64_t)hour * 3600 + (int64_t)minute * 60 + second) * US + fraction;
	return true;
}

static bool zone(struct cursor *c, int64_t *us) {
	bool east = take(c, '+');
	unsigned hour, minute = 0;

	if (!east && !take(c, '-'))
		return take(c, 'Z') || true;
	if (!digits(c, 2, 2, 15, &hour))
		return false;
	(void)take(c, ':');
	if (c->s < c->end && !digits(c, 2, 2, 59, &minute))
		return false;
	*us += (east ? -1 : 1) * ((int64_t)hour * 60 + minute) * 60 * US;
	return true;
}

int geo_time_parse(struct str text, int64_t *ret_us) {
	struct cursor c = { text.s, text.s + text.len };
	int64_t us;

	if (str_is(text, "infinity") || str_is(text, "-infinity")) {
		*ret_us = text.s[0] == '-' ? GEO_NEVER + 1 : INT64_MAX;
		return 0;
	}
	if (!date(&c, &us))
		return -EINVAL;
	if ((take(&c, 'T') || take(&c, ' ')) && (!clock_time(&c, &us) || !zone(&c, &us)))
		return -EINVAL;
	if (c.s != c.end)
		return -EINVAL;
	*ret_us = us;
	return 0;
}
