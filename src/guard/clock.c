/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/clock.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static void advance(struct step_clock *c, int64_t time_ms) {
	if (time_ms - c->newest_ms > STEP_MS)
		c->before_ms = c->newest_ms;
	c->newest_ms = time_ms;
	if (c->steps && time_ms - c->step_ms > DAY_MS)
		c->steps = 0;
}

bool step_clock_tell(struct step_clock *c, int64_t time_ms) {
	if (!c->running) {
		*c = (struct step_clock){ .running = true, .newest_ms = time_ms, .before_ms = time_ms };
		return false;
	}
	if (time_ms >= c->newest_ms - STEP_MS) {
		c->run = 0;
		if (time_ms > c->newest_ms)
			advance(c, time_ms);
		return false;
	}
	c->run_ms = c->run ? MAX(c->run_ms, time_ms) : time_ms;
	if (++c->run < (uint32_t)STEP_LINES << c->steps)
		return false;
	c->newest_ms = c->step_ms = c->run_ms;
	c->run = 0;
	if (c->steps < STEP_DOUBLINGS)
		c->steps++;
	return true;
}

int64_t step_clock_keep(const struct step_clock *c, int64_t to_ms) {
	int64_t keep = to_ms;

	if (!c->running)
		return to_ms;
	if (c->newest_ms <= to_ms + STEP_MS)
		keep = MAX(keep, c->newest_ms);
	if (c->before_ms <= to_ms + STEP_MS)
		keep = MAX(keep, c->before_ms);
	return keep;
}
