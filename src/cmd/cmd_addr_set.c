/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands that treat addresses as sets: range, contains, aggregate. */
#include <errno.h>
#include <string.h>

#include "cmd/addr.h"

enum { KEY_EXCEPT = 0x200 };

struct options {
	struct output_options output;
	char **args;
	int n;
	const char *except;
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case KEY_EXCEPT:
		o->except = arg;
		return 0;
	case ARGP_KEY_ARGS:
		o->args = state->argv + state->next;
		o->n = state->argc - state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };

static int print_prefix(struct prefix p, void *user) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(p, text);
	addr_line(user, text);
	return 0;
}

static error_t parse_range(int key, char *arg, struct argp_state *state) {
	const struct options *o = state->input;

	if (key == ARGP_KEY_END && o->n == 0)
		argp_error(state, "name the range: FIRST-LAST");
	return parse(key, arg, state);
}

static const struct argp range_argp = {
	.parser = parse_range,
	.args_doc = "FIRST-LAST...",
	.doc = "Prints the fewest prefixes that are exactly the addresses from FIRST to LAST.",
	.children = children,
};

static int run_range(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;
	struct range range;

	command_parse(&range_argp, argc, argv, &opt);
	job_init(&job, &opt.output);
	addr_lines_begin(&job);
	for (int i = 0; i < opt.n; i++)
		if (addr_read_range(&job, job_argument(&job, i, opt.args[i]), &range))
			(void)range_each_prefix(range, print_prefix, &job);
	addr_lines_end(&job);
	return job_finish(&job, EXIT_DONE);
}

const struct command command_addr_range = {
	.name = "range",
	.summary = "Turn first-last into the fewest prefixes",
	.argp = &range_argp,
	.run = run_range,
};

static error_t parse_contains(int key, char *arg, struct argp_state *state) {
	const struct options *o = state->input;

	if (key == ARGP_KEY_END && o->n < 2)
		argp_error(state, "name what contains and what is contained");
	return parse(key, arg, state);
}

static const struct argp contains_argp = {
	.parser = parse_contains,
	.args_doc = "OUTER INNER...",
	.doc = "Says whether each INNER is entirely inside OUTER; exits with 0 when all are, 1 when one is not.\v"
	       "Each is an address, a prefix or a range. IPv6 never contains IPv4, not even ::/0.",
	.children = children,
};

static bool print_contained(struct job *j, const struct prefix_set *outer, const char *outer_text, struct job_input in,
			    struct range inner) {
	struct prefix_set rest = PREFIX_SET_INIT;
	bool yes;

	prefix_set_add_range(&rest, inner);
	prefix_set_subtract(&rest, outer);
	yes = prefix_set_is_empty(&rest);
	prefix_set_done(&rest);
	if (j->output.format == EMIT_TEXT) {
		(void)printf("%.*s is %sinside %s\n", (int)in.text.len, in.text.s, yes ? "" : "not ", outer_text);
		return yes;
	}
	emit_object(&j->emit, NULL);
	emit_text(&j->emit, "outer", outer_text);
	emit_str(&j->emit, "inner", in.text);
	emit_bool(&j->emit, "contained", yes);
	emit_end(&j->emit);
	return yes;
}

static int run_contains(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;
	struct prefix_set outer = PREFIX_SET_INIT;
	struct range range;
	int code = EXIT_DONE;

	command_parse(&contains_argp, argc, argv, &opt);
	job_init(&job, &opt.output);
	if (addr_read_range(&job, job_argument(&job, 0, opt.args[0]), &range)) {
		prefix_set_add_range(&outer, range);
		addr_lines_begin(&job);
		for (int i = 1; i < opt.n; i++) {
			struct job_input in = job_argument(&job, i, opt.args[i]);

			if (addr_read_range(&job, in, &range) && !print_contained(&job, &outer, opt.args[0], in, range))
				code = EXIT_NO;
		}
		addr_lines_end(&job);
	}
	prefix_set_done(&outer);
	/* 1 is an answer here: a text that cannot be read gives none. */
	return job_finish(&job, job.diags.count[SEVERITY_ERROR] ? EXIT_USAGE : code);
}

const struct command command_addr_contains = {
	.name = "contains",
	.summary = "Say whether addresses are inside a prefix or a range",
	.argp = &contains_argp,
	.run = run_contains,
};

static const struct argp_option aggregate_options[] = {
	{ "except", KEY_EXCEPT, "FILE", 0, "Take out what FILE lists", 0 },
	{ 0 },
};

static const struct argp aggregate_argp = {
	.options = aggregate_options,
	.parser = parse,
	.args_doc = "[FILE...]",
	.doc = "Prints the fewest prefixes that are exactly what the files (or standard input) list.\v"
	       "A line is an address, a prefix or a range; '#' begins a comment. When a line cannot be read, nothing "
	       "is "
	       "printed but the reason.",
	.children = children,
};

/* Reads all files; an exit code. */
static int read_files(struct job *j, char **paths, int n, struct prefix_set *s) {
	for (int i = 0; i < n; i++) {
		int r = addr_read_set(j, paths[i], s);

		if (r < 0)
			return cannot("cannot read %s: %s", paths[i], strerror(-r));
	}
	return EXIT_DONE;
}

static int run_aggregate(int argc, char **argv) {
	static char *const input[] = { (char *)"-" };
	struct options opt = { 0 };
	struct job job;
	struct prefix_set set = PREFIX_SET_INIT, except = PREFIX_SET_INIT;
	int code;

	command_parse(&aggregate_argp, argc, argv, &opt);
	job_init(&job, &opt.output);
	code = read_files(&job, opt.n ? opt.args : (char **)input, opt.n ? opt.n : 1, &set);
	if (code == EXIT_DONE && opt.except)
		code = read_files(&job, (char *[]){ (char *)opt.except }, 1, &except);
	if (code == EXIT_DONE && !job.diags.count[SEVERITY_ERROR]) {
		prefix_set_subtract(&set, &except);
		addr_lines_begin(&job);
		(void)prefix_set_each(&set, print_prefix, &job);
		addr_lines_end(&job);
	}
	prefix_set_done(&set);
	prefix_set_done(&except);
	return job_finish(&job, code);
}

const struct command command_addr_aggregate = {
	.name = "aggregate",
	.summary = "Join addresses, prefixes and ranges into the fewest prefixes",
	.argp = &aggregate_argp,
	.run = run_aggregate,
};
