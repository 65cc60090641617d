/* SPDX-License-Identifier: Apache-2.0 */
/* Page by page from the guard, so that its loop is never long with one answer; or from the database, all at once. */
#include <string.h>

#include "cmd/guard_ask.h"
#include "guard/facts.h"

#include <time.h>

enum { KEY_ALL = 0x200 };

struct options {
	struct output_options output;
	struct guard_ask ask;
	bool all;
};

static const struct argp_option option_rows[] = {
	{ "all", KEY_ALL, NULL, 0, "Those that are over or lifted too", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->ask;
		state->child_inputs[1] = &o->output;
		return 0;
	case KEY_ALL:
		o->all = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &guard_ask_argp, 0, NULL, 0 }, { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.doc = "Lists the networks that are banned, the newest ban first.",
	.children = children,
};

static void print(struct emit *e, const json_t *ban) {
	if (e->format == EMIT_TEXT)
		guard_emit_ban_line(e, "", ban);
	else
		guard_emit(e, NULL, ban);
}

static int from_guard(struct job *j, struct options *o) {
	json_int_t before = 0;
	int code;

	do {
		_cleanup_(jsonp_done) json_t *answer = NULL;
		const json_t *ban;
		size_t i;

		code = guard_ask(&o->ask, json_pack("{s:s,s:b,s:I}", "do", "bans", "all", o->all, "before", before),
				 before == 0, &answer);
		if (code != EXIT_DONE)
			return code;
		JSON_EACH (json_object_get(answer, "bans"), i, ban)
			print(&j->emit, ban);
		before = json_number(answer, "next");
	} while (before > 0);
	return code;
}

struct reading {
	struct job *job;
	int64_t wall_ms;
};

static void on_ban(const struct stored_ban *b, void *user) {
	const struct reading *r = user;
	json_t *ban = fact_ban(b, r->wall_ms);

	if (ban)
		print(&r->job->emit, ban);
	json_decref(ban);
}

static int from_database(struct job *j, const struct options *o) {
	struct reading reading = { j, (int64_t)time(NULL) * 1000 };
	const struct store_filter f = { .active_at_ms = o->all ? LOG_TIME_NONE : reading.wall_ms };
	_cleanup_(freep) char *why = NULL;
	struct store *s = NULL;
	int r = store_open(o->ask.state, STORE_READ, &s, &why);

	if (r >= 0) {
		(void)fprintf(stderr,
			      "hextet: no guard runs (nobody listens on %s): these are the bans of its database %s\n",
			      o->ask.control, o->ask.state);
		r = store_each_ban(s, &f, on_ban, &reading, &why);
	}
	store_close(s);
	return r < 0 ? cannot("no guard runs (nobody listens on %s), and there is no database: %s", o->ask.control,
			      why ? why : strerror(-r))
		     : EXIT_DONE;
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;
	int code;

	command_parse(&argp, argc, argv, &opt);
	if (opt.output.format == EMIT_JSON)
		opt.output.format = EMIT_JSON_LINES;
	job_init(&job, &opt.output);
	code = guard_ask_find(&job, &opt.ask);
	if (!code)
		code = from_guard(&job, &opt);
	if (code < 0)
		code = from_database(&job, &opt);
	return job_finish(&job, code);
}

const struct command command_guard_bans = {
	.name = "bans",
	.summary = "List who is banned, and why",
	.argp = &argp,
	.run = run,
};
