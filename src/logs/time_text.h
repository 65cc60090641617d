/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as logs write them, to milliseconds since 1970 UTC. All are pure functions of bytes, except that times without
 * a zone are read in the process's (TZ): an hour that comes twice is the first of both, one that never comes is read
 * with the offset before it.
 *
 * Neighbouring lines have the same second: the caller keeps a struct log_clock, all zeros at first, for each place in a
 * format that has a time, and what names the second is compared with the last one before it is parsed. One clock may
 * serve several forms.
 */
#pragma once

#include "logs/record.h"

struct log_clock {
	char text[32]; /* what named the last second, and what it meant */
	uint8_t len, form;
	bool local_known;
	int64_t ms;
	int64_t local_quarter, local_offset_s; /* local time: the quarter of an hour of the last one, its offset */
	int64_t year_ms; /* years: as far as times without one have gone on from now_ms; a guard runs for years */
};

enum log_time_form {
	LOG_TIME_CLF,       /* 23/Nov/2026:06:14:11 +0100: exactly 26 bytes; $time_local, %t without its brackets */
	LOG_TIME_HAPROXY,   /* 23/Nov/2026:06:14:11.441: local time, 24 bytes; %tr %t */
	LOG_TIME_HAPROXY_Z, /* 23/Nov/2026:06:14:11 +0000: %T %Tl %trg %trl */
	LOG_TIME_ISO,       /* 2026-11-23T06:14:11[.fraction](Z|±hh:mm|±hhmm); RFC 3339, $time_iso8601, RFC 5424 */
	LOG_TIME_SYSLOG,    /* Nov 23 06:14:11: local, no year, 15 bytes; or Nov 23 2026 06:14:11: 20 bytes */
	LOG_TIME_SECONDS,   /* 1763874851[.fraction]; $msec, %Ts; seconds of at most 12 digits */
	LOG_TIME_MILLIS,    /* 1763874851441; at most 15 digits */
	_LOG_TIME_FORM_MAX
};

/* Reads exactly len bytes. 0 or -EINVAL: day, hour, minute, second (60 counts as the next minute's 0) and zone (below
 * 24 hours) are checked; of a fraction, what is finer than milliseconds is cut off. `now_ms` gives LOG_TIME_SYSLOG its
 * year: the one that brings the time closest to it. */
int log_time_parse(struct log_clock *c, enum log_time_form form, const char *s, size_t len, int64_t now_ms,
		   int64_t *ret_ms);
