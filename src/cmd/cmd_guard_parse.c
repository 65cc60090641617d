/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of logs as the guard reads them. Nothing is dropped silently: a line that cannot be read is a result too, and
 * is counted by its reason; of each reason the first few are shown with the place in the line where the parser stopped.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cmd/addr.h"
#include "cmd/guard_report.h"
#include "cmd/job.h"
#include "logs/format.h"
#include "logs/source.h"

enum {
	KEY_FORMAT = 0x200,
	KEY_TRUSTED,
	KEY_COUNT,
	KEY_LIST,
	SAMPLES = 3,           /* shown of each reason and file */
	SAMPLE_BYTES_MAX = 800 /* kept of a line: what diagnostics show, in UTF-8 */
};

struct options {
	struct output_options output;
	const char *format;
	VEC(const char *) trusted;
	bool count, list;
	char **args;
	int n;
};

static const struct argp_option option_rows[] = {
	{ "format", KEY_FORMAT, "FORMAT", 0,
	  "What the lines look like: a format's name, or the server's own directive. Must be given", 0 },
	{ "trusted", KEY_TRUSTED, "PREFIX", 0,
	  "A proxy, or a network of them, whose X-Forwarded-For is believed; may be given several times", 0 },
	{ "count", KEY_COUNT, NULL, 0, "Print totals only", 0 },
	{ "list", KEY_LIST, NULL, 0, "List the formats", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case KEY_FORMAT:
		o->format = arg;
		return 0;
	case KEY_TRUSTED:
		vec_push(&o->trusted, (const char *)arg);
		return 0;
	case KEY_COUNT:
		o->count = true;
		return 0;
	case KEY_LIST:
		o->list = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->args = state->argv + state->next;
		o->n = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (o->list)
			return 0;
		if (!o->format)
			argp_error(state, "what do the lines look like? Add --format nginx, or another of --list");
		if (!o->n)
			argp_error(state, "which log? Name a file, or '-' for standard input");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse_option,
	.args_doc = "FILE...",
	.doc = "Shows what the guard reads in the lines of a log.\v"
	       "FILE is plain or gzip, '-' standard input.",
	.children = children,
};

struct totals {
	uint64_t lines, reason[_LOG_REASON_MAX];
};

struct parsing {
	struct job *job;
	const struct options *opt;
	struct log_parser *parser;
	const char *path;
	struct totals file, all;
};

static void text_or_null(struct emit *e, const char *name, struct str text) {
	if (text.s)
		emit_str(e, name, text);
	else
		emit_null(e, name);
}

static void number_or_null(struct emit *e, const char *name, uint64_t n, bool known) {
	if (known)
		emit_uint(e, name, n);
	else
		emit_null(e, name);
}

static void begin_line(const struct parsing *p) {
	struct emit *e = &p->job->emit;

	emit_object(e, NULL);
	if (p->opt->n > 1)
		emit_text(e, "file", p->path);
	emit_uint(e, "line", p->file.lines);
}

static void print_object(const struct parsing *p, const struct log_record *r) {
	struct emit *e = &p->job->emit;
	char addr[IP_TEXT_MAX], time[GUARD_TIME_MAX];

	(void)ip_format(r->addr, addr);
	begin_line(p);
	emit_text(e, "addr", addr);
	emit_text(e, "time", r->time_ms == LOG_TIME_NONE ? NULL : guard_time(r->time_ms, time));
	text_or_null(e, "method", r->method);
	text_or_null(e, "path", r->path);
	number_or_null(e, "status", r->status, r->status != 0);
	number_or_null(e, "bytes", r->bytes, r->bytes != UINT64_MAX);
	text_or_null(e, "host", r->host);
	text_or_null(e, "agent", r->agent);
	emit_end(e);
}

static void print_word(FILE *out, struct str word) {
	(void)fputc(' ', out);
	if (word.s)
		(void)fwrite(word.s, 1, word.len, out);
	else
		(void)fputc('-', out);
}

/* "ADDR TIME STATUS METHOD HOST PATH" */
static void print_text(const struct parsing *p, const struct log_record *r) {
	char addr[IP_TEXT_MAX], time[GUARD_TIME_MAX];
	_cleanup_(freep) char *line = NULL;
	size_t len;
	FILE *out = open_memstream(&line, &len);

	if (!out)
		return;
	(void)ip_format(r->addr, addr);
	(void)fprintf(out, "%s %s ", addr, guard_time(r->time_ms, time));
	(void)(r->status ? fprintf(out, "%u", r->status) : fprintf(out, "-"));
	print_word(out, r->method);
	print_word(out, r->host);
	print_word(out, r->path);
	if (fclose(out) == 0)
		emit_str(&p->job->emit, NULL, (struct str){ line, len });
}

static void print_unparsed(const struct parsing *p, enum log_reason reason) {
	struct emit *e = &p->job->emit;

	if (e->format == EMIT_TEXT)
		return;
	begin_line(p);
	emit_bool(e, "unparsed", true);
	emit_text(e, "reason", log_reason_name(reason));
	emit_end(e);
}

/* A sample of what could not be parsed. */
static void show(const struct parsing *p, enum log_reason reason, struct str line, size_t at) {
	struct job *j = p->job;
	size_t kept = MIN(line.len, (size_t)SAMPLE_BYTES_MAX);
	uint32_t number = (uint32_t)MIN(p->file.lines, (uint64_t)UINT32_MAX);
	uint32_t file = sources_add_line(&j->sources, p->path, number, arena_dup(&j->arena, line.s, kept), kept);
	struct loc loc = { file, number, (uint32_t)utf8_count(line.s, MIN(at, line.len)) + 1, 1 };

	diag_add(&j->diags, SEVERITY_WARNING, log_reason_name(reason), loc, NULL, "%s", log_reason_text(reason));
}

static void take_line(struct parsing *p, struct str line) {
	struct log_record record;
	size_t at = 0;
	enum log_reason reason =
		line.len > LOG_LINE_MAX ? LOG_LINE_TOO_LONG : log_parse(p->parser, line.s, line.len, &record, &at);

	p->file.lines++;
	p->file.reason[reason]++;
	if (reason != LOG_OK && reason != LOG_OTHER && p->file.reason[reason] <= SAMPLES)
		show(p, reason, line, at);
	if (p->opt->count)
		return;
	if (reason != LOG_OK)
		print_unparsed(p, reason);
	else if (p->job->emit.format == EMIT_TEXT)
		print_text(p, &record);
	else
		print_object(p, &record);
}

static int take_batch(const struct log_batch *batch, void *user) {
	const char *s = batch->bytes, *end = s + batch->len;

	for (const char *next; s < end; s = next + 1) {
		next = memchr(s, '\n', (size_t)(end - s));
		next = next ? next : end;
		take_line(user, (struct str){ s, (size_t)(next - s) });
	}
	return 0;
}

/* Lines of another kind are no failure: of a log that programs share, most are. */
static uint64_t failures(const struct totals *t) {
	return t->lines - t->reason[LOG_OK] - t->reason[LOG_OTHER];
}

/* "FILE: warning: 12 of 1000 lines could not be parsed: 10 no-quote, 2 bad-time" */
static void conclude(struct parsing *p) {
	struct job *j = p->job;
	const char *reasons = "", *separator = ": ";
	struct loc loc = { .file = 0 };

	for (enum log_reason r = 0; r < _LOG_REASON_MAX; r++) {
		p->all.reason[r] += p->file.reason[r];
		if (r == LOG_OK || r == LOG_OTHER || !p->file.reason[r])
			continue;
		reasons = arena_printf(&j->arena, "%s%s%" PRIu64 " %s", reasons, separator, p->file.reason[r],
				       log_reason_name(r));
		separator = ", ";
	}
	p->all.lines += p->file.lines;
	if (!failures(&p->file))
		return;
	loc.file = sources_add(&j->sources, p->path, NULL, 0);
	diag_add(&j->diags, SEVERITY_WARNING, NULL, loc, NULL, "%" PRIu64 " of %" PRIu64 " lines could not be parsed%s",
		 failures(&p->file), p->file.lines, reasons);
}

/* False after a message, when the file could not be read to its end. */
static bool parse_file(struct parsing *p, const char *path) {
	_cleanup_(freep) char *why = NULL;
	int r;

	p->path = strcmp(path, "-") == 0 ? "<stdin>" : path;
	p->file = (struct totals){ 0 };
	r = log_file_each_batch(path, take_batch, p, &why);
	conclude(p);
	if (r < 0)
		(void)cannot("cannot read %s: %s", p->path, why ? why : strerror(-r));
	return r == 0;
}

static void print_totals(const struct parsing *p) {
	const struct totals *t = &p->all;
	struct emit *e = &p->job->emit;

	emit_object(e, NULL);
	emit_uint(e, "lines", t->lines);
	emit_uint(e, "parsed", t->reason[LOG_OK]);
	emit_object(e, "unparsed");
	for (enum log_reason r = LOG_OK + 1; r < _LOG_REASON_MAX; r++)
		if (t->reason[r])
			emit_uint(e, log_reason_name(r), t->reason[r]);
	emit_end(e);
	emit_end(e);
}

static int list_formats(struct job *job) {
	struct emit *e = &job->emit;

	emit_list(e, NULL);
	for (const struct log_format *const *f = log_format_list; *f; f++) {
		if (e->format == EMIT_TEXT) {
			emit_text(e, NULL, arena_printf(&job->arena, "%-8s %s", (*f)->name, (*f)->summary));
			continue;
		}
		emit_object(e, NULL);
		emit_text(e, "name", (*f)->name);
		emit_text(e, "summary", (*f)->summary);
		emit_text(e, "default", (*f)->fallback);
		emit_end(e);
	}
	emit_end(e);
	return EXIT_DONE;
}

static bool read_trusted(struct job *job, const struct options *opt, struct prefix_set *set) {
	for (size_t i = 0; i < opt->trusted.n; i++) {
		const char *text = opt->trusted.v[i];
		struct ip_fault fault = { IP_OK, 0 };
		struct prefix p;

		if (prefix_parse(text, strlen(text), &p, &fault) < 0) {
			uint32_t file = sources_add(&job->sources, "--trusted", text, strlen(text));

			diag_error(&job->diags, "bad-prefix", sources_loc(&job->sources, file, fault.at, 1),
				   ip_error_hint(fault.error), "\"%s\" is not a prefix", text);
			continue;
		}
		prefix_set_add(set, p);
	}
	prefix_set_normalise(set);
	return job->diags.count[SEVERITY_ERROR] == 0;
}

static int64_t wall_clock_ms(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int parse_all(struct job *job, const struct options *opt) {
	struct prefix_set trusted = PREFIX_SET_INIT;
	struct log_options o = { &trusted, wall_clock_ms() };
	struct parsing p = { .job = job, .opt = opt };
	_cleanup_(freep) char *why = NULL;
	int r, code = EXIT_DONE;

	if (!read_trusted(job, opt, &trusted)) {
		code = EXIT_USAGE;
	} else if ((r = log_parser_new(str_of(opt->format), &o, &p.parser, &why)) < 0) {
		code = r == -EINVAL ? usage_error("--format: %s", why ? why : strerror(-r))
				    : cannot("cannot make a parser: %s", strerror(-r));
	} else {
		for (int i = 0; i < opt->n; i++)
			if (!parse_file(&p, opt->args[i]))
				code = EXIT_CANNOT;
		if (opt->count)
			print_totals(&p);
		if (code == EXIT_DONE && failures(&p.all))
			code = EXIT_NO;
	}
	log_parser_free(p.parser);
	prefix_set_done(&trusted);
	return code;
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;
	int code;

	command_parse(&argp, argc, argv, &opt);
	/* Lines come one by one, without end in a pipe: as JSON they are lines. */
	if (opt.output.format == EMIT_JSON && !opt.count && !opt.list)
		opt.output.format = EMIT_JSON_LINES;
	job_init(&job, &opt.output);
	code = opt.list ? list_formats(&job) : parse_all(&job, &opt);
	vec_done(&opt.trusted);
	return job_finish(&job, code);
}

const struct command command_guard_parse = {
	.name = "parse",
	.summary = "Show what the guard reads in the lines of a log",
	.argp = &argp,
	.run = run,
};
