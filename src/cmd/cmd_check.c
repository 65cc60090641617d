/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>

#include "cmd/estate_open.h"
#include "cmd/guard.h"
#include "estate/check.h"

enum { KEY_ONLY = 0x200, KEY_LIST, KEY_STRICT };

struct options {
	struct output_options output;
	const char *folder, *only;
	bool list, strict;
};

static const struct argp_option option_rows[] = {
	{ "only", KEY_ONLY, "CHECK", 0, "Run this check alone", 0 },
	{ "list", KEY_LIST, NULL, 0, "List all checks and what they find", 0 },
	{ "strict", KEY_STRICT, NULL, 0, "Exit with 1 for warnings too", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case KEY_ONLY:
		o->only = arg;
		return 0;
	case KEY_LIST:
		o->list = true;
		return 0;
	case KEY_STRICT:
		o->strict = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->folder)
			argp_error(state, "one estate at a time: '%s' is too much", arg);
		o->folder = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->folder && !o->list)
			argp_error(state, "name the estate's folder");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "ESTATE",
	.doc = "Loads the estate in the folder ESTATE and looks for every mistake it can find.",
	.children = children,
};

static int list_checks(const struct options *o) {
	struct emit e;

	emit_init(&e, stdout, o->output.format);
	if (o->output.format == EMIT_TEXT) {
		for (const struct check *const *c = check_list; *c; c++)
			(void)printf("%-24s %-8s %s\n", (*c)->name, severity_to_str((*c)->severity), (*c)->summary);
		return output_finish(&e, EXIT_DONE);
	}
	emit_list(&e, NULL);
	for (const struct check *const *c = check_list; *c; c++) {
		emit_object(&e, NULL);
		emit_text(&e, "name", (*c)->name);
		emit_text(&e, "severity", severity_to_str((*c)->severity));
		emit_text(&e, "summary", (*c)->summary);
		emit_text(&e, "doc", (*c)->doc);
		emit_end(&e);
	}
	emit_end(&e);
	return output_finish(&e, EXIT_DONE);
}

static void emit_diag(struct emit *e, const struct diags *d, const struct diag *item) {
	const struct source *src = sources_get(d->sources, item->loc.file);

	emit_object(e, NULL);
	emit_text(e, "file", src ? src->path : NULL);
	emit_uint(e, "line", item->loc.line);
	emit_uint(e, "col", item->loc.col);
	emit_text(e, "severity", severity_to_str(item->severity));
	emit_text(e, "check", item->check);
	emit_text(e, "message", item->message);
	emit_text(e, "hint", item->hint);
	emit_end(e);
}

static const char *plural(unsigned n) {
	return n == 1 ? "" : "s";
}

static void print_summary(const struct opened_estate *o, FILE *out) {
	const struct estate *e = o->estate;
	const unsigned *n = o->diags.count;

	(void)fprintf(out, "%s: %u machine%s, %u group%s, %u policy line%s, %u endpoint%s: ", e->folder, e->machines.n,
		      plural(e->machines.n), e->groups.n, plural(e->groups.n), e->policy.n, plural(e->policy.n),
		      e->endpoints.n, plural(e->endpoints.n));
	if (n[SEVERITY_ERROR] + n[SEVERITY_WARNING] == 0)
		(void)fputs("no mistakes found\n", out);
	else
		(void)fprintf(out, "%u error%s, %u warning%s\n", n[SEVERITY_ERROR], plural(n[SEVERITY_ERROR]),
			      n[SEVERITY_WARNING], plural(n[SEVERITY_WARNING]));
	if (!e->loaded)
		(void)fprintf(out, "%s: some checks wait until everything can be read\n", e->folder);
}

static int print_findings(struct opened_estate *o, const struct options *opt, int code) {
	struct emit e;

	diags_sort(&o->diags);
	emit_init(&e, stdout, opt->output.format);
	if (opt->output.format == EMIT_TEXT) {
		diags_print(&o->diags, stdout, output_colour(&opt->output, stdout));
		print_summary(o, stdout);
		return output_finish(&e, code);
	}
	emit_list(&e, NULL);
	for (size_t i = 0; i < o->diags.list.n; i++)
		emit_diag(&e, &o->diags, &o->diags.list.v[i]);
	emit_end(&e);
	return output_finish(&e, code);
}

static int unknown_check(const char *name) {
	const char *near = NULL;
	unsigned best = UINT_MAX;

	for (const struct check *const *c = check_list; *c; c++)
		if (suggest_better(str_of(name), str_of((*c)->name), &best))
			near = (*c)->name;
	if (near)
		return usage_error("there is no check '%s'; did you mean '%s'?", name, near);
	return usage_error("there is no check '%s'; 'hextet check --list' shows all", name);
}

/* Mistakes that only an engine's own parsers find. */
static void check_engines(struct opened_estate *o) {
	struct guard_setup setup;

	guard_translate(&o->arena, &o->diags, o->estate, &setup);
	guard_setup_done(&setup);
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct opened_estate o;
	int code;

	command_parse(&argp, argc, argv, &opt);
	if (opt.list)
		return list_checks(&opt);
	code = opened_estate_open(&o, opt.folder);
	if (code)
		return code;
	if (checks_run(o.estate, opt.only, &o.arena, &o.diags) < 0)
		code = unknown_check(opt.only);
	else {
		check_engines(&o);
		bool bad = o.diags.count[SEVERITY_ERROR] || (opt.strict && o.diags.count[SEVERITY_WARNING]);

		code = print_findings(&o, &opt, o.estate->unreadable ? EXIT_CANNOT : bad ? EXIT_NO : EXIT_DONE);
	}
	opened_estate_close(&o);
	return code;
}

const struct command command_check = {
	.name = "check",
	.summary = "Find every mistake in the estate",
	.argp = &argp,
	.run = run,
};
