/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of bytes cut into batches of whole lines. The bytes are read straight into the cutter's buffer; the
 * beginning of a line whose end has not come stays there, and is where the next bytes are put behind.
 *
 *     struct lines l = { .fn = fn, .user = user };
 *     while ((p = lines_room(&l, &room)) && (n = read(fd, p, room)) > 0)
 *         r = lines_added(&l, (size_t)n);
 *     r = lines_finish(&l);
 *     lines_done(&l);
 *
 * Of a line over LOG_LINE_MAX the first LOG_LINE_MAX + 1 bytes are kept, and handed over when its end has come. So a
 * line is always handed over as a whole, and what has been handed over ends behind a line. Memory is at most
 * LOG_LINE_MAX + 2 * LINES_STEP.
 */
#pragma once

#include "logs/source.h"

enum { LINES_STEP = 256 << 10 }; /* the most that is read in one go, and that a batch is about as long as */

struct lines {
	int (*fn)(const struct log_batch *batch, void *user);
	void *user;
	char *buffer;
	size_t len, cap;
	uint64_t dropped; /* bytes of the line that are over LOG_LINE_MAX + 1 */
};

/* Where the next bytes go and how many fit, 1..LINES_STEP; NULL: no memory. */
char *lines_room(struct lines *l, size_t *ret_room);

/* n bytes have been put there: the lines that have come to their end are handed over, with one call or two. 0, or the
 * first non-zero result of fn. */
int lines_added(struct lines *l, size_t n);

/* Nothing will follow: a last line without its end is one. */
int lines_finish(struct lines *l);

/* Bytes of a line whose end has not come. */
uint64_t lines_waiting(const struct lines *l);

void lines_forget(struct lines *l); /* drops them */
void lines_done(struct lines *l);
