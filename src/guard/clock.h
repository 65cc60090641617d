/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices that a log's clock has stepped back (the hour of summer time in a log without a zone, NTP, a corrected date),
 * for otherwise every network seen before would be immune until the log is as late as it was.
 *
 * STEP_LINES lines in a row, each more than STEP_MS behind the log's newest time, are a step; a single line with a mad
 * time is none, neither before nor behind. Logs in which clocks that differ are mixed (one syslog port, many hosts)
 * would step with every burst: each step doubles the lines that the next one takes, up to STEP_LINES_MAX, until the log
 * is a day further.
 *
 * Pure: the same times in the same order give the same answers.
 */
#pragma once

#include "logs/record.h"

enum { STEP_LINES = 64, STEP_DOUBLINGS = 10, STEP_LINES_MAX = STEP_LINES << STEP_DOUBLINGS, STEP_MS = 60000 };

/* One log's; a zeroed one is new. */
struct step_clock {
	bool running;
	int64_t newest_ms; /* when running */
	int64_t before_ms; /* the newest before it last jumped ahead by over STEP_MS */
	int64_t run_ms;    /* the newest of the lines in a row that are behind, */
	uint32_t run;      /* and how many they are */
	uint32_t steps;    /* lately: the next takes STEP_LINES << steps lines */
	int64_t step_ms;   /* when the last one was */
};

/* A line's time, not LOG_TIME_NONE. True when the clock has stepped back by it, to newest_ms. */
bool step_clock_tell(struct step_clock *c, int64_t time_ms);

/* What of this log may be kept when some log stepped back to `to_ms`: the latest of its times that lies at most STEP_MS
 * ahead of that, or to_ms. So one mad line, healed by a step, costs nobody else a count. */
int64_t step_clock_keep(const struct step_clock *c, int64_t to_ms);
