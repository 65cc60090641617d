/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/estate_open.h"
#include "cmd/render_name.h"
#include "render/compare.h"

enum { KEY_MACHINE = 0x200, KEY_TARGET, KEY_STAT };

struct options {
	struct output_options output;
	const char *folder, *out;
	struct render_options render;
	bool stat;
};

static const struct argp_option option_rows[] = {
	{ "machine", KEY_MACHINE, "NAME", 0, "Only this machine", 0 },
	{ "target", KEY_TARGET, "NAME", 0, "Only this target", 0 },
	{ "stat", KEY_STAT, NULL, 0, "Count lines instead of showing them", 0 },
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
	.doc = "Shows what 'hextet render ESTATE -o OUT' would change, by machine and target, and writes nothing. Exit "
	       "status 1 "
	       "when anything would change.",
	.children = children,
};

static void print_text(const struct changes *c, bool stat) {
	unsigned count[_CHANGE_MAX] = { 0 };

	for (size_t i = 0; i < c->list.n; i++) {
		const struct change *ch = &c->list.v[i];

		count[ch->kind]++;
		(void)printf("%s %s: %s %s (+%u -%u)\n", ch->machine, ch->target, change_to_str(ch->kind),
			     ch->path + strlen(ch->machine), ch->added, ch->deleted);
		if (!stat)
			(void)printf("%.*s", (int)ch->diff.len, ch->diff.len ? ch->diff.s : "");
	}
	if (!c->list.n)
		(void)puts("nothing would change");
	else
		(void)printf("%u new, %u changed, %u to be removed\n", count[CHANGE_NEW], count[CHANGE_CHANGED],
			     count[CHANGE_REMOVED]);
}

static int print_changes(const struct changes *c, const struct options *opt) {
	int code = c->list.n ? EXIT_NO : EXIT_DONE;
	struct emit e;

	emit_init(&e, stdout, opt->output.format);
	if (opt->output.format == EMIT_TEXT) {
		print_text(c, opt->stat);
		return output_finish(&e, code);
	}
	emit_list(&e, NULL);
	for (size_t i = 0; i < c->list.n; i++) {
		const struct change *ch = &c->list.v[i];

		emit_object(&e, NULL);
		emit_text(&e, "machine", ch->machine);
		emit_text(&e, "target", ch->target);
		emit_text(&e, "path", ch->path + strlen(ch->machine));
		emit_text(&e, "change", change_to_str(ch->kind));
		emit_uint(&e, "added", ch->added);
		emit_uint(&e, "deleted", ch->deleted);
		if (!opt->stat)
			emit_str(&e, "diff", ch->diff);
		emit_end(&e);
	}
	emit_end(&e);
	return output_finish(&e, code);
}

static int compare(struct opened_estate *o, const struct options *opt) {
	struct changes c;
	struct render r;
	int code, result = render_init(&r, &o->arena, &o->sources, &o->diags, o->estate, &opt->render);

	if (result == -ENOENT) {
		render_done(&r);
		return unknown_render_name(o->estate, &opt->render);
	}
	if (result == 0) {
		result = changes_find(&c, &r, opt->out);
		code = result == 0         ? print_changes(&c, opt)
		       : result == -EINVAL ? EXIT_NO
					   : cannot("cannot compare with %s: %s", c.failed[0] ? c.failed : opt->out,
						    strerror(-result));
		changes_done(&c);
	} else
		code = EXIT_NO;
	if (result == -EINVAL) {
		diags_sort(&o->diags);
		diags_print(&o->diags, stderr, output_colour(&opt->output, stderr));
	}
	render_done(&r);
	return code;
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
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
