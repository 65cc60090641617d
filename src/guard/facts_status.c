/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/daemon_state.h"
#include "guard/facts.h"

static json_t *unparsed(const struct pipeline_log *l) {
	json_t *o = json_object();

	for (size_t i = 0; i < _LOG_REASON_MAX; i++)
		if (l->unparsed[i])
			(void)json_object_set_new(o, log_reason_text((enum log_reason)i),
						  json_integer((json_int_t)l->unparsed[i]));
	return o;
}

static json_t *samples(const struct pipeline_log *l) {
	json_t *list = json_array();

	for (size_t i = 0; i < PIPELINE_SAMPLES; i++) {
		const struct pipeline_sample *s = &l->sample[i];
		char text[PIPELINE_SAMPLE_MAX + 1];

		if (!s->line)
			continue;
		for (size_t k = 0; k < s->len; k++)
			text[k] = s->text[k] ? s->text[k] : '?';
		text[s->len] = 0;
		(void)json_array_append_new(list, json_pack("{s:I,s:s,s:o}", "line", (json_int_t)s->line, "reason",
							    log_reason_text(s->reason), "text", fact_text(text)));
	}
	return list;
}

static json_t *log_fact(const struct guard *g, const struct guard_log *log) {
	const struct pipeline_log *l = pipeline_log(g->pipeline, log->number);
	const struct log_source *s = log->source;
	char *position = s && s->kind->position ? s->kind->position(s) : NULL;
	json_t *o = json_pack("{s:o,s:b,s:o,s:o,s:I,s:I,s:I,s:o,s:o,s:o,s:o}", "log", fact_text(log->spec), "working",
			      s != NULL, "why", fact_text(s ? NULL : log->why), "position", fact_text(position),
			      "behind", (json_int_t)(s && s->kind->behind ? s->kind->behind(s) : 0), "lines",
			      (json_int_t)l->lines, "parsed", (json_int_t)l->parsed, "unparsed", unparsed(l), "samples",
			      samples(l), "newest", fact_time(l->last_ms == LOG_TIME_NONE ? -1 : l->last_ms),
			      "last_line", fact_time(log->line_wall_ms ? log->line_wall_ms : -1));

	free(position);
	return o;
}

static json_t *drift_fact(const struct sink_drift *d) {
	bool networks = d->missing + d->foreign + d->wrong_time;

	return json_pack("{s:o,s:I,s:I,s:I,s:o,s:o}", "at", fact_time(d->at_ms), "missing", (json_int_t)d->missing,
			 "foreign", (json_int_t)d->foreign, "wrong_time", (json_int_t)d->wrong_time, "example",
			 networks ? fact_prefix(d->example) : json_null(), "structure", fact_text(d->structure));
}

static json_t *sink_fact(const struct guard_sink *s) {
	const struct ban_sink *sink = s->sink;
	bool working = sink && sink->working;
	json_t *o = json_pack("{s:o,s:b,s:o,s:I,s:I,s:I}", "sink", fact_text(s->spec), "working", working, "why",
			      fact_text(working ? NULL
					: sink  ? sink->why
						: s->why),
			      "applied", (json_int_t)(sink ? sink->applied : 0), "reconciles",
			      (json_int_t)s->reconciles, "failures", (json_int_t)s->failures);

	if (working && sink->why)
		(void)json_object_set_new(o, "refused", fact_text(sink->why));
	if (sink && sink->drift.at_ms)
		(void)json_object_set_new(o, "drift", drift_fact(&sink->drift));
	return o;
}

/* {"ipv4":{"32":7},"ipv6":{"64":3}} */
static json_t *bans_fact(const struct guard *g) {
	json_t *o = json_object();

	for (unsigned family = 0; family < 2; family++) {
		json_t *lengths = json_object();

		for (unsigned len = 0; len <= 128; len++) {
			char name[8];

			if (!g->table.count[family][len])
				continue;
			(void)snprintf(name, sizeof(name), "%u", family ? len : len - 96);
			(void)json_object_set_new(lengths, name, json_integer((json_int_t)g->table.count[family][len]));
		}
		(void)json_object_set_new(o, family ? "ipv6" : "ipv4", lengths);
	}
	return o;
}

static json_t *rules_fact(const struct guard *g) {
	json_t *o = json_object();

	for (size_t i = 0; i < g->config->engine.rule_count; i++)
		(void)json_object_set_new(o, g->config->engine.rules[i].name,
					  json_integer((json_int_t)g->bans_made[i]));
	return o;
}

static json_t *engine_fact(const struct guard *g) {
	struct engine_stats s = engine_stats(g->engine);

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "requests", (json_int_t)s.requests, "matched",
			 (json_int_t)s.matched, "allowed", (json_int_t)s.allowed, "untimed", (json_int_t)s.untimed,
			 "late", (json_int_t)s.late, "clock_steps", (json_int_t)s.steps, "takeovers",
			 (json_int_t)s.takeovers, "memory", (json_int_t)s.memory, "memory_max",
			 (json_int_t)s.memory_max, "clock",
			 engine_clock(g->engine) == LOG_TIME_NONE ? json_null() : fact_time(engine_clock(g->engine)));
}

bool fact_all_works(const struct guard *g) {
	for (size_t i = 0; i < g->log_count; i++)
		if (!g->log[i]->source)
			return false;
	for (size_t i = 0; i < g->sink_count; i++)
		if (!g->sink[i].sink || !g->sink[i].sink->working)
			return false;
	return !g->store_failing && !g->snapshot_failing;
}

json_t *fact_status(struct guard *g) {
	json_t *logs = json_array(), *sinks = json_array(), *store;

	for (size_t i = 0; i < g->log_count; i++)
		(void)json_array_append_new(logs, log_fact(g, g->log[i]));
	for (size_t i = 0; i < g->sink_count; i++)
		(void)json_array_append_new(sinks, sink_fact(&g->sink[i]));
	store = json_pack("{s:o,s:b,s:o,s:I,s:I,s:o,s:b}", "path", fact_text(g->config->state), "working",
			  !g->store_failing, "why", fact_text(g->store_failing ? g->store_why : NULL), "pending",
			  (json_int_t)store_pending(g->store), "failures", (json_int_t)g->store_failures, "snapshot",
			  fact_time(g->snapshot_ms ? g->snapshot_ms : -1), "snapshot_working", !g->snapshot_failing);
	return json_pack("{s:b,s:b,s:i,s:o,s:I,s:o,s:I,s:o,s:I,s:o,s:o,s:o,s:o}", "ok", 1, "working", fact_all_works(g),
			 "process", (int)getpid(), "started", fact_time(g->started_ms), "uptime",
			 (json_int_t)(guard_wall_ms() - g->started_ms) / 1000, "bans", bans_fact(g), "active",
			 (json_int_t)g->table.rows.n, "made", rules_fact(g), "over_on_arrival", (json_int_t)g->old_bans,
			 "logs", logs, "sinks", sinks, "store", store, "counters", engine_fact(g));
}
