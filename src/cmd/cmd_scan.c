/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/job.h"
#include "cmd/scan_report.h"
#include "cmd/unit.h"
#include "probe/scan_syntax.h"
#include "probe/scan_walk.h"

enum {
	KEY_LANGUAGE = 0x200,
	KEY_RULE,
	KEY_SEVERITY,
	KEY_BASELINE,
	KEY_WRITE,
	KEY_SARIF,
	KEY_LIST,
	KEY_NO_IGNORE,
	KEY_MAX_SIZE
};
enum { BINARY_PROBE = 8192, BASELINE_MAX = 64 << 20, LINE_SHOWN_MAX = 400 };

/* A file of punctuation takes 28 times its size as tokens, and 8 more for the statements around them. */
static const uint64_t size_max = UINT64_C(256) << 20;

struct options {
	struct output_options output;
	struct scan_walk_options walk;
	const struct scan_syntax *language;
	VEC(const struct scan_rule *) rules;
	enum scan_severity severity;
	const char *baseline, *write, *sarif;
	bool list;
	uint64_t size;
	VEC(const char *) paths;
};

struct run {
	const struct options *o;
	struct job job;
	struct scan_baseline baseline;
	struct scan_report report;
	FILE *writing; /* the text of --write-baseline */
	char *text;    /* of the file that is read */
	size_t room;
	bool trouble;
};

static const struct argp_option option_rows[] = {
	{ "language", KEY_LANGUAGE, "NAME", 0, "Read every file as this language, whatever it is called", 0 },
	{ "rule", KEY_RULE, "ID", 0, "Look for this kind of place only; may be given again", 0 },
	{ "severity", KEY_SEVERITY, "LEAST", 0, "Leave out what is less: note, warning or error; default: note", 0 },
	{ "baseline", KEY_BASELINE, "FILE", 0, "Leave out the places that this file knows", 0 },
	{ "write-baseline", KEY_WRITE, "FILE", 0, "Write all places that are found to this file", 0 },
	{ "sarif", KEY_SARIF, "FILE", 0, "Write a SARIF 2.1.0 report too", 0 },
	{ "list", KEY_LIST, NULL, 0, "Print what is looked for, and why", 0 },
	{ "no-ignore", KEY_NO_IGNORE, NULL, 0, "Read what .gitignore excludes as well", 0 },
	{ "max-size", KEY_MAX_SIZE, "SIZE", 0, "Leave out larger files; default: 64M", 0 },
	{ 0 },
};

static enum scan_severity severity_of(const char *text, struct argp_state *state) {
	for (enum scan_severity s = SCAN_NOTE; s <= SCAN_ERROR; s++)
		if (strcmp(text, scan_severity_to_str(s)) == 0)
			return s;
	argp_error(state, "--severity is note, warning or error, not '%s'", text);
	return SCAN_NOTE;
}

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case KEY_LANGUAGE:
		o->language = scan_syntax_by_name(arg);
		if (!o->language)
			argp_error(state, "--language: there is no '%s'; 'hextet scan --list --output json' names them",
				   arg);
		return 0;
	case KEY_RULE:
		if (!scan_rule_by_id(arg))
			argp_error(state, "--rule: there is no '%s'; try 'hextet scan --list'", arg);
		vec_push(&o->rules, scan_rule_by_id(arg));
		return 0;
	case KEY_SEVERITY:
		o->severity = severity_of(arg, state);
		return 0;
	case KEY_BASELINE:
		o->baseline = arg;
		return 0;
	case KEY_WRITE:
		o->write = arg;
		return 0;
	case KEY_SARIF:
		o->sarif = arg;
		return 0;
	case KEY_LIST:
		o->list = true;
		return 0;
	case KEY_NO_IGNORE:
		o->walk.no_ignore = true;
		return 0;
	case KEY_MAX_SIZE:
		o->size = unit_bytes(arg, "--max-size", state);
		if (o->size > size_max)
			argp_error(state, "--max-size is at most 256M, not '%s'", arg);
		return 0;
	case ARGP_KEY_ARG:
		vec_push(&o->paths, arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool is_wanted(const struct options *o, const struct scan_rule *rule) {
	if (rule->severity < o->severity)
		return false;
	for (size_t i = 0; i < o->rules.n; i++)
		if (o->rules.v[i] == rule)
			return true;
	return o->rules.n == 0;
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "[DIR|FILE...]",
	.doc = "Searches source code for places that know only IPv4. Exit status 1: some were found.",
	.children = children,
};

static void add_hit(struct run *r, const char *path, const char *text, struct str line, uint32_t number,
		    const struct scan_hit *hit) {
	struct scan_found f = { .path = path, .line = number, .rule = hit->rule };
	const size_t before = (size_t)(text + hit->offset - line.s), inside = MIN(hit->len, line.len - before);

	f.col = (uint32_t)utf8_count(line.s, before) + 1;
	f.points = (uint32_t)MAX(utf8_count(line.s + before, inside), (size_t)1);
	scan_baseline_hash(&r->baseline, hit->rule->id, path, line, f.hash);
	if (r->writing)
		(void)fprintf(r->writing, "%s %s %s\n", f.hash, hit->rule->id, path);
	if (scan_baseline_knows(&r->baseline, f.hash)) {
		r->report.known++;
		return;
	}
	f.text = (struct str){ arena_dup(&r->job.arena, line.s, MIN(line.len, before + LINE_SHOWN_MAX)),
			       MIN(line.len, before + LINE_SHOWN_MAX) };
	vec_push(&r->report.list, f);
}

static void add_hits(struct run *r, const char *path, const char *text, size_t len, const struct scan_hits *hits) {
	const char *kept = NULL;
	struct str line = { text, 0 };
	uint32_t number = 0;
	size_t next = 0;

	for (size_t i = 0; i < hits->list.n; i++) {
		const struct scan_hit *hit = &hits->list.v[i];

		if (!is_wanted(r->o, hit->rule))
			continue;
		while (!number || hit->offset >= next) {
			const char *end = memchr(text + next, '\n', len - next);

			line = (struct str){ text + next, (size_t)((end ? end : text + len) - (text + next)) };
			next = (size_t)((end ? end + 1 : text + len + 1) - text);
			number++;
		}
		if (!kept)
			kept = arena_dup(&r->job.arena, path, strlen(path));
		add_hit(r, kept, text, line, number, hit);
	}
}

static void scan_bytes(struct run *r, const char *path, const char *text, size_t len) {
	const char *slash = strrchr(path, '/');
	const struct scan_syntax *syntax = r->o->language;
	struct scan_hits hits;

	if (!syntax)
		syntax = scan_syntax_of_file(slash ? slash + 1 : path, text, MIN(len, (size_t)65536));
	if (!syntax) {
		r->report.other++;
		return;
	}
	if (memchr(text, '\0', MIN(len, (size_t)BINARY_PROBE))) {
		r->report.binary++;
		return;
	}
	scan_text(syntax->language, text, len, &hits);
	add_hits(r, path, text, len, &hits);
	r->report.files++;
	r->report.ignored += hits.ignored;
	vec_done(&hits.list);
}

static void trouble(const char *path, int error, void *user) {
	struct run *r = user;

	(void)cannot("%s: %s", path, strerror(-error));
	r->trouble = true;
}

/* Reads into the run's buffer, which grows: a file that is cut short meanwhile is no reason to die, as with mmap(). */
static int read_whole(struct run *r, int fd, size_t size, size_t *ret_len) {
	size_t len = 0;

	if (size + 1 > r->room) {
		char *more = realloc(r->text, size + 1);

		if (!more)
			return -ENOMEM;
		r->text = more;
		r->room = size + 1;
	}
	while (len < size) {
		ssize_t n = read(fd, r->text + len, size - len);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

static int scan_file(const char *path, void *user) {
	struct run *r = user;
	_cleanup_(fdp_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st = { 0 };
	size_t len = 0;
	int e = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

	if (e == 0 && !S_ISREG(st.st_mode))
		return 0;
	if (e == 0 && (uint64_t)st.st_size > r->o->size) {
		(void)fprintf(stderr, "hextet: %s: left out, it is larger than --max-size (%" PRIu64 " bytes)\n", path,
			      (uint64_t)st.st_size);
		r->report.large++;
		return 0;
	}
	e = e == 0 ? read_whole(r, fd, (size_t)st.st_size, &len) : e;
	if (e < 0)
		trouble(path, e, r);
	else if (len)
		scan_bytes(r, path, r->text, len);
	return 0;
}

static int read_baseline(struct run *r) {
	char *text;
	size_t len;
	uint32_t line = 0;
	int e = r->o->baseline ? file_read(&r->job.arena, r->o->baseline, BASELINE_MAX, &text, &len) : 0;

	if (e < 0)
		return cannot("cannot read --baseline %s: %s", r->o->baseline, strerror(-e));
	if (r->o->baseline && scan_baseline_read(&r->baseline, text, len, &line) < 0)
		return usage_error("%s:%u: not a line of a baseline (HASH ID FILE); write it with --write-baseline",
				   r->o->baseline, line);
	return 0;
}

static int write_text(const char *path, const char *text, size_t len) {
	int e = file_write_atomic(path, text, len, 0644);

	return e < 0 ? cannot("cannot write %s: %s", path, strerror(-e)) : 0;
}

static int write_sarif(const struct run *r) {
	_cleanup_(freep) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return cannot("out of memory");
	scan_report_sarif(&r->report, out);
	return fclose(out) == 0 ? write_text(r->o->sarif, text, len) : cannot("out of memory");
}

static void print_sum(const struct scan_report *s) {
	(void)fprintf(stderr, "hextet: %zu place%s in %lu file%s", s->list.n, s->list.n == 1 ? "" : "s", s->files,
		      s->files == 1 ? "" : "s");
	if (s->known)
		(void)fprintf(stderr, "; %lu more are in the baseline", s->known);
	if (s->ignored)
		(void)fprintf(stderr, "; %lu more are ignored by comments", s->ignored);
	if (s->binary + s->large)
		(void)fprintf(stderr, "; left out: %lu binary, %lu large", s->binary, s->large);
	(void)fprintf(stderr, "; %lu other file%s in no language that is searched\n", s->other,
		      s->other == 1 ? " is" : "s are");
}

static int report(struct run *r) {
	const struct scan_report *s = &r->report;

	if (r->o->output.format == EMIT_TEXT) {
		scan_report_diags(s, &r->job.sources, &r->job.diags);
		diags_print(&r->job.diags, stdout, output_colour(&r->o->output, stdout));
		diags_done(&r->job.diags);
		diags_init(&r->job.diags, &r->job.arena, &r->job.sources);
	} else
		scan_report_emit(s, &r->job.emit);
	print_sum(s);
	if (r->o->sarif && write_sarif(r) != 0)
		return EXIT_CANNOT;
	if (r->trouble)
		return EXIT_CANNOT;
	return s->list.n && !r->o->write ? EXIT_NO : EXIT_DONE;
}

static int scan_all(struct run *r) {
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;
	int e = read_baseline(r);

	if (e != 0)
		return e;
	if (r->o->write && !(r->writing = open_memstream(&text, &len)))
		return cannot("out of memory");
	for (size_t i = 0; i < r->o->paths.n; i++)
		(void)scan_walk(r->o->paths.v[i], &r->o->walk, scan_file, trouble, r);
	if (r->writing && fclose(r->writing) != 0)
		return cannot("out of memory");
	if (r->writing && r->trouble)
		(void)cannot("%s was not written: a baseline needs every file to be read", r->o->write);
	else if (r->writing && write_text(r->o->write, text, len) != 0)
		return EXIT_CANNOT;
	return report(r);
}

static int run(int argc, char **argv) {
	struct options o = { .size = UINT64_C(64) << 20 };
	struct run r = { .o = &o };
	int code;

	command_parse(&argp, argc, argv, &o);
	job_init(&r.job, &o.output);
	scan_baseline_init(&r.baseline, &r.job.arena);
	if (!o.paths.n)
		vec_push(&o.paths, ".");
	if (!o.list)
		code = scan_all(&r);
	else {
		code = EXIT_DONE;
		if (o.output.format == EMIT_TEXT)
			scan_rules_print(stdout);
		else
			scan_rules_emit(&r.job.emit);
	}
	scan_baseline_done(&r.baseline);
	vec_done(&r.report.list);
	vec_done(&o.rules);
	vec_done(&o.paths);
	free(r.text);
	return job_finish(&r.job, code);
}

const struct command command_scan = {
	.name = "scan",
	.summary = "Search source code for places that know only IPv4",
	.argp = &argp,
	.run = run,
};
