/* SPDX-License-Identifier: Apache-2.0 */
/* Logs from files through the same pipeline and engine as the daemon's; the bans are printed as they come. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cmd/guard.h"
#include "cmd/guard_report.h"
#include "logs/source.h"

enum { KEY_FORMAT = 0x200, KEY_EXPLAIN, KEY_STATS };

struct options {
	struct output_options output;
	struct guard_options guard;
	const char *format;
	bool explain, stats;
	char **args;
	int n;
};

static const struct argp_option option_rows[] = {
	{ "format", KEY_FORMAT, "FORMAT", 0,
	  "What the logs' lines look like: a format's name or the server's own directive; by default as the estate "
	  "says",
	  0 },
	{ "explain", KEY_EXPLAIN, NULL, 0, "With each ban what was counted at every level, and the first and last line",
	  0 },
	{ "stats", KEY_STATS, NULL, 0, "Print numbers as key=value on standard error at the end", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->guard;
		state->child_inputs[1] = &o->output;
		return 0;
	case KEY_FORMAT:
		o->format = arg;
		return 0;
	case KEY_EXPLAIN:
		o->explain = true;
		return 0;
	case KEY_STATS:
		o->stats = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->args = state->argv + state->next;
		o->n = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which log? Name a file, or '-' for standard input");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &guard_estate_argp, 0, NULL, 0 }, { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "LOG...",
	.doc = "Reads logs from beginning to end, and prints who would have been banned, when and why.\v"
	       "LOG is plain or gzip, '-' standard input. Several are read in the order given, as one stream. Time is "
	       "the "
	       "logs'. Nothing is banned and nothing is remembered.",
	.children = children,
};

struct replay {
	struct job *job;
	const struct options *opt;
	struct guard_setup setup;
	struct engine *engine;
	struct pipeline *pipeline;
	unsigned log; /* that is being read */
	uint64_t lines, parsed, bans[2];
	int64_t first_ms, last_ms;
	int write_error; /* of the bans */
};

struct levels {
	const char *rule;
	struct explain level[LEVEL_MAX];
	size_t n;
};

static void take_level(const struct explain *x, void *user) {
	struct levels *l = user;

	if (x->rule->name == l->rule && l->n < LEVEL_MAX)
		l->level[l->n++] = *x;
}

static void report(const struct ban *b, void *user) {
	struct replay *r = user;
	struct levels levels = { .rule = b->rule };
	struct explain_head head;

	r->bans[prefix_family(b->network) == FAMILY_6]++;
	if (r->opt->explain)
		engine_explain(r->engine, b->evidence.client, b->at_ms, &head, take_level, &levels);
	guard_report_ban(&r->job->emit, b, r->opt->explain ? levels.level : NULL, levels.n);
}

/* Whether a path is that of a log, or of a rotated piece: access.log.1, access.log-20261123.gz. */
static bool is_piece_of(const char *path, const char *spec) {
	size_t n = strlen(spec);

	if (strncmp(spec, "file:", 5) != 0 || strncmp(path, spec + 5, n - 5) != 0)
		return false;
	path += n - 5;
	return !*path || *path == '.' || *path == '-';
}

/* The format of a log: as told, as the estate says of this file, or the only one that the estate knows. */
static const char *format_of(const struct replay *r, const char *path) {
	const struct guard_config *c = &r->setup.config;
	const char *only = c->log_count ? c->log[0].format : NULL;

	if (r->opt->format)
		return r->opt->format;
	for (size_t i = 0; i < c->log_count; i++) {
		if (is_piece_of(path, c->log[i].spec))
			return c->log[i].format;
		if (only && strcmp(only, c->log[i].format) != 0)
			only = NULL;
	}
	return only;
}

/* Times without a year are close to the log's last line, and that is when the file was last changed. */
static int64_t time_of(const char *path) {
	struct stat st;

	if (strcmp(path, "-") == 0 || stat(path, &st) < 0)
		return (int64_t)time(NULL) * 1000;
	return (int64_t)st.st_mtime * 1000;
}

static int make_parser(struct replay *r, const char *path, struct log_parser **ret_parser) {
	const char *format = format_of(r, path);
	struct log_options options = { .trusted = &r->setup.trusted, .now_ms = time_of(path) };
	_cleanup_(freep) char *why = NULL;
	int err;

	if (!format)
		return usage_error("what are the lines of %s? The estate names no format for it: write --format nginx, "
				   "haproxy, varnish, apache, json or sshd, or paste the server's directive",
				   path);
	err = log_parser_new(str_of(format), &options, ret_parser, &why);
	if (err == -ENOMEM)
		return cannot("not enough memory");
	if (err < 0)
		return usage_error("the format \"%s\" cannot be used: %s", format, why ? why : strerror(-err));
	return 0;
}

static int feed(const struct log_batch *batch, void *user) {
	struct replay *r = user;

	pipeline_feed(r->pipeline, r->log, batch);
	return ferror(stdout) ? -EPIPE : 0;
}

static void add_up(struct replay *r, const struct pipeline_log *l) {
	/* Bans come before what is said of them. */
	if (fflush(stdout) != 0 && !r->write_error)
		r->write_error = errno;
	guard_report_unparsed(l);
	r->lines += l->lines;
	r->parsed += l->parsed;
	if (l->last_ms == LOG_TIME_NONE)
		return;
	r->first_ms = r->first_ms == LOG_TIME_NONE ? l->first_ms : MIN(r->first_ms, l->first_ms);
	r->last_ms = MAX(r->last_ms, l->last_ms);
}

static int read_log(struct replay *r, const char *path) {
	struct log_parser *parser = NULL;
	_cleanup_(freep) char *why = NULL;
	int err, code = make_parser(r, path, &parser);

	if (code)
		return code;
	err = pipeline_add_log(r->pipeline, strcmp(path, "-") == 0 ? "standard input" : path, parser, 0, &r->log);
	if (err == 0)
		err = log_file_each_batch(path, feed, r, &why);
	if (err != -ENOMEM)
		add_up(r, pipeline_log(r->pipeline, r->log));
	log_parser_free(parser);
	if (r->write_error) {
		clearerr(stdout); /* said once */
		return cannot("cannot write the result: %s", strerror(r->write_error));
	}
	if (err < 0)
		return cannot("cannot read %s: %s", path, why ? why : strerror(-err));
	return 0;
}

/* Before anything is read: every log has a format. */
static int check_formats(struct replay *r) {
	int code = 0;

	for (int i = 0; i < r->opt->n && !code; i++) {
		struct log_parser *parser = NULL;

		code = make_parser(r, r->opt->args[i], &parser);
		log_parser_free(parser);
	}
	return code;
}

static void sum_up(const struct replay *r, double seconds) {
	struct engine_stats s = engine_stats(r->engine);
	char first[GUARD_TIME_MAX], last[GUARD_TIME_MAX];

	if (r->opt->stats)
		(void)fprintf(stderr,
			      "lines=%" PRIu64 " parsed=%" PRIu64 " matched=%" PRIu64 " allowed=%" PRIu64
			      " late=%" PRIu64 " steps=%" PRIu64 " bans=%" PRIu64 " memory=%zu seconds=%.3f\n",
			      r->lines, r->parsed, s.matched, s.allowed, s.late, s.steps, s.bans, s.memory, seconds);
	if (s.steps)
		(void)fprintf(stderr, "hextet: the log's clock stepped back %" PRIu64 " %s\n", s.steps,
			      s.steps == 1 ? "time" : "times");
	if (s.untimed)
		(void)fprintf(stderr, "hextet: %" PRIu64 " requests have no time and were not counted\n", s.untimed);
	if (s.takeovers)
		(void)fprintf(stderr, "hextet: %" PRIu64 " networks lost their place to others: raise \"memory\"\n",
			      s.takeovers);
	(void)fprintf(stderr, "hextet: %" PRIu64 " lines from %s to %s, %" PRIu64 " requests match a rule: ", r->lines,
		      guard_time(r->first_ms, first), guard_time(r->last_ms, last), s.matched);
	if (s.bans)
		(void)fprintf(stderr, "%" PRIu64 " %s (%" PRIu64 " IPv4, %" PRIu64 " IPv6)\n", s.bans,
			      s.bans == 1 ? "ban" : "bans", r->bans[0], r->bans[1]);
	else
		(void)fprintf(stderr, "nobody is banned\n");
}

static double now(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int make_engine(struct replay *r) {
	const struct engine_config *c = &r->setup.config.engine;
	int err = engine_new(c, &r->engine);

	if (err == -ENOSPC)
		return usage_error("guard: memory: %zu bytes are too few for the levels of these rules: write at least "
				   "%zuMiB",
				   c->memory, (engine_memory_min(c) >> 20) + 1);
	if (err == 0)
		err = pipeline_new(r->engine, report, r, &r->pipeline);
	return err < 0 ? cannot("cannot begin to count: %s", strerror(-err)) : 0;
}

static int replay(struct job *job, const struct options *opt) {
	struct replay r = { .job = job, .opt = opt, .first_ms = LOG_TIME_NONE, .last_ms = LOG_TIME_NONE };
	int code = guard_setup(job, &opt->guard, &r.setup);
	double start;

	if (!code)
		code = check_formats(&r);
	if (!code)
		code = make_engine(&r);
	start = now();
	for (int i = 0; i < opt->n && !code; i++)
		code = read_log(&r, opt->args[i]);
	if (!code)
		sum_up(&r, now() - start);
	pipeline_free(r.pipeline);
	engine_free(r.engine);
	guard_setup_done(&r.setup);
	return code;
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;

	command_parse(&argp, argc, argv, &opt);
	/* Bans are printed one by one: as JSON they are lines. */
	if (opt.output.format == EMIT_JSON)
		opt.output.format = EMIT_JSON_LINES;
	job_init(&job, &opt.output);
	return job_finish(&job, replay(&job, &opt));
}

const struct command command_guard_replay = {
	.name = "replay",
	.summary = "Say who would have been banned, from logs",
	.argp = &argp,
	.run = run,
};
