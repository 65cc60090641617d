/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cmd/geo.h"
#include "geo/build.h"

enum {
	KEY_LAYOUT = 0x200,
	KEY_STREAM,
	KEY_EPOCH,
	KEY_TYPE,
	KEY_BITS,
	KEY_STATS,
	KEY_EMPTY,
	KEY_FORCE,
	KEY_NO_VERIFY,
	KEY_TEMP
};

struct options {
	struct geo_options geo;
	struct output_options output;
	struct geo_build build;
	bool epoch_given, stats;
};

static const struct argp_option option_rows[] = {
	{ "file", 'o', "FILE", 0, "Write it here; by default where the estate's file is served from", 0 },
	{ "layout", KEY_LAYOUT, "NAME", 0, "shared: equal subtrees once; reference: as other writers do", 0 },
	{ "stream", KEY_STREAM, NULL, 0, "For rows that do not fit in memory: sort them on disk; without --base", 0 },
	{ "temp-folder", KEY_TEMP, "FOLDER", 0, "For --stream: sort here; default: the folder of the output", 0 },
	{ "build-epoch", KEY_EPOCH, "SECONDS", 0, "The file's date; default: SOURCE_DATE_EPOCH, else now", 0 },
	{ "type", KEY_TYPE, "NAME", 0, "The database type; default: the base's, else hextet-Country", 0 },
	{ "record-bits", KEY_BITS, "BITS", 0, "24, 28 or 32; default: the smallest that does", 0 },
	{ "stats", KEY_STATS, NULL, 0, "Print numbers about the build as JSON", 0 },
	{ "allow-empty", KEY_EMPTY, NULL, 0, "Build from a table without rows too", 0 },
	{ "force", KEY_FORCE, NULL, 0, "Build even if more than half of the rows are gone", 0 },
	{ "no-verify", KEY_NO_VERIFY, NULL, 0, "Do not read the new file back before it is put in place", 0 },
	{ 0 },
};

static uint64_t parse_number(const char *text, const char *name, uint64_t max, struct argp_state *state) {
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n > max)
		argp_error(state, "%s is a number up to %llu, not '%s'", name, (unsigned long long)max, text);
	return n;
}

/* libmaxminddb takes 0 for a date that is missing, and does not open the file. */
static uint64_t parse_epoch(const char *text, const char *name, struct argp_state *state) {
	uint64_t n = parse_number(text, name, INT64_MAX, state);

	if (n == 0)
		argp_error(state, "%s is 1 or more: libmaxminddb opens no file of 0", name);
	return n;
}

static enum mmdb_layout parse_layout(const char *text, struct argp_state *state) {
	if (strcmp(text, "reference") == 0)
		return MMDB_LAYOUT_REFERENCE;
	if (strcmp(text, "shared") != 0)
		argp_error(state, "--layout is shared or reference, not '%s'", text);
	return MMDB_LAYOUT_SHARED;
}

static void check_options(struct options *o, struct argp_state *state) {
	const char *source_date = getenv("SOURCE_DATE_EPOCH");
	struct geo_build *b = &o->build;

	if (b->stream && o->geo.base)
		argp_error(state, "--stream has no base");
	if (b->stream && b->layout == MMDB_LAYOUT_REFERENCE)
		argp_error(state, "--stream has a layout of its own");
	if (b->record_bits && b->record_bits != 24 && b->record_bits != 28 && b->record_bits != 32)
		argp_error(state, "--record-bits is 24, 28 or 32");
	if (!o->epoch_given && source_date) {
		b->epoch = parse_epoch(source_date, "SOURCE_DATE_EPOCH", state);
		o->epoch_given = true;
	}
	b->epoch_is_now = !o->epoch_given;
	if (b->epoch_is_now)
		b->epoch = (uint64_t)time(NULL);
}

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;
	struct geo_build *b = &o->build;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->geo;
		state->child_inputs[1] = &o->output;
		return 0;
	case 'o':
		b->output = arg;
		return 0;
	case KEY_LAYOUT:
		b->layout = parse_layout(arg, state);
		return 0;
	case KEY_STREAM:
		b->stream = true;
		return 0;
	case KEY_TEMP:
		b->temp_folder = arg;
		return 0;
	case KEY_EPOCH:
		b->epoch = parse_epoch(arg, "--build-epoch", state);
		o->epoch_given = true;
		return 0;
	case KEY_TYPE:
		b->database_type = arg;
		return 0;
	case KEY_BITS:
		b->record_bits = (unsigned)parse_number(arg, "--record-bits", 32, state);
		return 0;
	case KEY_STATS:
		o->stats = true;
		return 0;
	case KEY_EMPTY:
		b->allow_empty = true;
		return 0;
	case KEY_FORCE:
		b->force = true;
		return 0;
	case KEY_NO_VERIFY:
		b->no_verify = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->geo.estate)
			argp_error(state, "one estate at a time: '%s' is too much", arg);
		o->geo.estate = arg;
		return 0;
	case ARGP_KEY_END:
		check_options(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &geo_source_argp, 0, NULL, 0 }, { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "[ESTATE]",
	.doc = "Builds a MaxMind DB file from rows, over a base, and puts it in place when two readers have found it "
	       "good.",
	.children = children,
};

static void print_stats(struct emit *e, const struct geo_build_stats *s) {
	emit_object(e, NULL);
	emit_uint(e, "networks", s->networks);
	emit_uint(e, "nodes", s->nodes);
	emit_uint(e, "record_size", s->record_bits);
	emit_uint(e, "bytes", s->bytes);
	emit_real(e, "seconds", s->seconds);
	emit_uint(e, "peak_bytes", s->peak_bytes);
	emit_end(e);
}

static void print_summary(const struct options *o, const struct geo_build_stats *s) {
	(void)fprintf(stderr, "%s: %llu row%s, %llu bytes%s\n", o->build.output, (unsigned long long)s->rows,
		      s->rows == 1 ? "" : "s", (unsigned long long)s->bytes, s->unchanged ? ": unchanged" : "");
}

static int build(struct job *job, struct options *o) {
	struct geo_build_stats stats;
	struct geo_setup setup;
	int r = geo_setup(job, &o->geo, &setup);

	if (r)
		return r;
	o->build.from = setup.from;
	o->build.from_count = setup.from_count;
	o->build.base = setup.base;
	o->build.count_networks = o->stats;
	if (!o->build.output)
		o->build.output = setup.output;
	if (!o->build.output)
		return usage_error("say with -o where to write the file");
	if (o->build.stream && o->build.base)
		return usage_error("--stream has no base, but the estate names one");
	r = geo_build(&o->build, &job->diags, &stats);
	if (r < 0)
		return geo_failed(job, r, "build the file");
	print_summary(o, &stats);
	if (o->stats)
		print_stats(&job->emit, &stats);
	return EXIT_DONE;
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;

	command_parse(&argp, argc, argv, &opt);
	/* What --stats prints is JSON, unless something else is asked for. */
	if (opt.output.format == EMIT_TEXT)
		opt.output.format = EMIT_JSON_LINES;
	job_init(&job, &opt.output);
	return job_finish(&job, build(&job, &opt));
}

const struct command command_geo_build = {
	.name = "build",
	.summary = "Build a file from rows, over a base",
	.argp = &argp,
	.run = run,
};
