/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/geo.h"

#include <errno.h>

struct options {
	struct output_options output;
	struct geo_options geo;
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		o->geo.wanted = "a source (sqlite:FILE, postgres:CONNECTION)";
		return 0;
	case 'C':
		o->geo.estate = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->geo.from_count)
			argp_error(state, "one source at a time: '%s' is too much", arg);
		o->geo.from[o->geo.from_count++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_rows[] = {
	{ "estate", 'C', "ESTATE", 0, "Without SOURCE: the estate whose section geo names it; the current folder's",
	  0 },
	{ 0 },
};
static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "[SOURCE]",
	.doc = "Makes the table of exceptions in SOURCE (sqlite:FILE, postgres:CONNECTION), with constraints that keep "
	       "wrong rows out and, in PostgreSQL, a trigger that tells `hextet geo serve` of each change. What is "
	       "there "
	       "already stays as it is.",
	.children = children,
};

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct geo_setup setup;
	const struct geo_spec *spec;
	struct job job;
	int code, r;

	command_parse(&argp, argc, argv, &opt);
	job_init(&job, &opt.output);
	code = geo_setup(&job, &opt.geo, &setup);
	if (code)
		return job_finish(&job, code);
	spec = &setup.from[0];
	if (!spec->source->init)
		return job_finish(
			&job, usage_error("%s has no table; name a source of kind sqlite: or postgres:", spec->text));
	r = spec->source->init(spec, &job.diags);
	if (r < 0)
		return job_finish(&job, geo_failed(&job, r, "make the table"));
	emit_object(&job.emit, NULL);
	emit_text(&job.emit, "source", spec->text);
	emit_text(&job.emit, "table", spec->table);
	emit_end(&job.emit);
	return job_finish(&job, EXIT_DONE);
}

const struct command command_geo_init = {
	.name = "init",
	.summary = "Make the table of exceptions in a database",
	.argp = &argp,
	.run = run,
};
