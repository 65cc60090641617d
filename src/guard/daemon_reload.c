/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another configuration, in two steps: all that can fail is made beside what runs, and then takes its place. A log with
 * the same spec keeps its source, so that nothing of a socket's queue is lost.
 */
#include <errno.h>
#include <string.h>

#include "base/why.h"
#include "guard/daemon_state.h"

/* The new parts. */
struct fresh {
	struct engine *engine;
	struct pipeline *pipeline;
	struct log_parser *parser[GUARD_LOGS_MAX];
	char *reset_why; /* why counters begin anew, or NULL */
};

static void fresh_done(struct fresh *f) {
	pipeline_free(f->pipeline);
	engine_free(f->engine);
	for (size_t i = 0; i < GUARD_LOGS_MAX; i++)
		log_parser_free(f->parser[i]);
	free(f->reset_why);
}

static void keep_ban(const struct ban *ban, void *user) {
	(void)engine_ban(user, ban->network, ban->at_ms, ban->until_ms, "from before the rules changed");
}

/* The state of the old engine, or, when its rules are others, its active bans. */
static int move_state(const struct guard *g, struct fresh *f, const struct engine_config *config) {
	_cleanup_(freep) char *bytes = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&bytes, &len);
	int r = file ? engine_save(g->engine, file) : -ENOMEM;

	if (file && fclose(file) != 0 && r >= 0)
		r = -ENOMEM;
	if (r < 0)
		return r;
	file = fmemopen(bytes, MAX(len, (size_t)1), "r");
	if (!file)
		return -ENOMEM;
	r = engine_load(f->engine, file, &f->reset_why);
	(void)fclose(file);
	if (r != -EBADMSG)
		return r;
	engine_free(f->engine);
	f->engine = NULL;
	r = engine_new(config, &f->engine);
	if (r >= 0)
		engine_each_ban(g->engine, guard_log_ms(g), keep_ban, f->engine);
	return r;
}

static int make_fresh(struct guard *g, const struct guard_config *c, struct fresh *f, char **ret_why) {
	int r = engine_new(&c->engine, &f->engine);

	if (r < 0)
		return why_set(ret_why, r, "the rules cannot be counted: %s", strerror(-r));
	for (size_t i = 0; i < c->log_count; i++) {
		r = guard_parser(c, i, &f->parser[i], ret_why);
		if (r < 0)
			return r;
	}
	r = move_state(g, f, &c->engine);
	if (r >= 0)
		r = pipeline_new(f->engine, guard_on_ban, g, &f->pipeline);
	return r;
}

static struct guard_log *take_log(struct guard *g, const char *spec) {
	for (size_t i = 0; i < g->log_count; i++)
		if (g->log[i] && strcmp(g->log[i]->spec, spec) == 0)
			return TAKE_PTR(g->log[i]);
	return NULL;
}

static struct guard_log *new_log(struct guard *g, const char *spec) {
	struct guard_log *log = calloc(1, sizeof(*log));

	if (log) {
		log->guard = g;
		log->spec = strdup(spec);
	}
	if (log && log->spec)
		return log;
	free(log);
	return NULL;
}

/* From here on nothing may fail but for want of memory. */
static int swap_logs(struct guard *g, const struct guard_config *c, struct fresh *f) {
	struct guard_log *logs[GUARD_LOGS_MAX] = { 0 };
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < c->log_count && r >= 0; i++) {
		struct guard_log *log = take_log(g, c->log[i].spec);

		if (!log)
			log = new_log(g, c->log[i].spec);
		if (!log) {
			r = -ENOMEM;
			break;
		}
		log_parser_free(log->parser);
		log->parser = TAKE_PTR(f->parser[i]);
		logs[n++] = log;
		r = pipeline_add_log(g->pipeline, log->spec, log->parser, (uint16_t)i, &log->number);
	}
	guard_logs_close(g->log, g->log_count);
	memcpy(g->log, logs, sizeof(logs));
	g->log_count = n;
	guard_logs_retry(g);
	return r;
}

static bool is_listed(const char *spec, const struct guard_config *c) {
	for (size_t i = 0; i < c->sink_count; i++)
		if (strcmp(c->sink[i], spec) == 0)
			return true;
	return false;
}

static bool differ(const char *a, const char *b) {
	return (a == NULL) != (b == NULL) || (a && strcmp(a, b) != 0);
}

static void say_what_stays(const struct guard *g, const struct guard_config *c) {
	const struct endpoint *a = g->config->metrics, *b = c->metrics;

	if (differ(g->config->state, c->state))
		guard_say(g, SEVERITY_WARNING, "`state` changes when the guard is restarted; until then it is %s",
			  g->config->state);
	if (differ(g->config->control, c->control) || (a == NULL) != (b == NULL) ||
	    (a && (a->port != b->port || !ip_equal(a->ip, b->ip))))
		guard_say(g, SEVERITY_WARNING, "`control` and `metrics` change when the guard is restarted");
}

int guard_reload(struct guard *g, const struct guard_config *c, char **ret_why) {
	struct fresh f = { 0 };
	char *why = NULL;
	int r;

	guard_replay_all(g);
	r = make_fresh(g, c, &f, ret_why);
	if (r < 0) {
		fresh_done(&f);
		return r;
	}
	guard_snapshot_end(g);
	say_what_stays(g, c);
	for (size_t i = 0; i < g->sink_count; i++)
		if (!is_listed(g->sink[i].spec, c))
			(void)guard_sink_reconcile(&g->sink[i], true);
	guard_sinks_close(g);
	pipeline_free(g->pipeline);
	engine_free(g->engine);
	g->engine = TAKE_PTR(f.engine);
	g->pipeline = TAKE_PTR(f.pipeline);
	memset(g->bans_made, 0, sizeof(g->bans_made));
	(void)guard_set_config(g, c); /* fails the first time only */
	r = swap_logs(g, c, &f);
	if (r >= 0)
		r = guard_sinks_open(g, c, &why);
	if (r < 0)
		guard_say(g, SEVERITY_ERROR, "not all of the estate is in force: %s", why ? why : strerror(-r));
	free(why);
	guard_say(g, SEVERITY_NOTE, "the estate was read again: %s%s",
		  f.reset_why ? "counting begins anew: " : "counters stay", f.reset_why ? f.reset_why : "");
	fresh_done(&f);
	return 0;
}
