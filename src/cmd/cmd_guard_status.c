/* SPDX-License-Identifier: Apache-2.0 */
/* In text, what does not work comes first. */
#include "cmd/guard_ask.h"

#include <inttypes.h>
#include <string.h>

struct options {
	struct output_options output;
	struct guard_ask ask;
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = &o->ask;
	state->child_inputs[1] = &o->output;
	return 0;
}

static const struct argp_child children[] = { { &guard_ask_argp, 0, NULL, 0 }, { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.parser = parse,
	.doc = "Says what the running guard does: its logs, bans, sinks and database. Exit status 1 when something "
	       "does "
	       "not work.",
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

static bool works(const json_t *o) {
	return json_is_true(json_object_get(o, "working"));
}

static void print_broken(struct emit *e, const json_t *a) {
	const json_t *item, *store = json_object_get(a, "store");
	size_t i;

	JSON_EACH (json_object_get(a, "logs"), i, item)
		if (!works(item))
			line_of(e, "    NOT WORKING: log %s: %s", json_text(item, "log"), json_text(item, "why"));
	JSON_EACH (json_object_get(a, "sinks"), i, item)
		if (!works(item))
			line_of(e, "    NOT WORKING: sink %s: %s", json_text(item, "sink"), json_text(item, "why"));
	if (!works(store))
		line_of(e, "    NOT WORKING: database: %s", json_text(store, "why"));
	if (!json_is_true(json_object_get(store, "snapshot_working")))
		line_of(e, "    NOT WORKING: snapshots beside %s; the guard's log says why", json_text(store, "path"));
}

static void print_bans(struct emit *e, const json_t *a) {
	char text[512] = "";
	const char *family, *len;
	json_t *lengths, *n;
	size_t at = 0;

	JSON_EACH_KEY (json_object_get(a, "bans"), family, lengths)
		JSON_EACH_KEY (lengths, len, n)
			at += (size_t)snprintf(text + MIN(at, sizeof(text) - 1),
					       sizeof(text) - MIN(at, sizeof(text) - 1), "%s%s /%s %lld",
					       at ? ", " : ": ", strcmp(family, "ipv4") == 0 ? "IPv4" : "IPv6", len,
					       (long long)json_integer_value(n));
	line_of(e, "bans in force: %lld%s", (long long)json_number(a, "active"), text);
	JSON_EACH_KEY (json_object_get(a, "made"), len, n)
		line_of(e, "    made by %s since the start: %lld", len, (long long)json_integer_value(n));
	if (json_number(a, "over_on_arrival"))
		line_of(e, "    over before they were made (old lines): %lld",
			(long long)json_number(a, "over_on_arrival"));
}

static void print_logs(struct emit *e, const json_t *a) {
	const json_t *log, *s;
	const char *reason;
	json_t *n;
	size_t i, k;

	line_of(e, "logs:");
	JSON_EACH (json_object_get(a, "logs"), i, log) {
		line_of(e, "    %s: %lld lines, newest %s, %lld bytes wait, at %s", json_text(log, "log"),
			(long long)json_number(log, "lines"),
			*json_text(log, "newest") ? json_text(log, "newest") : "none",
			(long long)json_number(log, "behind"),
			*json_text(log, "position") ? json_text(log, "position") : "no position");
		JSON_EACH_KEY (json_object_get(log, "unparsed"), reason, n)
			line_of(e, "        %lld not understood: %s", (long long)json_integer_value(n), reason);
		JSON_EACH (json_object_get(log, "samples"), k, s)
			line_of(e, "            line %lld: %s", (long long)json_number(s, "line"),
				json_text(s, "text"));
	}
}

static void print_sinks(struct emit *e, const json_t *a) {
	const json_t *sink, *d;
	size_t i;

	line_of(e, "sinks:");
	JSON_EACH (json_object_get(a, "sinks"), i, sink) {
		line_of(e, "    %s: %s, %lld changes", json_text(sink, "sink"), works(sink) ? "works" : "DOES NOT WORK",
			(long long)json_number(sink, "applied"));
		if (*json_text(sink, "refused"))
			line_of(e, "        %s", json_text(sink, "refused"));
		d = json_object_get(sink, "drift");
		if (d)
			line_of(e,
				"        last difference, mended at %s: %s%s%lld missing, %lld foreign, %lld with "
				"another time%s%s%s",
				json_text(d, "at"), json_text(d, "structure"), *json_text(d, "structure") ? "; " : "",
				(long long)json_number(d, "missing"), (long long)json_number(d, "foreign"),
				(long long)json_number(d, "wrong_time"), *json_text(d, "example") ? " (" : "",
				json_text(d, "example"), *json_text(d, "example") ? ")" : "");
	}
}

static void print(struct emit *e, const json_t *a) {
	const json_t *store = json_object_get(a, "store"), *c = json_object_get(a, "counters");
	char span[GUARD_SPAN_TEXT_MAX];

	line_of(e, "guard: %s, process %lld, up %s", works(a) ? "all works" : "NOT ALL WORKS",
		(long long)json_number(a, "process"), guard_span_text(json_number(a, "uptime"), span));
	print_broken(e, a);
	print_bans(e, a);
	print_logs(e, a);
	print_sinks(e, a);
	line_of(e, "database: %s: %s, %lld bans wait, snapshot %s", json_text(store, "path"),
		works(store) ? "works" : "DOES NOT WORK", (long long)json_number(store, "pending"),
		*json_text(store, "snapshot") ? json_text(store, "snapshot") : "none yet");
	line_of(e, "counters: %.1f of %.1f MiB, %lld of %lld requests match a rule, %lld came too late",
		(double)json_number(c, "memory") / 1048576, (double)json_number(c, "memory_max") / 1048576,
		(long long)json_number(c, "matched"), (long long)json_number(c, "requests"),
		(long long)json_number(c, "late"));
	if (json_number(c, "takeovers"))
		line_of(e, "    %lld networks lost their place to others: raise `memory`",
			(long long)json_number(c, "takeovers"));
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	_cleanup_(jsonp_done) json_t *answer = NULL;
	struct job job;
	int code;

	command_parse(&argp, argc, argv, &opt);
	job_init(&job, &opt.output);
	code = guard_ask_find(&job, &opt.ask);
	if (!code) {
		code = guard_ask(&opt.ask, json_pack("{s:s}", "do", "status"), true, &answer);
		if (code < 0) {
			(void)fprintf(stderr, "hextet: no guard runs: nobody listens on %s\n", opt.ask.control);
			return job_finish(&job, EXIT_NO);
		}
	}
	if (!code && job.emit.format == EMIT_TEXT)
		print(&job.emit, answer);
	else if (!code)
		guard_emit(&job.emit, NULL, answer);
	if (!code && !works(answer))
		code = EXIT_NO;
	return job_finish(&job, code);
}

const struct command command_guard_status = {
	.name = "status",
	.summary = "Say what the running guard does, and what does not work",
	.argp = &argp,
	.run = run,
};
