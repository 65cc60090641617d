/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing, in the order that makes a crash at any point harmless: the store's bans are in the sinks before
 * the first new line is read, and lines are read from where the snapshot ended, so that what was decided between the
 * two is decided again and recognised.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/why.h"
#include "guard/daemon_state.h"

enum {
	SNAPSHOT_S = 60,
	NOTIFY_S = 10,
	EXPIRE_S = 60,
	PRUNE_S = 3600,
	KEEP_DAYS = 90, /* of bans that are over */
};

void guard_say(const struct guard *g, enum severity severity, const char *fmt, ...) {
	char text[1024];
	va_list ap;

	if (!g->config->say)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	g->config->say(severity, text, g->config->user);
}

/* ---- timers ---- */

static int on_snapshot(void *user) {
	struct guard *g = user;

	guard_snapshot_begin(g);
	return loop_timer_set(g->snapshot_timer,
			      (g->config->snapshot_s ? g->config->snapshot_s : SNAPSHOT_S) * UINT64_C(1000));
}

static void prune(struct guard *g) {
	char *why = NULL;

	if (store_prune(g->store, guard_wall_ms() - KEEP_DAYS * INT64_C(86400000), &why) < 0 && !g->store_failing)
		guard_say(g, SEVERITY_WARNING, "%s", why ? why : "old bans cannot be removed");
	free(why);
}

void guard_notify(const struct guard *g) {
	size_t working = 0;

	for (size_t i = 0; i < g->sink_count; i++)
		working += g->sink[i].sink && g->sink[i].sink->working;
	loop_notify_status("%zu bans in %zu of %zu sinks, %" PRIu64 " lines read%s", g->table.rows.n, working,
			   g->sink_count, g->lines, g->store_failing ? "; the database cannot be written" : "");
}

/* Numbers are worth less than bans: without a port the guard goes on, and tries again. */
static void open_metrics(struct guard *g) {
	char *why = NULL;
	int r = g->config->metrics && !g->metrics ? metrics_open(g->loop, g->config->metrics, g, &g->metrics, &why) : 0;

	if (r < 0 && !g->metrics_failing)
		guard_say(g, SEVERITY_ERROR, "no metrics: %s; trying again", why ? why : strerror(-r));
	g->metrics_failing = r < 0;
	free(why);
}

static int on_second(void *user) {
	struct guard *g = user;

	g->seconds++;
	guard_say_more_bans(g);
	guard_expire(g);
	guard_commit(g);
	if (g->replay.n && g->lines == g->lines_before && guard_logs_behind(g) == 0)
		guard_replay_all(g);
	g->lines_before = g->lines;
	guard_logs_retry(g);
	if (g->seconds % NOTIFY_S == 0) {
		guard_notify(g);
		open_metrics(g);
	}
	if (g->seconds % EXPIRE_S == 0)
		engine_expire(g->engine,
			      engine_clock(g->engine) == LOG_TIME_NONE ? guard_wall_ms() : engine_clock(g->engine));
	if (g->seconds % PRUNE_S == 0)
		prune(g);
	return loop_timer_set(g->second_timer, 1000);
}

static int add_timers(struct guard *g) {
	uint64_t snapshot_ms = (g->config->snapshot_s ? g->config->snapshot_s : SNAPSHOT_S) * UINT64_C(1000);
	int r = loop_add_timer(g->loop, 1000, on_second, g, &g->second_timer);

	return r < 0 ? r : loop_add_timer(g->loop, snapshot_ms, on_snapshot, g, &g->snapshot_timer);
}

/* ---- what the last run left ---- */

static void on_command(const struct store_command *c, void *user) {
	struct guard *g = user;
	struct guard_command copy = { .c = *c };

	copy.texts = c->comment ? strdup(c->comment) : NULL;
	copy.c.comment = copy.texts;
	copy.c.who = NULL;
	vec_push(&g->replay, copy);
}

static void load_snapshot(struct guard *g, struct arena *a, struct store_snapshot *ret_snapshot) {
	char *engine_why = NULL, *why = NULL;
	int r = store_load_snapshot(g->config->state, g->engine, a, ret_snapshot, &engine_why, &why);

	if (r == -ENOENT)
		guard_say(g, SEVERITY_NOTE, "there is no snapshot: counting begins now");
	else if (r < 0)
		guard_say(g, SEVERITY_WARNING, "%s: counting begins anew, and the logs are read from their beginnings",
			  why ? why : strerror(-r));
	else if (engine_why)
		guard_say(g, SEVERITY_WARNING, "counting begins anew: %s; bans stay", engine_why);
	free(engine_why);
	free(why);
	g->lines = ret_snapshot->lines;
	g->last_command = ret_snapshot->last_command;
}

static void load_commands(struct guard *g) {
	char *why = NULL;

	if (store_each_command(g->store, g->last_command, on_command, g, &why) < 0)
		guard_say(g, SEVERITY_ERROR, "%s", why ? why : "operators' commands cannot be read");
	free(why);
}

/* A damaged database would keep the guard from starting at all: it is set aside, not removed. */
static int open_store(struct guard *g, char **ret_why) {
	char aside[PATH_MAX];
	char *why = NULL;
	int r = store_open(g->config->state, STORE_WRITE, &g->store, &why);

	if (r == -EBADMSG) {
		(void)snprintf(aside, sizeof(aside), "%s-damaged", g->config->state);
		if (rename(g->config->state, aside) == 0) {
			guard_say(g, SEVERITY_ERROR, "%s; it is now %s, and a new one is made", why ? why : "damaged",
				  aside);
			free(why);
			why = NULL;
			r = store_open(g->config->state, STORE_WRITE, &g->store, &why);
		}
	}
	if (r < 0)
		*ret_why = TAKE_PTR(why);
	free(why);
	return r;
}

/* ---- open and close ---- */

int guard_set_config(struct guard *g, const struct guard_config *c) {
	if (!g->paths[0]) {
		g->paths[0] = strdup(c->state);
		g->paths[1] = c->control ? strdup(c->control) : NULL;
		if (!g->paths[0] || (c->control && !g->paths[1]))
			return -ENOMEM;
	}
	g->own = *c;
	g->own.state = g->paths[0];
	g->own.control = g->paths[1];
	g->config = &g->own;
	return 0;
}

static int open_parts(struct guard *g, char **ret_why) {
	const struct guard_config *c = g->config;
	struct store_snapshot snapshot = { 0 };
	struct arena arena = { 0 };
	int r = engine_new(&c->engine, &g->engine);

	if (r < 0)
		return why_set(ret_why, r, "the rules cannot be counted: %s", strerror(-r));
	r = open_store(g, ret_why);
	if (r < 0)
		return r;
	/* Before the sinks: what another guard put there is left alone. */
	if (c->control)
		r = control_open(g->loop, c->control, g, &g->control, ret_why);
	if (r < 0)
		return r;
	load_snapshot(g, &arena, &snapshot);
	load_commands(g);
	guard_load_table(g);
	r = pipeline_new(g->engine, guard_on_ban, g, &g->pipeline);
	if (r >= 0)
		r = guard_sinks_open(g, c, ret_why);
	if (r >= 0)
		r = guard_logs_open(g, c, &snapshot, ret_why);
	if (r >= 0)
		r = add_timers(g);
	if (r >= 0)
		open_metrics(g);
	arena_done(&arena);
	return r;
}

int guard_open(struct loop *l, const struct guard_config *c, struct guard **ret_guard, char **ret_why) {
	struct guard *g = calloc(1, sizeof(*g));
	char *why = NULL;
	int r;

	if (!g)
		return -ENOMEM;
	g->loop = l;
	g->started_ms = guard_wall_ms();
	g->snapshot_worker.fd = -1;
	r = guard_set_config(g, c);
	if (r >= 0)
		r = open_parts(g, &why);
	if (r < 0) {
		*ret_why = why ? why : strdup(strerror(-r));
		guard_close(g);
		return r;
	}
	*ret_guard = g;
	return 0;
}

void guard_close(struct guard *g) {
	if (!g)
		return;
	control_close(g->control);
	metrics_close(g->metrics);
	if (g->second_timer) /* it was open */
		guard_snapshot_now(g);
	guard_say_more_bans(g);
	guard_snapshot_end(g);
	loop_source_free(g->second_timer);
	loop_source_free(g->snapshot_timer);
	guard_logs_close(g->log, g->log_count);
	guard_sinks_close(g);
	pipeline_free(g->pipeline);
	store_close(g->store);
	engine_free(g->engine);
	ban_table_done(&g->table);
	vec_done(&g->changes);
	for (size_t i = 0; i < g->replay.n; i++)
		free(g->replay.v[i].texts);
	vec_done(&g->replay);
	free(g->store_why);
	free(g->paths[0]);
	free(g->paths[1]);
	free(g);
}

int guard_chown(const struct guard *g, uid_t uid, gid_t gid) {
	int r = store_chown(g->store, uid, gid);

	if (r >= 0 && g->config->control && lchown(g->config->control, uid, gid) < 0)
		r = -errno;
	return r;
}
