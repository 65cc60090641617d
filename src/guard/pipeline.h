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
		uint64_t line;
		enum log_reason reason;
		char text[PIPELINE_SAMPLE_MAX];
		size_t len;
	} sample[PIPELINE_SAMPLES]; /* the first of each reason, then the latest */
	int64_t first_ms, last_ms;
};

struct pipeline;

/* Borrows the engine. */
int pipeline_new(struct engine *e, engine_ban_fn ban, void *user, struct pipeline **ret_pipeline);
void pipeline_free(struct pipeline *p);

/* Adds a log, its parser borrowed; returns its number. */
unsigned pipeline_add_log(struct pipeline *p, const char *name, struct log_parser *parser);
void pipeline_feed(struct pipeline *p, unsigned log, const struct log_batch *batch);
const struct pipeline_log *pipeline_log(const struct pipeline *p, unsigned log);
