/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cmd/estate_open.h"
#include "cmd/render_list.h"
#include "cmd/render_name.h"
#include "render/compare.h"
#include "render/tree.h"
#include "render/verify.h"

enum { KEY_MACHINE = 0x200, KEY_TARGET, KEY_VERIFY, KEY_LIST, KEY_MAX_CHANGE, KEY_FORCE, TARGETS_MAX = 64 };

struct options {
	struct output_options output;
	const char *folder, *out;
	struct render_options render;
	struct safety safety;
	bool verify, list, force;
};

static const struct argp_option option_rows[] = {
	{ "out", 'o', "OUT", 0, "Write to this folder: OUT/MACHINE/ABSOLUTE-PATH", 0 },
	{ "machine", KEY_MACHINE, "NAME", 0, "Only this machine", 0 },
	{ "target", KEY_TARGET, "NAME", 0, "Only this target", 0 },
	{ "verify", KEY_VERIFY, NULL, 0,
	  "Let each target's own program check the files first; nothing is written when one refuses", 0 },
	{ "max-change", KEY_MAX_CHANGE, "PERCENT", 0,
	  "Write nothing when more flows, records, listeners or machines than this would go away (30%)", 0 },
	{ "force", KEY_FORCE, NULL, 0, "Write, however much goes away", 0 },
	{ "list", KEY_LIST, NULL, 0, "List the targets; with ESTATE, which machine gets which, and why", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case 'o':
		o->out = arg;
		return 0;
	case KEY_MACHINE:
		o->render.machine = arg;
		return 0;
	case KEY_TARGET:
		o->render.target = arg;
		return 0;
	case KEY_VERIFY:
		o->verify = o->render.want_maps = true;
		return 0;
	case KEY_MAX_CHANGE:
		if (safety_parse_percent(arg, &o->safety.percent) < 0)
			argp_error(state, "'%s' is no share: write 0%% to 100%%", arg);
		return 0;
	case KEY_FORCE:
		o->force = true;
		return 0;
	case KEY_LIST:
		o->list = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->folder)
			argp_error(state, "one estate at a time: '%s' is too much", arg);
		o->folder = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->folder && !o->list)
			argp_error(state, "name the estate's folder");
		if (o->folder && !o->out && !o->list && !o->verify)
			argp_error(state, "say where to write: -o OUT; or --verify to check without writing");
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
	.doc = "Writes every configuration file that follows from the estate. The estate must pass its checks.",
	.children = children,
};

/* What the threads share: the tree is made for it, results are one array a worker. */
struct job {
	const struct estate *estate;
	struct tree tree;
	struct compare *compare; /* NULL: nothing may be refused */
	bool writes, verifies;
	struct verify_result (*results)[TARGETS_MAX]; /* by worker, by target */
	struct arena *scratch;                        /* by worker */
};

static int sink(struct output_file *files, size_t n, unsigned worker, struct diags *d, void *user) {
	struct job *job = user;
	int r = 0;

	if (job->verifies) {
		struct arena_mark mark = arena_mark(&job->scratch[worker]);

		r = verify_files(job->estate, files, n, &job->scratch[worker], d, job->results[worker]);
		arena_release(&job->scratch[worker], mark);
		if (r == -EINVAL)
			return 0; /* go on: all refusals are shown, and counted by verify_result.failed */
	}
	if (r == 0 && job->compare)
		r = compare_machine(job->compare, files, n, NULL, worker);
	for (size_t i = 0; i < n && r == 0 && job->writes; i++)
		r = tree_add(&job->tree, worker, files[i].target->name, files[i].machine->name.s, files[i].path,
			     files[i].text, files[i].mode);
	return r;
}

static size_t target_count(void) {
	size_t n = 0;

	while (target_list[n])
		n++;
	return n;
}

static void emit_verified(struct emit *e, const struct job *job, unsigned workers) {
	emit_list(e, "targets");
	for (size_t t = 0; t < target_count(); t++) {
		struct verify_result sum = { 0 };

		for (unsigned w = 0; w < workers; w++) {
			const struct verify_result *r = &job->results[w][t];

			sum.verified += r->verified;
			sum.unverified += r->unverified;
			if (r->missing[0])
				memcpy(sum.missing, r->missing, sizeof(sum.missing));
		}
		if (!sum.verified && !sum.unverified)
			continue;
		emit_object(e, NULL);
		emit_text(e, "target", target_list[t]->name);
		emit_uint(e, "verified", sum.verified);
		emit_uint(e, "not_verified", sum.unverified);
		emit_text(e, "missing", sum.missing[0] ? sum.missing : NULL);
		emit_end(e);
	}
	emit_end(e);
}

static void print_verified(const struct job *job, unsigned workers) {
	for (size_t t = 0; t < target_count(); t++) {
		unsigned verified = 0, unverified = 0;
		const char *missing = NULL;

		for (unsigned w = 0; w < workers; w++) {
			verified += job->results[w][t].verified;
			unverified += job->results[w][t].unverified;
			if (job->results[w][t].missing[0])
				missing = job->results[w][t].missing;
		}
		if (verified)
			(void)printf("%-10s %u file%s verified\n", target_list[t]->name, verified,
				     verified == 1 ? "" : "s");
		if (unverified)
			(void)printf("%-10s %u file%s NOT verified: %s%s\n", target_list[t]->name, unverified,
				     unverified == 1 ? "" : "s", missing ? missing : "there is no checker",
				     missing ? " is missing" : "");
	}
}

static int report(const struct options *opt, const struct job *job, unsigned workers, const struct tree_stats *stats) {
	struct emit e;

	emit_init(&e, stdout, opt->output.format);
	if (opt->output.format == EMIT_TEXT) {
		if (job->verifies)
			print_verified(job, workers);
		if (job->writes)
			(void)printf("%s: %u file%s, %u written, %u removed\n", opt->out, stats->files,
				     stats->files == 1 ? "" : "s", stats->written, stats->removed);
		return output_finish(&e, EXIT_DONE);
	}
	emit_object(&e, NULL);
	emit_uint(&e, "files", stats->files);
	emit_uint(&e, "written", stats->written);
	emit_uint(&e, "removed", stats->removed);
	if (job->verifies)
		emit_verified(&e, job, workers);
	emit_end(&e);
	return output_finish(&e, EXIT_DONE);
}

/* A render of some machines or targets keeps the files of the others. */
static bool keep(const char *target, const char *machine, void *user) {
	const struct render_options *o = user;

	return (o->target && strcmp(o->target, target) != 0) || (o->machine && strcmp(o->machine, machine) != 0);
}

static int explain(const struct options *opt, const struct job *job, int r) {
	const char *path = job->writes ? tree_failed_path(&job->tree) : "";
	const char *why = r == -ELOOP     ? "a symbolic link is in the way, and none is followed there; remove it"
			  : r == -EEXIST  ? "two targets write it, or something has come into its place"
			  : r == -EBADMSG ? "it is damaged; remove it, and files that are no longer rendered by hand"
					  : strerror(-r);

	return cannot("cannot write %s%s%s: %s; nothing was changed", opt->out ? opt->out : "", *path ? "/" : "", path,
		      why);
}

static bool refused(const struct job *job, unsigned workers) {
	for (unsigned w = 0; w < workers; w++)
		for (size_t t = 0; t < target_count(); t++)
			if (job->results[w][t].failed)
				return true;
	return false;
}

/* Whether too much would go away; says so. */
static bool too_much(struct job *job) {
	struct comparison c;
	bool refused = false;

	if (!job->compare)
		return false;
	if (compare_finish(job->compare, &c) == 0)
		for (size_t i = 0; i < c.refusals.n; i++)
			(void)fprintf(stderr, "hextet: REFUSED: %s\n", c.refusals.v[i]);
	refused = c.refusals.n > 0;
	if (refused)
		(void)fputs("hextet: nothing was written; 'hextet diff' shows what would go, --force writes it\n",
			    stderr);
	comparison_done(&c);
	return refused;
}

static int finish(struct opened_estate *o, struct options *opt, struct render *r, struct job *job, int result) {
	struct tree_stats stats = { 0 };

	if (result == -EINVAL || refused(job, render_workers(r))) {
		diags_sort(&o->diags);
		diags_print(&o->diags, stderr, output_colour(&opt->output, stderr));
		(void)fputs("hextet: nothing was written\n", stderr);
		return EXIT_NO;
	}
	if (result < 0)
		return explain(opt, job, result);
	if (too_much(job))
		return EXIT_NO;
	if (job->writes)
		result = tree_commit(&job->tree, keep, &opt->render, &stats);
	if (result < 0)
		return explain(opt, job, result);
	return report(opt, job, render_workers(r), &stats);
}

/* A folder without an earlier render has nothing that could go. */
static int start_compare(const struct options *opt, struct render *r, struct job *job) {
	const struct compare_options options = { .out = opt->out, .safety = opt->safety };
	int result;

	if (!job->writes || opt->force)
		return 0;
	result = compare_new(r, &options, &job->compare);
	if (result == 0 && !compare_has_old(job->compare)) {
		compare_free(job->compare);
		job->compare = NULL;
	}
	return result;
}

static int render_all(struct opened_estate *o, struct options *opt, struct render *r) {
	unsigned workers = render_workers(r);
	struct job job = {
		.estate = o->estate,
		.writes = opt->out != NULL,
		.verifies = opt->verify,
		.results = arena_alloc(&o->arena, sizeof(*job.results) * workers),
		.scratch = arena_array(&o->arena, struct arena, workers),
	};
	int code, result = job.writes ? tree_open(&job.tree, opt->out, workers) : 0;

	if (result < 0)
		return result == -EBUSY ? cannot("%s is being rendered by another hextet", opt->out)
					: cannot("cannot write to %s: %s", opt->out, strerror(-result));
	result = start_compare(opt, r, &job);
	if (result == 0)
		result = render_run(r, sink, &job);
	code = finish(o, opt, r, &job, result);
	if (job.compare)
		compare_free(job.compare);
	if (job.writes)
		tree_close(&job.tree);
	for (unsigned w = 0; w < workers; w++)
		arena_done(&job.scratch[w]);
	return code;
}

/* `o` NULL: without an estate. */
static int list_targets(const struct options *opt, const struct opened_estate *o) {
	struct emit e;

	emit_init(&e, stdout, opt->output.format);
	if (opt->output.format == EMIT_TEXT)
		render_list_print(stdout, o);
	else
		render_list_emit(&e, o);
	return output_finish(&e, EXIT_DONE);
}

static int with_estate(struct opened_estate *o, struct options *opt) {
	struct render r;
	int code = opened_estate_require_clean(o, &opt->output), result;

	if (code)
		return code;
	if (opt->list)
		return list_targets(opt, o);
	result = render_init(&r, &o->arena, &o->sources, &o->diags, o->estate, &opt->render);
	if (result == -ENOENT)
		code = unknown_render_name(o->estate, &opt->render);
	else if (result < 0) {
		diags_print(&o->diags, stderr, output_colour(&opt->output, stderr));
		code = EXIT_NO;
	} else
		code = render_all(o, opt, &r);
	render_done(&r);
	return code;
}

static int run(int argc, char **argv) {
	struct options opt = { .safety = SAFETY_DEFAULT };
	struct opened_estate o;
	int code;

	command_parse(&argp, argc, argv, &opt);
	if (!opt.folder)
		return list_targets(&opt, NULL);
	code = opened_estate_open(&o, opt.folder);
	if (code)
		return code;
	code = with_estate(&o, &opt);
	opened_estate_close(&o);
	return code;
}

const struct command command_render = {
	.name = "render",
	.summary = "Write every configuration file that follows from the estate",
	.argp = &argp,
	.run = run,
};
