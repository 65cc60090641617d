/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bar on standard error for work that takes more than half a second; nothing where that is no terminal.
 *
 *     struct progress p = { .word = "fetched" };
 *     progress_show(&p, done, all);
 *     progress_end(&p);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *word;
	int64_t begun_ms, shown_ms; /* 0: not yet */
};

void progress_show(struct progress *p, uint64_t done, uint64_t all);
void progress_end(struct progress *p); /* wipes the bar, before anything else is written */
