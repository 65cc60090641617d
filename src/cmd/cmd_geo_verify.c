/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "cmd/job.h"
#include "geo/mmdb_verify.h"

struct options {
	struct output_options output;
	char **args;
	int n;
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case ARGP_KEY_ARGS:
		o->args = state->argv + state->next;
		o->n = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "name a file");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.parser = parse,
	.args_doc = "FILE...",
	.doc = "Holds MaxMind DB files against every rule of the format.",
	.children = children,
};

struct verifying {
	struct job *job;
	const char *path;
	unsigned warnings;
};

static int report(const struct mmdb_fault *fault, bool is_error, void *user) {
	struct verifying *v = user;
	struct emit *e = &v->job->emit;
	const char *severity = is_error ? "error" : "warning";

	v->warnings += !is_error;
	if (e->format == EMIT_TEXT) {
		(void)fprintf(e->out, "%s: offset %" PRIu64 " (0x%" PRIx64 "): %s: %s\n", v->path, fault->offset,
			      fault->offset, severity, fault->what);
		return 0;
	}
	emit_object(e, NULL);
	emit_uint(e, "offset", fault->offset);
	emit_text(e, "severity", severity);
	emit_text(e, "message", fault->what);
	emit_end(e);
	return 0;
}

static void print_counts(const struct verifying *v, int errors, const struct mmdb_counts *n) {
	struct emit *e = &v->job->emit;

	if (e->format == EMIT_TEXT) {
		(void)fprintf(e->out,
			      "%s: %" PRIu64 " networks, %" PRIu64 " nodes, %" PRIu64
			      " values: %d error%s, %u warning%s\n",
			      v->path, n->networks, n->nodes, n->values, errors, errors == 1 ? "" : "s", v->warnings,
			      v->warnings == 1 ? "" : "s");
		return;
	}
	emit_uint(e, "networks", n->networks);
	emit_uint(e, "nodes", n->nodes);
	emit_uint(e, "values", n->values);
	emit_uint(e, "errors", (uint64_t)errors);
	emit_uint(e, "warnings", v->warnings);
}

static int verify(struct job *job, const char *path) {
	struct verifying v = { job, path, 0 };
	struct mmdb_counts counts = { 0 };
	struct arena_mark mark = arena_mark(&job->arena);
	char *bytes;
	size_t len;
	int errors, r = file_read(&job->arena, path, MMDB_FILE_MAX, &bytes, &len);

	if (r < 0)
		return cannot("cannot read %s: %s%s", path, strerror(-r), r == -EFBIG ? "; " MMDB_FILE_MAX_HINT : "");
	if (job->output.format != EMIT_TEXT) {
		emit_object(&job->emit, NULL);
		emit_text(&job->emit, "file", path);
		emit_list(&job->emit, "findings");
	}
	errors = mmdb_verify(bytes, len, report, &v, &counts);
	if (job->output.format != EMIT_TEXT)
		emit_end(&job->emit);
	if (errors >= 0)
		print_counts(&v, errors, &counts);
	if (job->output.format != EMIT_TEXT)
		emit_end(&job->emit);
	arena_release(&job->arena, mark);
	if (errors < 0)
		return cannot("cannot verify %s: %s", path, strerror(-errors));
	return errors ? EXIT_NO : EXIT_DONE;
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;
	bool list;
	int code = EXIT_DONE;

	command_parse(&argp, argc, argv, &opt);
	job_init(&job, &opt.output);
	list = opt.output.format == EMIT_JSON && opt.n > 1;
	if (list)
		emit_list(&job.emit, NULL);
	for (int i = 0; i < opt.n; i++) {
		int answer = verify(&job, opt.args[i]);

		code = MAX(code, answer);
	}
	if (list)
		emit_end(&job.emit);
	return job_finish(&job, code);
}

const struct command command_geo_verify = {
	.name = "verify",
	.summary = "Hold files against every rule of the format",
	.argp = &argp,
	.run = run,
};
