/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text format of Prometheus, version 0.0.4: all samples of a name stand together behind its HELP and TYPE. Labels
 * are specs, rules' names and families, all of the operator's own making and few; nothing of a log line is one.
 */
#include "guard/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "guard/daemon_state.h"
#include "guard/facts.h"

struct metrics {
	struct guard *guard;
	struct http_server *server;
};

static void head(FILE *out, const char *name, const char *type, const char *help) {
	(void)fprintf(out, "# HELP hextet_guard_%s %s\n# TYPE hextet_guard_%s %s\n", name, help, name, type);
}

static void label(FILE *out, const char *s) {
	for (; *s; s++) {
		if (*s == '\n') {
			(void)fputs("\\n", out);
			continue;
		}
		if (*s == '"' || *s == '\\')
			(void)fputc('\\', out);
		(void)fputc(*s, out);
	}
}

/* name{key="value",more} number; `more` may be "". */
static void sample(FILE *out, const char *name, const char *key, const char *value, const char *more, uint64_t n) {
	(void)fprintf(out, "hextet_guard_%s{%s=\"", name, key);
	label(out, value);
	(void)fprintf(out, "\"%s} %" PRIu64 "\n", more, n);
}

static void single(FILE *out, const char *name, const char *type, const char *help, uint64_t n) {
	head(out, name, type, help);
	(void)fprintf(out, "hextet_guard_%s %" PRIu64 "\n", name, n);
}

/* ---- logs ---- */

static uint64_t log_lines(const struct guard *g, const struct guard_log *log) {
	return pipeline_log(g->pipeline, log->number)->lines;
}

static uint64_t log_behind(const struct guard *g, const struct guard_log *log) {
	(void)g;
	return log->source && log->source->kind->behind ? log->source->kind->behind(log->source) : 0;
}

static uint64_t log_working(const struct guard *g, const struct guard_log *log) {
	(void)g;
	return log->source != NULL;
}

/* Between the newest line's own time and now, by the wall clock: a log that is quiet lags too. */
static uint64_t log_lag(const struct guard *g, const struct guard_log *log) {
	int64_t newest = pipeline_log(g->pipeline, log->number)->last_ms, now = guard_wall_ms();

	return newest == LOG_TIME_NONE || newest > now ? 0 : (uint64_t)(now - newest) / 1000;
}

static void print_logs(const struct guard *g, FILE *out) {
	static const struct {
		const char *name, *type, *help;
		uint64_t (*value)(const struct guard *g, const struct guard_log *log);
	} rows[] = {
		{ "lines_total", "counter", "Lines read.", log_lines },
		{ "log_behind_bytes", "gauge", "Bytes known to wait in the log.", log_behind },
		{ "log_working", "gauge", "1 when the log can be read.", log_working },
		{ "log_lag_seconds", "gauge", "Age of the newest line, by its own time.", log_lag },
	};

	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		head(out, rows[r].name, rows[r].type, rows[r].help);
		for (size_t i = 0; i < g->log_count; i++)
			sample(out, rows[r].name, "log", g->log[i]->spec, "", rows[r].value(g, g->log[i]));
	}
	head(out, "unparsed_lines_total", "counter", "Lines that could not be parsed, by reason.");
	for (size_t i = 0; i < g->log_count; i++) {
		const struct pipeline_log *l = pipeline_log(g->pipeline, g->log[i]->number);

		for (size_t k = 0; k < _LOG_REASON_MAX; k++) {
			char more[160];

			if (!l->unparsed[k])
				continue;
			(void)snprintf(more, sizeof(more), ",reason=\"%s\"", log_reason_text((enum log_reason)k));
			sample(out, "unparsed_lines_total", "log", g->log[i]->spec, more, l->unparsed[k]);
		}
	}
}

/* ---- sinks ---- */

static uint64_t sink_working(const struct guard_sink *s) {
	return s->sink && s->sink->working;
}

static uint64_t sink_applied(const struct guard_sink *s) {
	return s->sink ? s->sink->applied : 0;
}

static uint64_t sink_failures(const struct guard_sink *s) {
	return s->failures;
}

static uint64_t sink_drift(const struct guard_sink *s) {
	return s->sink ? s->sink->drift.missing + s->sink->drift.foreign + s->sink->drift.wrong_time : 0;
}

static uint64_t sink_drift_at(const struct guard_sink *s) {
	return s->sink ? (uint64_t)s->sink->drift.at_ms / 1000 : 0;
}

static void print_sinks(const struct guard *g, FILE *out) {
	static const struct {
		const char *name, *type, *help;
		uint64_t (*value)(const struct guard_sink *s);
	} rows[] = {
		{ "sink_working", "gauge", "1 when the last call of the sink succeeded.", sink_working },
		{ "sink_applied_total", "counter", "Changes made in the sink.", sink_applied },
		{ "sink_failures_total", "counter", "Calls of the sink that failed.", sink_failures },
		{ "sink_drift", "gauge", "Elements that the last reconcile with a difference mended.", sink_drift },
		{ "sink_drift_timestamp_seconds", "gauge", "When that was; 0: never.", sink_drift_at },
	};

	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		head(out, rows[r].name, rows[r].type, rows[r].help);
		for (size_t i = 0; i < g->sink_count; i++)
			sample(out, rows[r].name, "sink", g->sink[i].spec, "", rows[r].value(&g->sink[i]));
	}
}

/* ---- bans ---- */

static void print_bans(const struct guard *g, FILE *out) {
	head(out, "bans_active", "gauge", "Networks that are banned now, by family and length.");
	for (unsigned family = 0; family < 2; family++)
		for (unsigned len = 0; len <= 128; len++) {
			char more[32];

			(void)snprintf(more, sizeof(more), ",length=\"%u\"", family ? len : len - 96);
			if (g->table.count[family][len])
				sample(out, "bans_active", "family", family ? "ipv6" : "ipv4", more,
				       g->table.count[family][len]);
		}
	head(out, "bans_total", "counter", "Bans made since the start, by rule.");
	for (size_t i = 0; i < g->config->engine.rule_count; i++)
		sample(out, "bans_total", "rule", g->config->engine.rules[i].name, "", g->bans_made[i]);
}

static void print_engine(const struct guard *g, FILE *out) {
	struct engine_stats s = engine_stats(g->engine);

	single(out, "requests_total", "counter", "Requests that were looked at.", s.requests);
	single(out, "matched_total", "counter", "Requests that match a rule.", s.matched);
	single(out, "allowed_total", "counter", "Requests of the allowlist.", s.allowed);
	single(out, "late_total", "counter", "Matching requests too late to be counted.", s.late);
	single(out, "takeovers_total", "counter", "Networks that lost their place in memory to others.", s.takeovers);
	single(out, "memory_bytes", "gauge", "Memory of the counters in use.", s.memory);
	single(out, "memory_limit_bytes", "gauge", "What they may use.", s.memory_max);
}

static void print_store(const struct guard *g, FILE *out) {
	single(out, "store_working", "gauge", "1 when the database can be written.", !g->store_failing);
	single(out, "store_pending", "gauge", "Bans that wait for the database.", store_pending(g->store));
	single(out, "store_failures_total", "counter", "Commits that failed.", g->store_failures);
	single(out, "snapshot_working", "gauge", "1 when the last snapshot was written.", !g->snapshot_failing);
	single(out, "snapshot_timestamp_seconds", "gauge", "When the last one began; 0: none since the start.",
	       (uint64_t)g->snapshot_ms / 1000);
	single(out, "start_timestamp_seconds", "gauge", "When the guard started.", (uint64_t)g->started_ms / 1000);
}

static void handle_metrics(const struct guard *g, struct http_reply *ret_reply) {
	FILE *out = open_memstream(&ret_reply->body, &ret_reply->body_len);

	ret_reply->status = 500;
	if (!out)
		return;
	ret_reply->type = "text/plain; version=0.0.4; charset=utf-8";
	single(out, "working", "gauge", "1 when /health says 200.", fact_all_works(g));
	print_logs(g, out);
	print_bans(g, out);
	print_engine(g, out);
	print_sinks(g, out);
	print_store(g, out);
	if (fclose(out) == 0)
		ret_reply->status = 200;
}

static void handle_health(const struct guard *g, struct http_reply *ret_reply) {
	if (!fact_all_works(g)) {
		http_reply_error(ret_reply, 503, "hextet guard status", "a log, a sink or the database does not work");
		return;
	}
	*ret_reply = (struct http_reply){ .status = 200, .type = "text/plain", .body = strdup("ok\n"), .body_len = 3 };
}

static void handle(const struct http_request *q, struct http_reply *ret_reply, void *user) {
	static const struct {
		const char *path;
		void (*handle)(const struct guard *g, struct http_reply *ret_reply);
	} routes[] = { { "/metrics", handle_metrics }, { "/health", handle_health } };
	const struct metrics *m = user;

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (strcmp(q->path, routes[i].path) != 0)
			continue;
		if (strcmp(q->method, "GET") != 0 && strcmp(q->method, "HEAD") != 0) {
			http_reply_error(ret_reply, 405, NULL, "only GET and HEAD");
			ret_reply->allow = "GET, HEAD";
			return;
		}
		routes[i].handle(m->guard, ret_reply);
		return;
	}
	http_reply_error(ret_reply, 404, "/metrics and /health", "there is nothing here");
}

int metrics_open(struct loop *l, const struct endpoint *listen, struct guard *g, struct metrics **ret_metrics,
		 char **ret_why) {
	struct metrics *m = calloc(1, sizeof(*m));
	const struct http_server_config config = {
		.listen = listen,
		.listen_count = 1,
		.connections = 32,
		.connections_per_ip = 16,
		.timeout_s = 10,
		.body_max = 1,
		.handler = handle,
		.user = m,
	};
	int r;

	if (!m)
		return -ENOMEM;
	m->guard = g;
	r = http_server_open(l, &config, &m->server, ret_why);
	if (r < 0) {
		free(m);
		return r;
	}
	*ret_metrics = m;
	return 0;
}

void metrics_close(struct metrics *m) {
	if (!m)
		return;
	http_server_close(m->server);
	free(m);
}
