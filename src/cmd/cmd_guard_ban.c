/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/guard_ask.h"
#include "cmd/unit.h"

enum { KEY_FOR = 0x200, KEY_COMMENT, KEY_FORCE, DAY = 86400 };

struct options {
	struct output_options output;
	struct guard_ask ask;
	const char *network, *comment;
	uint64_t for_s;
	bool force;
};

static const struct argp_option option_rows[] = {
	{ "for", KEY_FOR, "TIME", 0, "For so long, like 90s, 5m, 1h or 7d; default: 1d", 0 },
	{ "comment", KEY_COMMENT, "TEXT", 0, "Why, for whoever asks later", 0 },
	{ "force", KEY_FORCE, NULL, 0, "Also a network wider than an IPv4 /8 or IPv6 /16", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->ask;
		state->child_inputs[1] = &o->output;
		return 0;
	case KEY_FOR:
		o->for_s = unit_seconds(arg, "--for", state);
		return 0;
	case KEY_COMMENT:
		o->comment = arg;
		return 0;
	case KEY_FORCE:
		o->force = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->network)
			argp_error(state, "one network at a time: '%s' is too much", arg);
		o->network = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which network? 2001:db8::/64, 192.0.2.0/24, or an address");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &guard_ask_argp, 0, NULL, 0 }, { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "PREFIX",
	.doc = "Bans a network by hand, in all sinks at once. It is in the database when this returns.",
	.children = children,
};

static void print_spared(struct emit *e, const json_t *answer) {
	const json_t *list = json_object_get(answer, "spared"), *a;
	size_t i, shown = json_array_size(list);
	char line[256];

	JSON_EACH (list, i, a) {
		(void)snprintf(line, sizeof(line), "    but not %s, %.150s", json_text(a, "prefix"),
			       json_text(a, "what"));
		emit_text(e, NULL, line);
	}
	if ((size_t)json_number(answer, "spared_count") > shown) {
		(void)snprintf(line, sizeof(line), "    and not %lld more of the allowlist",
			       (long long)json_number(answer, "spared_count") - (long long)shown);
		emit_text(e, NULL, line);
	}
}

static void print(struct emit *e, const json_t *answer) {
	char line[128];

	if (e->format != EMIT_TEXT) {
		guard_emit(e, NULL, answer);
		return;
	}
	(void)snprintf(line, sizeof(line), "%s is banned until %s", json_text(answer, "prefix"),
		       json_text(answer, "until"));
	emit_text(e, NULL, line);
	print_spared(e, answer);
}

static int run(int argc, char **argv) {
	struct options opt = { .for_s = DAY };
	_cleanup_(jsonp_done) json_t *answer = NULL;
	struct job job;
	int code;

	command_parse(&argp, argc, argv, &opt);
	job_init(&job, &opt.output);
	code = guard_ask_find(&job, &opt.ask);
	if (!code)
		code = guard_ask(&opt.ask,
				 json_pack("{s:s,s:s,s:I,s:s*,s:b}", "do", "ban", "network", opt.network, "for_s",
					   (json_int_t)opt.for_s, "comment", opt.comment, "force", opt.force),
				 false, &answer);
	if (!code)
		print(&job.emit, answer);
	return job_finish(&job, code);
}

const struct command command_guard_ban = {
	.name = "ban",
	.summary = "Ban a network by hand",
	.argp = &argp,
	.run = run,
};
