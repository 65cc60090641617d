/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/diff_print.h"
#include "cmd/estate_open.h"
#include "cmd/render_name.h"

enum { KEY_MACHINE = 0x200, KEY_TARGET, KEY_STAT, KEY_LINES, KEY_MAX_CHANGE, KEY_FORCE };

struct options {
	struct output_options output;
	const char *folder, *out;
	struct render_options render;
	struct safety safety;
	bool stat, lines, force;
};

static const struct argp_option option_rows[] = {
	{ "machine", KEY_MACHINE, "NAME", 0, "Only this machine", 0 },
	{ "target", KEY_TARGET, "NAME", 0, "Only this target", 0 },
	{ "stat", KEY_STAT, NULL, 0, "Count the lines that change in each file", 0 },
	{ "lines", KEY_LINES, NULL, 0, "Show the lines that change in each file, instead of what they mean", 0 },
	{ "max-change", KEY_MAX_CHANGE, "PERCENT", 0, "Refuse when more than this goes away at once (30%)", 0 },
	{ "force", KEY_FORCE, NULL, 0, "Refuse nothing", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case KEY_MACHINE:
		o->render.machine = arg;
		return 0;
	case KEY_TARGET:
		o->render.target = arg;
		return 0;
	case KEY_STAT:
		o->stat = true;
		return 0;
	case KEY_LINES:
		o->lines = true;
		return 0;
	case KEY_MAX_CHANGE:
		if (safety_parse_percent(arg, &o->safety.percent) < 0)
			argp_error(state, "'%s' is no share: write 0%% to 100%%", arg);
		return 0;
	case KEY_FORCE:
		o->force = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->out)
			argp_error(state, "an estate and a folder: '%s' is too much", arg);
		*(o->folder ? &o->out : &o->folder) = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->out)
			argp_error(state, "name the estate and the folder that 'hextet render -o' wrote");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "ESTATE OUT",
	.doc = "Shows what 'hextet render ESTATE -o OUT' would change: flows, DNS records and listeners that appear or "
	       "vanish, with an alarm when only one address family does; then the files. Writes nothing. Exit status 1 "
	       "when anything would change.",
	.children = children,
};

static int report(struct opened_estate *o, const struct comparison *c, const struct options *opt) {
	const struct diff_view view = {
		.comparison = c,
		.estate = o->estate,
		.sources = &o->sources,
		.lines = opt->lines,
		.counts = opt->lines || opt->stat,
		.forced = opt->force,
	};
	struct emit e;

	emit_init(&e, stdout, opt->output.format);
	if (opt->output.format == EMIT_TEXT)
		diff_print_text(&view, stdout);
	else
		diff_emit(&view, &e);
	return output_finish(&e, c->files.n ? EXIT_NO : EXIT_DONE);
}

static int compare(struct opened_estate *o, const struct options *opt) {
	const struct compare_options options = { .out = opt->out,
						 .safety = opt->safety,
						 .want_lines = opt->lines || opt->stat };
	struct comparison c;
	struct render r;
	int code = EXIT_NO, result = render_init(&r, &o->arena, &o->sources, &o->diags, o->estate, &opt->render);

	if (result == -ENOENT) {
		render_done(&r);
		return unknown_render_name(o->estate, &opt->render);
	}
	if (result == 0) {
		result = comparison_make(&c, &r, &options);
		if (result == 0)
			code = report(o, &c, opt);
		else if (result != -EINVAL)
			code = cannot("cannot compare with %s: %s", c.failed[0] ? c.failed : opt->out,
				      strerror(-result));
		comparison_done(&c);
	}
	if (result == -EINVAL) {
		diags_sort(&o->diags);
		diags_print(&o->diags, stderr, output_colour(&opt->output, stderr));
	}
	render_done(&r);
	return code;
}

static int run(int argc, char **argv) {
	struct options opt = { .safety = SAFETY_DEFAULT };
	struct opened_estate o;
	struct stat st;
	int code;

	command_parse(&argp, argc, argv, &opt);
	if (stat(opt.out, &st) < 0 || !S_ISDIR(st.st_mode))
		return cannot("%s is not a folder that can be read; 'hextet render -o' makes one", opt.out);
	code = opened_estate_open(&o, opt.folder);
	if (code)
		return code;
	code = opened_estate_require_clean(&o, &opt.output);
	if (!code)
		code = compare(&o, &opt);
	opened_estate_close(&o);
	return code;
}

const struct command command_diff = {
	.name = "diff",
	.summary = "Show what a render would change",
	.argp = &argp,
	.run = run,
};
