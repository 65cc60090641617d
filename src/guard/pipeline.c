/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/pipeline.h"

#include <errno.h>
#include <string.h>

enum { AT_ONCE = 64 };

struct log {
	struct pipeline_log seen;
	struct log_parser *parser;
	uint16_t source;
};

struct pipeline {
	struct engine *engine;
	engine_ban_fn ban;
	void *user;
	VEC(struct log *) logs;
	struct request request[AT_ONCE]; /* parsed and matched; their lines are the batch's */
	size_t waiting;
};

int pipeline_new(struct engine *e, engine_ban_fn ban, void *user, struct pipeline **ret_pipeline) {
	struct pipeline *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->engine = e;
	p->ban = ban;
	p->user = user;
	*ret_pipeline = p;
	return 0;
}

void pipeline_free(struct pipeline *p) {
	if (!p)
		return;
	for (size_t i = 0; i < p->logs.n; i++)
		free(p->logs.v[i]);
	vec_done(&p->logs);
	free(p);
}

int pipeline_add_log(struct pipeline *p, const char *name, struct log_parser *parser, uint16_t source,
		     unsigned *ret_log) {
	struct log *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->seen.name = name;
	l->seen.first_ms = l->seen.last_ms = LOG_TIME_NONE;
	l->parser = parser;
	l->source = source;
	vec_push(&p->logs, l);
	*ret_log = (unsigned)p->logs.n - 1;
	return 0;
}

const struct pipeline_log *pipeline_log(const struct pipeline *p, unsigned log) {
	return &p->logs.v[log]->seen;
}

void pipeline_note_unparsed(struct pipeline_log *l, enum log_reason reason, struct str line) {
	struct pipeline_sample *sample = &l->sample[PIPELINE_SAMPLES - 1];

	for (size_t i = 0; !l->unparsed[reason] && i < PIPELINE_SAMPLES - 1; i++) {
		if (l->sample[i].line)
			continue;
		sample = &l->sample[i];
		break;
	}
	l->unparsed[reason]++;
	sample->line = l->lines;
	sample->reason = reason;
	sample->len = MIN(line.len, PIPELINE_SAMPLE_MAX);
	memcpy(sample->text, line.s, sample->len);
}

static void count_waiting(struct pipeline *p) {
	engine_requests(p->engine, p->request, p->waiting, p->ban, p->user);
	p->waiting = 0;
}

static void note_time(struct pipeline_log *l, int64_t time_ms) {
	if (time_ms == LOG_TIME_NONE)
		return;
	if (time_ms > l->last_ms)
		l->last_ms = time_ms;
	if (time_ms < l->first_ms || l->first_ms == LOG_TIME_NONE)
		l->first_ms = time_ms;
}

static void take_line(struct pipeline *p, struct log *l, struct str line) {
	struct log_record record;
	size_t at;
	enum log_reason reason =
		line.len > LOG_LINE_MAX ? LOG_LINE_TOO_LONG : log_parse(l->parser, line.s, line.len, &record, &at);

	l->seen.lines++;
	if (reason != LOG_OK) {
		pipeline_note_unparsed(&l->seen, reason, line);
		return;
	}
	l->seen.parsed++;
	note_time(&l->seen, record.time_ms);
	p->request[p->waiting++] = (struct request){
		.addr = record.addr,
		.time_ms = record.time_ms,
		.rules = engine_match(p->engine, &record),
		.line = line,
		.source = l->source,
	};
	if (p->waiting == AT_ONCE)
		count_waiting(p);
}

void pipeline_feed(struct pipeline *p, unsigned log, const struct log_batch *batch) {
	const char *s = batch->bytes, *end = s + batch->len;

	for (const char *next; s < end; s = next + 1) {
		next = memchr(s, '\n', (size_t)(end - s));
		if (!next)
			next = end;
		take_line(p, p->logs.v[log], (struct str){ s, (size_t)(next - s) });
	}
	count_waiting(p);
}
