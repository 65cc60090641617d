/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sinks: new bans at once, everything every few seconds. Each sink has a timer of its own, so that a target that does
 * not answer costs the loop its timeout once an interval and no more. One line is said when a sink stops working, one
 * when it works again, and drift at most once a minute.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/why.h"
#include "guard/daemon_state.h"

enum { RECONCILE_S = 10, DRIFT_SAID_MS = 60000 };

static void on_say(const char *text, void *user) {
	guard_say(user, SEVERITY_NOTE, "%s", text);
}

static unsigned interval_ms(const struct guard *g) {
	return (g->config->reconcile_s ? g->config->reconcile_s : RECONCILE_S) * 1000;
}

static void note(struct guard_sink *s, int r, const char *why) {
	if (r < 0)
		s->failures++;
	if (r < 0 && !s->said)
		guard_say(s->guard, SEVERITY_ERROR, "sink %s does not work: %s; trying again every %u s", s->spec,
			  why ? why : strerror(-r), interval_ms(s->guard) / 1000);
	else if (r >= 0 && s->said)
		guard_say(s->guard, SEVERITY_NOTE, "sink %s works again", s->spec);
	s->said = r < 0;
}

static void open_sink(struct guard_sink *s) {
	struct guard *g = s->guard;
	const struct ban_sink_config config = { .allow = g->config->engine.allow, .say = on_say, .user = g };
	char *why = NULL;
	int r = ban_sink_open(s->spec, &config, &s->sink, &why);

	note(s, r, why);
	free(s->why);
	s->why = s->sink ? NULL : why ? strdup(why) : strdup(strerror(-r));
	free(why);
}

/* Its drift, unless it is the first content that it gets. */
static void say_drift(struct guard_sink *s, int64_t now) {
	const struct sink_drift *d = &s->sink->drift;
	char example[PREFIX_TEXT_MAX] = "no network";

	if (d->at_ms != now || s->reconciles == 0 || now - s->drift_said_ms < DRIFT_SAID_MS)
		return;
	if (d->missing + d->foreign + d->wrong_time)
		(void)prefix_format(d->example, example);
	guard_say(s->guard, SEVERITY_WARNING,
		  "sink %s was not what it should be, and is mended: %s%s%" PRIu64 " missing, %" PRIu64
		  " that are no bans, %" PRIu64 " with another time (%s)",
		  s->spec, d->structure ? d->structure : "", d->structure ? "; " : "", d->missing, d->foreign,
		  d->wrong_time, example);
	s->drift_said_ms = now;
}

int guard_sink_reconcile(struct guard_sink *s, bool empty) {
	struct guard *g = s->guard;
	VEC(struct sink_entry) wanted = { 0 };
	int64_t now = guard_wall_ms();
	char *why = NULL;
	int r;

	if (!s->sink)
		open_sink(s);
	if (!s->sink)
		return -ENOTCONN;
	for (size_t i = 0; i < g->table.rows.n && !empty; i++)
		if (g->table.rows.v[i].ends_ms > now)
			vec_push(&wanted,
				 (struct sink_entry){ g->table.rows.v[i].network, g->table.rows.v[i].ends_ms - now });
	r = ban_sink_reconcile(s->sink, wanted.v, wanted.n, now, &why);
	vec_done(&wanted);
	note(s, r, why);
	if (r >= 0) {
		say_drift(s, now);
		s->reconciles++;
	}
	free(why);
	return r;
}

static int on_interval(void *user) {
	struct guard_sink *s = user;

	(void)guard_sink_reconcile(s, false);
	return loop_timer_set(s->timer, interval_ms(s->guard));
}

/* A spec that no sink understands is a mistake; a target that is not there is not. */
static int check_spec(const char *spec, char **ret_why) {
	const char *colon = strchrnul(spec, ':');

	for (size_t i = 0; ban_sink_list[i]; i++)
		if (str_is((struct str){ spec, (size_t)(colon - spec) }, ban_sink_list[i]->name))
			return 0;
	return why_set(ret_why, -EINVAL, "there is no sink like %s", spec);
}

int guard_sinks_open(struct guard *g, const struct guard_config *c, char **ret_why) {
	for (size_t i = 0; i < c->sink_count; i++) {
		struct guard_sink *s = &g->sink[i];
		int r = check_spec(c->sink[i], ret_why);

		if (r < 0)
			return r;
		*s = (struct guard_sink){ .guard = g, .spec = c->sink[i] };
		g->sink_count = i + 1;
		open_sink(s);
		(void)guard_sink_reconcile(s, false);
		r = loop_add_timer(g->loop, interval_ms(g), on_interval, s, &s->timer);
		if (r < 0)
			return r;
	}
	return 0;
}

void guard_sinks_close(struct guard *g) {
	for (size_t i = 0; i < g->sink_count; i++) {
		loop_source_free(g->sink[i].timer);
		ban_sink_close(g->sink[i].sink);
		free(g->sink[i].why);
	}
	g->sink_count = 0;
}

void guard_sinks_apply(struct guard *g) {
	for (size_t i = 0; i < g->sink_count && g->changes.n; i++) {
		struct guard_sink *s = &g->sink[i];
		char *why = NULL;
		int r = 0;

		if (s->sink)
			r = ban_sink_apply(s->sink, g->changes.v, g->changes.n, &why);
		if (s->sink)
			note(s, r, why);
		free(why);
	}
	g->changes.n = 0;
}
