/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/guard_ask.h"

#include <string.h>

struct options {
	struct output_options output;
	struct guard_ask ask;
	const char *ip;
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->ask;
		state->child_inputs[1] = &o->output;
		return 0;
	case ARGP_KEY_ARG:
		if (o->ip)
			argp_error(state, "one address at a time: '%s' is too much", arg);
		o->ip = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which address?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &guard_ask_argp, 0, NULL, 0 }, { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.parser = parse,
	.args_doc = "ADDRESS",
	.doc = "Says why an address is banned or not: the bans around it, the allowlist, and what every rule has "
	       "counted for it.",
	.children = children,
};

static void line_of(struct emit *e, const char *fmt, ...) _printf_(2, 3);
static void line_of(struct emit *e, const char *fmt, ...) {
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	emit_text(e, NULL, line);
}

static void print_verdict(struct emit *e, const json_t *a) {
	const json_t *allowed = json_object_get(a, "allowed_by"), *bans = json_object_get(a, "bans"), *first;
	const char *ip = json_text(a, "ip");

	if (json_is_object(allowed)) {
		line_of(e, "%s is never banned: it is in %s, %s", ip, json_text(allowed, "prefix"),
			json_text(allowed, "what"));
		if (json_array_size(bans))
			line_of(e, "    (a ban around it spares it)");
	} else if (json_is_true(json_object_get(a, "banned"))) {
		line_of(e, "%s is banned, as a part of %s; `hextet guard unban %s` ends it", ip,
			json_text(a, "banned_by"), json_text(a, "banned_by"));
	} else {
		line_of(e, "%s is not banned", ip);
	}
	first = json_array_get(bans, 0);
	if (first && json_object_get(first, "evidence")) {
		const json_t *v = json_object_get(first, "evidence");

		if (*json_text(v, "first_line"))
			line_of(e, "    first line: %s", json_text(v, "first_line"));
		if (*json_text(v, "last_line"))
			line_of(e, "    last line:  %s", json_text(v, "last_line"));
	}
}

/* "login /64 2001:db8::/64: 12 of 20 in 1m, 8 more ban it" */
static void print_level(struct emit *e, const json_t *x) {
	const char *prefix = json_text(x, "prefix");
	char span[GUARD_SPAN_TEXT_MAX], more[200] = "";
	size_t n = 0;

	if (json_object_get(x, "children"))
		n += (size_t)snprintf(more, sizeof(more), ", from %lld of %lld networks",
				      (long long)json_number(x, "children"),
				      (long long)json_number(x, "children_needed"));
	if (json_object_get(x, "ratio"))
		n += (size_t)snprintf(more + n, sizeof(more) - n, ", %.0f of %.0f %% of all its requests",
				      100 * json_number_value(json_object_get(x, "ratio")),
				      100 * json_number_value(json_object_get(x, "ratio_needed")));
	if (json_object_get(x, "perhaps_more"))
		(void)snprintf(more + n, sizeof(more) - n, " (memory was short: perhaps %lld more)",
			       (long long)json_number(x, "perhaps_more"));
	line_of(e, "    %s %s: %lld of %lld within %s%s", json_text(x, "rule"), prefix,
		(long long)json_number(x, "count"), (long long)json_number(x, "needed"),
		guard_span_text(json_number(x, "window"), span), more);
	if (json_is_true(json_object_get(x, "banned")))
		line_of(e, "        banned by this rule");
	else if (json_number(x, "count") > 0 && json_number(x, "missing") == 0)
		line_of(e, "        enough requests, but not all that it takes");
	else if (json_number(x, "count") > 0)
		line_of(e, "        %lld more before %s %s it", (long long)json_number(x, "missing"),
			json_text(x, "fades"), json_object_get(x, "children") ? "may ban" : "ban");
}

static void print(struct emit *e, const json_t *a) {
	const json_t *item, *history = json_object_get(a, "history");
	size_t i;

	print_verdict(e, a);
	line_of(e, "counted, at %s by the logs:", json_text(a, "log_time"));
	JSON_EACH (json_object_get(a, "levels"), i, item)
		print_level(e, item);
	if (json_array_size(history) == 0)
		return;
	line_of(e, "bans around it, the newest first:");
	JSON_EACH (history, i, item)
		guard_emit_ban_line(e, "    ", item);
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
		code = guard_ask(&opt.ask, json_pack("{s:s,s:s}", "do", "explain", "ip", opt.ip), false, &answer);
	if (!code && job.emit.format == EMIT_TEXT)
		print(&job.emit, answer);
	else if (!code)
		guard_emit(&job.emit, NULL, answer);
	return job_finish(&job, code);
}

const struct command command_guard_explain = {
	.name = "explain",
	.summary = "Say why an address is banned or not, and what it would take",
	.argp = &argp,
	.run = run,
};
