/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"

enum { BAR_WIDTH = 30, FIRST_MS = 500, EVERY_MS = 100 };

static int64_t now_ms(void) {
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void progress_show(struct progress *p, uint64_t done, uint64_t all) {
	static const char bar[BAR_WIDTH + 1] = "##############################";
	int64_t now = now_ms();
	int filled = (int)((double)done / (double)MAX(all, UINT64_C(1)) * BAR_WIDTH);

	if (!p->begun_ms)
		p->begun_ms = now;
	if (now - p->begun_ms < FIRST_MS || now - p->shown_ms < EVERY_MS || !isatty(STDERR_FILENO))
		return;
	p->shown_ms = now;
	filled = MIN(MAX(filled, 0), BAR_WIDTH);
	(void)fprintf(stderr, "\r[%.*s%*s] %" PRIu64 " of %" PRIu64 " %s", filled, bar, BAR_WIDTH - filled, "", done,
		      all, p->word);
	(void)fflush(stderr);
}

void progress_end(struct progress *p) {
	if (p->shown_ms)
		(void)fputs("\r\033[K", stderr);
	p->shown_ms = 0;
}
