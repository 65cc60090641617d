/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of logs in, bans out: lines are cut, parsed and given to the engine in batches, and what could not be parsed is
 * counted by reason, with samples. What `replay` and `run` share.
 */
#pragma once

#include "guard/engine.h"
#include "logs/format.h"
#include "logs/source.h"

enum { PIPELINE_SAMPLES = 4, PIPELINE_SAMPLE_MAX = 200 };

/* One log's numbers. */
struct pipeline_log {
	const char *name; /* for messages: its spec or path */
	uint64_t lines, parsed, unparsed[_LOG_REASON_MAX];
	struct pipeline_sample {
		uint64_t line; /* its number, from 1; 0: none */
		enum log_reason reason;
		char text[PIPELINE_SAMPLE_MAX];
		size_t len;
	} sample[PIPELINE_SAMPLES]; /* the first line of each of the first reasons; last, the latest line */
	int64_t first_ms, last_ms;  /* the earliest and the newest time, or LOG_TIME_NONE */
};

struct pipeline;

/* Borrows the engine. */
int pipeline_new(struct engine *e, engine_ban_fn ban, void *user, struct pipeline **ret_pipeline);
void pipeline_free(struct pipeline *p);

/* Adds a log, its parser and name borrowed. `source` is its number in the engine: logs with a clock of their own have a
 * number of their own, pieces of one stream share one. 0 or -ENOMEM. */
int pipeline_add_log(struct pipeline *p, const char *name, struct log_parser *parser, uint16_t source,
		     unsigned *ret_log);

/* The lines must be whole; bans come during the call. Where the cuts between batches are makes no difference. */
void pipeline_feed(struct pipeline *p, unsigned log, const struct log_batch *batch);
const struct pipeline_log *pipeline_log(const struct pipeline *p, unsigned log);

/* Counts a line that could not be parsed, l->lines being its number, and keeps it if it is a sample. */
void pipeline_note_unparsed(struct pipeline_log *l, enum log_reason reason, struct str line);
