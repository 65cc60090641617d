/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 9110 section 5.6.7. The three forms are patterns of the same fields: a letter of the pattern takes one field,
 * anything else is itself. The C library's strptime() would follow the locale.
 */
#include <errno.h>
#include <string.h>

#include "net/http_entity.h"

static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const long_days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
static const char *const months[] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};

enum { DAY_S = 24 * 60 * 60 };

struct fields {
	int weekday, day, month, hour, minute, second;
	int64_t year;
	bool short_year;
};

/* Days from 1970-01-01 to a date of the Gregorian calendar, counted in years that begin in March, 400 at a time. */
static int64_t days_of(int64_t year, int month, int day) {
	int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days_since_1970, struct fields *ret_f) {
	int64_t z = days_since_1970 + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100), m = (5 * of_year + 2) / 153;

	ret_f->day = (int)(of_year - (153 * m + 2) / 5 + 1);
	ret_f->month = (int)(m < 10 ? m + 3 : m - 9);
	ret_f->year = year + era * 400 + (ret_f->month <= 2);
	ret_f->weekday = (int)(((days_since_1970 + 4) % 7 + 7) % 7);
}

void http_date_format(int64_t time, char ret_text[static HTTP_DATE_MAX]) {
	int64_t low = days_of(1, 1, 1) * DAY_S, high = days_of(10000, 1, 1) * DAY_S - 1;
	int64_t t = time < low ? low : time > high ? high : time, day = (t >= 0 ? t : t - DAY_S + 1) / DAY_S;
	unsigned second = (unsigned)(t - day * DAY_S);
	struct fields f = { 0 };

	date_of(day, &f);
	(void)snprintf(ret_text, HTTP_DATE_MAX, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[f.weekday],
		       (unsigned)f.day % 100, months[f.month - 1], (unsigned)f.year % 10000, second / 3600,
		       second / 60 % 60, second % 60);
}

static bool take_name(const char **s, const char *const *names, int n, int *ret_index) {
	for (int i = 0; i < n; i++) {
		size_t len = strlen(names[i]);

		if (strncmp(*s, names[i], len) == 0) {
			*s += len;
			*ret_index = i;
			return true;
		}
	}
	return false;
}

/* `width` digits; with `blank` the first may be a blank. */
static bool take_number(const char **s, int width, bool blank, int64_t *ret_n) {
	int64_t n = 0;

	for (int i = 0; i < width; i++) {
		char c = (*s)[i];

		if (!(c >= '0' && c <= '9') && !(blank && i == 0 && c == ' '))
			return false;
		n = n * 10 + (c == ' ' ? 0 : c - '0');
	}
	*s += width;
	*ret_n = n;
	return true;
}

static bool take_int(const char **s, bool blank, int *ret_n) {
	int64_t n;

	if (!take_number(s, 2, blank, &n))
		return false;
	*ret_n = (int)n;
	return true;
}

static bool take(const char *text, const char *pattern, struct fields *ret_f) {
	struct fields f = { 0 };
	bool ok = true;

	for (const char *p = pattern; ok && *p; p++)
		switch (*p) {
		case 'w':
			ok = take_name(&text, days, ARRAY_LEN(days), &f.weekday);
			break;
		case 'W':
			ok = take_name(&text, long_days, ARRAY_LEN(long_days), &f.weekday);
			break;
		case 'b':
			ok = take_name(&text, months, ARRAY_LEN(months), &f.month);
			f.month++;
			break;
		case 'd':
		case 'e':
			ok = take_int(&text, *p == 'e', &f.day);
			break;
		case 'h':
			ok = take_int(&text, false, &f.hour);
			break;
		case 'm':
			ok = take_int(&text, false, &f.minute);
			break;
		case 's':
			ok = take_int(&text, false, &f.second);
			break;
		case 'y':
		case 'Y':
			f.short_year = *p == 'y';
			ok = take_number(&text, f.short_year ? 2 : 4, false, &f.year);
			break;
		default:
			ok = *text == *p;
			text += ok;
		}
	if (!ok || *text)
		return false;
	*ret_f = f;
	return true;
}

static bool is_date(const struct fields *f) {
	static const int in_month[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (f->year % 4 == 0 && f->year % 100 != 0) || f->year % 400 == 0;

	return f->day >= 1 && f->day <= in_month[f->month - 1] + (f->month == 2 && leap) && f->hour < 24 &&
	       f->minute < 60 && f->second <= 60 && (f->year > 0 || f->short_year);
}

int http_date_parse(const char *text, int64_t now, int64_t *ret_time) {
	static const char *const forms[] = { "w, d b Y h:m:s GMT", "W, d-b-y h:m:s GMT", "w b e h:m:s Y" };
	struct fields f, today = { 0 };
	size_t i = 0;

	while (i < ARRAY_LEN(forms) && !take(text, forms[i], &f))
		i++;
	if (i == ARRAY_LEN(forms))
		return -EINVAL;
	if (f.short_year) {
		date_of((now >= 0 ? now : now - DAY_S + 1) / DAY_S, &today);
		f.year += today.year - today.year % 100;
		if (f.year > today.year + 50)
			f.year -= 100;
	}
	if (!is_date(&f))
		return -EINVAL;
	*ret_time =
		days_of(f.year, f.month, f.day) * DAY_S + (int64_t)f.hour * 3600 + (int64_t)f.minute * 60 + f.second;
	return 0;
}
