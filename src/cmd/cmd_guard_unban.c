/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/guard_ask.h"

struct options {
	struct output_options output;
	struct guard_ask ask;
	const char *network;
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->ask;
		state->child_inputs[1] = &o->output;
		return 0;
	case ARGP_KEY_ARG:
		if (o->network)
			argp_error(state, "one network at a time: '%s' is too much", arg);
		o->network = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which network? `hextet guard bans` lists those that are banned");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &guard_ask_argp, 0, NULL, 0 }, { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.parser = parse,
	.args_doc = "PREFIX",
	.doc = "Ends the bans of exactly this network, by rule or by hand, and forgets what was counted for it.",
	.children = children,
};

static void print(struct emit *e, const json_t *answer) {
	char line[256];

	if (e->format != EMIT_TEXT) {
		guard_emit(e, NULL, answer);
		return;
	}
	(void)snprintf(line, sizeof(line), "%s is not banned any more", json_text(answer, "prefix"));
	emit_text(e, NULL, line);
	if (*json_text(answer, "still_in")) {
		(void)snprintf(line, sizeof(line), "    but it still lies in %.200s", json_text(answer, "still_in"));
		emit_text(e, NULL, line);
	}
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	_cleanup_(jsonp_done) json_t *answer = NULL;
	struct job job;
	int code;

	command_parse(&argp, argc, argv, &opt);
	job_init(&job, &opt.output);
	code = guard_ask_find(&job, &opt.ask);
	if (!code)
		code = guard_ask(&opt.ask, json_pack("{s:s,s:s}", "do", "unban", "network", opt.network), false,
				 &answer);
	if (!code)
		print(&job.emit, answer);
	return job_finish(&job, code);
}

const struct command command_guard_unban = {
	.name = "unban",
	.summary = "End a network's bans",
	.argp = &argp,
	.run = run,
};
