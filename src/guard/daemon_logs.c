/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs: opening them where the last run ended, and what happens with their lines. Operators' commands that came after
 * the snapshot are put in between the same two lines again: a batch is cut where one belongs.
 */
#include <errno.h>
#include <string.h>

#include "guard/daemon_state.h"

int guard_parser(const struct guard_config *c, size_t log, struct log_parser **ret_parser, char **ret_why) {
	const struct log_options options = { .trusted = c->trusted, .now_ms = guard_wall_ms() };

	return log_parser_new(str_of(c->log[log].format), &options, ret_parser, ret_why);
}

static size_t count_lines(struct log_batch batch) {
	const char *end = batch.bytes + batch.len;
	size_t n = 0;

	for (const char *s = batch.bytes; s < end && (s = memchr(s, '\n', (size_t)(end - s))); s++)
		n++;
	return n;
}

/* The first `lines` of them, taken off the front. */
static struct log_batch take_lines(struct log_batch *batch, uint64_t lines) {
	const char *s = batch->bytes, *end = s + batch->len;
	struct log_batch front = { s, 0 };

	while (lines-- && s < end) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));

		s = newline ? newline + 1 : end;
	}
	front.len = (size_t)(s - front.bytes);
	*batch = (struct log_batch){ s, (size_t)(end - s) };
	return front;
}

static void feed(struct guard *g, const struct guard_log *log, struct log_batch batch) {
	pipeline_feed(g->pipeline, log->number, &batch);
	g->lines += count_lines(batch);
}

static int on_lines(struct log_source *s, const struct log_batch *batch, void *user) {
	struct guard_log *log = user;
	struct guard *g = log->guard;
	struct log_batch rest = *batch;

	(void)s;
	while (g->replay.n && rest.len) {
		guard_replay_due(g);
		if (g->replay.n)
			feed(g, log, take_lines(&rest, g->replay.v[0].c.lines - g->lines));
	}
	if (rest.len)
		feed(g, log, rest);
	guard_replay_due(g);
	g->clock_wall_ms = log->line_wall_ms = guard_wall_ms();
	guard_sinks_apply(g);
	if (!g->store_failing) /* else it is tried once a second */
		guard_commit(g);
	return 0;
}

static void on_talk(struct log_source *s, enum log_source_level level, const char *text, void *user) {
	const struct guard_log *log = user;

	(void)s;
	guard_say(log->guard, level == LOG_SOURCE_WARNING ? SEVERITY_WARNING : SEVERITY_NOTE, "%s: %s", log->spec,
		  text);
}

static void open_source(struct guard_log *log) {
	const struct log_source_config config = {
		.resume = log->resume,
		.lines = on_lines,
		.log = on_talk,
		.user = log,
	};
	char *why = NULL;
	int r = log_source_open(log->guard->loop, log->spec, &config, &log->source, &why);

	if (r < 0 && !log->why)
		guard_say(log->guard, SEVERITY_ERROR, "%s cannot be read: %s; trying again", log->spec,
			  why ? why : strerror(-r));
	else if (r >= 0 && log->why)
		guard_say(log->guard, SEVERITY_NOTE, "%s is read now", log->spec);
	free(log->why);
	log->why = r < 0 ? why ? TAKE_PTR(why) : strdup(strerror(-r)) : NULL;
	free(why);
}

static void log_free(struct guard_log *log) {
	if (!log)
		return;
	log_source_close(log->source);
	log_parser_free(log->parser);
	free(log->spec);
	free(log->why);
	free(log->resume);
	free(log);
}

void guard_logs_close(struct guard_log **logs, size_t n) {
	for (size_t i = 0; i < n; i++) {
		log_free(logs[i]);
		logs[i] = NULL;
	}
}

static const char *position_in(const struct store_snapshot *s, const char *spec) {
	for (size_t i = 0; s && i < s->position_count; i++)
		if (strcmp(s->positions[i].spec, spec) == 0)
			return s->positions[i].position;
	return NULL;
}

/* The directive was checked with the estate, so a parser that cannot be made is an error here. */
static int log_new(struct guard *g, const struct guard_config *c, size_t i, const char *resume, struct guard_log **ret,
		   char **ret_why) {
	struct guard_log *log = calloc(1, sizeof(*log));
	int r = -ENOMEM;

	if (!log)
		return r;
	log->guard = g;
	log->spec = strdup(c->log[i].spec);
	log->resume = resume ? strdup(resume) : NULL;
	if (log->spec && (log->resume || !resume))
		r = guard_parser(c, i, &log->parser, ret_why);
	if (r >= 0)
		r = pipeline_add_log(g->pipeline, log->spec, log->parser, (uint16_t)i, &log->number);
	if (r < 0) {
		log_free(log);
		return r;
	}
	*ret = log;
	return 0;
}

int guard_logs_open(struct guard *g, const struct guard_config *c, const struct store_snapshot *snapshot,
		    char **ret_why) {
	for (size_t i = 0; i < c->log_count; i++) {
		int r = log_new(g, c, i, position_in(snapshot, c->log[i].spec), &g->log[i], ret_why);

		if (r < 0)
			return r;
		g->log_count = i + 1;
	}
	for (size_t i = 0; i < g->log_count; i++)
		open_source(g->log[i]);
	return 0;
}

void guard_logs_retry(struct guard *g) {
	for (size_t i = 0; i < g->log_count; i++)
		if (!g->log[i]->source)
			open_source(g->log[i]);
}

uint64_t guard_logs_behind(const struct guard *g) {
	uint64_t sum = 0;

	for (size_t i = 0; i < g->log_count; i++) {
		const struct log_source *s = g->log[i]->source;

		if (s && s->kind->behind)
			sum += s->kind->behind(s);
	}
	return sum;
}
