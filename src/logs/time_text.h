/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as logs write them, to milliseconds since 1970 UTC. All are pure functions of bytes, except that times without
 * a zone are read in the process's (TZ).
 *
 * Neighbouring lines have the same second: the caller keeps a struct log_clock for each place in a format that has a
 * time, and the text of the last one is compared before it is parsed.
 */
#pragma once

#include "logs/record.h"

struct log_clock {
	char text[40]; /* the last text and what it meant */
	uint8_t len;
	int64_t ms;
	/* Local time: the offset that held in the hour of the last one. */
	int64_t local_hour, local_offset_s;
	bool local_known;
};

enum log_time_form {
	LOG_TIME_CLF,       /* 23/Nov/2026:06:14:11 +0100: exactly 26 bytes; $time_local, %t without its brackets */
	LOG_TIME_HAPROXY,   /* 23/Nov/2026:06:14:11.441: local time, 24 bytes; %tr %t */
	LOG_TIME_HAPROXY_Z, /* 23/Nov/2026:06:14:11 +0000: %T %Tl %trg %trl */
	LOG_TIME_ISO,       /* 2026-11-23T06:14:11[.fraction](Z|±hh:mm|±hhmm); RFC 3339, $time_iso8601, RFC 5424 */
	LOG_TIME_SYSLOG,    /* Nov 23 06:14:11: local, no year; 15 bytes */
	LOG_TIME_SECONDS,   /* 1763874851[.fraction]; $msec, %Ts */
	LOG_TIME_MILLIS,    /* 1763874851441 */
	_LOG_TIME_FORM_MAX
};

/* Reads exactly len bytes. 0 or -EINVAL: day, hour, minute, second (60 counts as the next minute's 0) and zone are
 * checked. `now_ms` gives LOG_TIME_SYSLOG its year: the one that brings the time closest to it. */
int log_time_parse(struct log_clock *c, enum log_time_form form, const char *s, size_t len, int64_t now_ms,
		   int64_t *ret_ms);
