/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a ban: the store, the table of bans in force, the sinks. And operators' commands, which go to the
 * store first: what is answered is durable.
 *
 * The order in which commands and lines come matters (an unban forgets what was counted before it). So each command
 * remembers how many lines had been read, and after a crash is put in behind as many; with several logs the lines
 * between two commands may come in another order than they did, as they may when a log is slow.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/why.h"
#include "guard/daemon_state.h"
#include "guard/facts.h"

enum { SAID_MAX = 10 }; /* bans a second: an attack does not fill the journal */

int64_t guard_wall_ms(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

int64_t guard_log_ms(const struct guard *g) {
	int64_t clock = engine_clock(g->engine), now = guard_wall_ms();

	if (clock == LOG_TIME_NONE)
		return now;
	return g->clock_wall_ms && now > g->clock_wall_ms ? clock + (now - g->clock_wall_ms) : clock;
}

static void change(struct guard *g, struct prefix network, int64_t left_ms) {
	vec_push(&g->changes, (struct sink_change){ { network, left_ms }, left_ms <= 0 });
}

/* ---- bans by rule ---- */

/* The operator's unban that was given later: when its turn comes, this ban is over. */
static bool is_lifted_later(const struct guard *g, const struct ban *ban) {
	for (size_t i = 0; i < g->replay.n; i++)
		if (!g->replay.v[i].c.ban && prefix_equal(g->replay.v[i].c.network, ban->network) &&
		    g->replay.v[i].c.at_ms >= ban->at_ms)
			return true;
	return false;
}

static void say_ban(struct guard *g, const struct ban *b, int64_t ends_ms) {
	char network[PREFIX_TEXT_MAX], until[GUARD_TIME_MAX], more[64] = "";
	const struct evidence *e = &b->evidence;

	if (g->bans_now++ >= SAID_MAX)
		return;
	(void)prefix_format(b->network, network);
	if (e->children)
		(void)snprintf(more, sizeof(more), " from %" PRIu32 " networks", e->children);
	guard_say(g, SEVERITY_NOTE, "banned %s until %s by %s: %" PRIu32 " requests within %" PRId64 " s%s", network,
		  guard_time(ends_ms, until), b->rule, e->count, e->window_ms / 1000, more);
}

void guard_say_more_bans(struct guard *g) {
	if (g->bans_now > SAID_MAX)
		guard_say(g, SEVERITY_NOTE, "and %" PRIu64 " more bans at once: `hextet guard bans` lists them",
			  g->bans_now - SAID_MAX);
	g->bans_now = 0;
}

void guard_on_ban(const struct ban *ban, void *user) {
	struct guard *g = user;
	int64_t now = guard_wall_ms(), ends = MIN(ban->until_ms, now + (ban->until_ms - ban->at_ms));

	for (size_t i = 0; i < g->config->engine.rule_count; i++)
		if (strcmp(g->config->engine.rules[i].name, ban->rule) == 0)
			g->bans_made[i]++;
	(void)store_add_ban(g->store, ban, now);
	if (ends <= now) {
		g->old_bans++;
	} else if (!is_lifted_later(g, ban) && ban_table_put(&g->table, ban->network, ends, false)) {
		change(g, ban->network, ends - now);
		say_ban(g, ban, ends);
	}
}

static void on_stored(const struct stored_ban *b, void *user) {
	struct guard *g = user;

	(void)ban_table_put(&g->table, b->ban.network, b->ends_ms, false);
}

static void on_engine_ban(const struct ban *ban, void *user) {
	struct guard *g = user;
	int64_t now = guard_wall_ms(), ends = MIN(ban->until_ms, now + (ban->until_ms - ban->at_ms));

	if (ends <= now)
		return;
	(void)ban_table_put(&g->table, ban->network, ends, false);
	(void)store_add_ban(g->store, ban, now);
}

static void on_any_stored(const struct stored_ban *b, void *user) {
	(void)b;
	*(bool *)user = true;
}

/* The store knows more than the snapshot, which is older. The engine's own bans count when the store is empty: a
 * damaged one was set aside, or somebody removed it. They are written into the new one, for the next start. */
void guard_load_table(struct guard *g) {
	const struct store_filter active = { .active_at_ms = guard_wall_ms() };
	const struct store_filter any = { .active_at_ms = LOG_TIME_NONE, .limit = 1 };
	char *why = NULL;
	bool known = false;

	if (store_each_ban(g->store, &active, on_stored, g, &why) < 0)
		guard_say(g, SEVERITY_ERROR, "%s", why ? why : "the bans cannot be read");
	free(why);
	(void)store_each_ban(g->store, &any, on_any_stored, &known, NULL);
	if (known)
		return;
	g->last_command = 0; /* they are numbered anew */
	engine_each_ban(g->engine, guard_wall_ms(), on_engine_ban, g);
}

static void on_ended(struct prefix network, void *user) {
	change(user, network, 0);
}

void guard_expire(struct guard *g) {
	ban_table_expire(&g->table, guard_wall_ms(), on_ended, g);
	guard_sinks_apply(g);
}

/* A database that somebody removed would take every ban and command, and none would be there after a restart. */
static int follow_store(struct guard *g, char **ret_why) {
	int r;

	if (store_is_there(g->store))
		return 0;
	r = store_reopen(g->store, ret_why);
	if (r < 0)
		return r;
	guard_load_table(g);
	guard_say(g, SEVERITY_WARNING,
		  "%s was removed: it is made again, with the bans in force; older ones are forgotten",
		  g->config->state);
	if (g->snapshot_timer)
		(void)loop_timer_set(g->snapshot_timer, 1);
	return 0;
}

void guard_commit(struct guard *g) {
	char *why = NULL;
	int r = follow_store(g, &why);

	if (r >= 0)
		r = store_commit(g->store, &why);
	if (r < 0) {
		g->store_failures++;
		if (!g->store_failing)
			guard_say(g, SEVERITY_ERROR, "%s; bans are in force and kept in memory until it works",
				  why ? why : strerror(-r));
		free(g->store_why);
		g->store_why = TAKE_PTR(why);
	} else if (g->store_failing) {
		guard_say(g, SEVERITY_NOTE, "%s is written again", g->config->state);
	}
	g->store_failing = r < 0;
	free(why);
}

/* ---- operators' commands ---- */

static void take_effect(struct guard *g, const struct store_command *c) {
	if (c->ban)
		(void)engine_ban(g->engine, c->network, c->at_ms, c->until_ms, c->comment);
	else
		(void)engine_unban(g->engine, c->network, c->at_ms);
	g->last_command = c->id;
}

static void drop_first(struct guard *g) {
	free(g->replay.v[0].texts);
	g->replay.n--;
	memmove(g->replay.v, g->replay.v + 1, g->replay.n * sizeof(*g->replay.v));
}

void guard_replay_due(struct guard *g) {
	while (g->replay.n && g->replay.v[0].c.lines <= g->lines) {
		take_effect(g, &g->replay.v[0].c);
		drop_first(g);
	}
}

/* Lines that it waits for do not come any more: the log was replaced, or a source cannot be resumed. */
void guard_replay_all(struct guard *g) {
	while (g->replay.n) {
		take_effect(g, &g->replay.v[0].c);
		drop_first(g);
	}
}

static void update_table(struct guard *g, const struct store_command *c) {
	int64_t now = guard_wall_ms();
	bool changed = c->ban ? ban_table_put(&g->table, c->network, c->until_ms, true)
			      : ban_table_remove(&g->table, c->network);

	if (changed)
		change(g, c->network, c->ban ? c->until_ms - now : 0);
}

int guard_command(struct guard *g, struct store_command *c, char **ret_why) {
	int r;

	guard_replay_all(g);
	guard_commit(g);
	c->lines = g->lines;
	r = store_add_command(g->store, c, ret_why);
	if (r < 0)
		return r;
	take_effect(g, c);
	update_table(g, c);
	guard_sinks_apply(g);
	return 0;
}
