/* SPDX-License-Identifier: Apache-2.0 */
/* Messages into a batch of lines, for sources that get them one by one. A message is one line: line ends in it become
 * blanks. Of one over LOG_LINE_MAX the first LOG_LINE_MAX + 1 bytes are kept. */
#pragma once

#include "logs/source_kind.h"

enum { LINE_BATCH_FULL = 256 << 10 }; /* what a batch is at most when another line is begun */

struct line_batch {
	struct log_source *source; /* whose lines they are */
	char *bytes;
	size_t len, line; /* line: where the last one begins */
};

int line_batch_init(struct line_batch *b, struct log_source *source); /* 0 or -ENOMEM */
void line_batch_done(struct line_batch *b);

/* A line is added part by part, and ended: then the batch is handed over if it is full. 0, or what lines() said. */
void line_batch_add(struct line_batch *b, const char *s, size_t len);
int line_batch_end(struct line_batch *b);

int line_batch_flush(struct line_batch *b); /* hands over what there is */
