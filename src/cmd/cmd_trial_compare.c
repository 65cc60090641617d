/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "cmd/job.h"
#include "probe/trial_load.h"
#include "probe/trial_report.h"

struct options {
	struct output_options output;
	const char *old, *new;
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case ARGP_KEY_ARG:
		if (o->new)
			argp_error(state, "two files: '%s' is too much", arg);
		*(o->old ? &o->new : &o->old) = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->new)
			argp_error(state, "name two files, the older first");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.parser = parse,
	.args_doc = "OLD.json NEW.json",
	.doc = "Shows what became of the findings of one trial in a later one, both as 'hextet trial run --output "
	       "json' "
	       "wrote them. Exit status 1 when anything got worse.",
	.children = children,
};

static int load(struct job *j, const char *path, struct trial *ret) {
	const char *why = NULL;
	char *text;
	size_t len;
	int r = file_read(&j->arena, path, TRIAL_FILE_MAX, &text, &len);

	if (r < 0)
		return cannot("cannot read %s: %s", path, strerror(-r));
	if (trial_load(text, len, &j->arena, ret, &why) < 0)
		return cannot("%s: %s", path, why);
	return 0;
}

static void print_text(const struct trial_deltas *d, const unsigned *count) {
	for (size_t i = 0; i < d->list.n; i++) {
		const struct trial_delta *x = &d->list.v[i];

		(void)printf("%-6s ", trial_change_to_str(x->change));
		trial_report_put(stdout, str_of(x->name));
		if (x->detail.len)
			(void)printf(": %s: ", finding_kind_to_str(x->kind));
		trial_report_put(stdout, x->detail);
		(void)putchar('\n');
	}
	(void)printf("%u worse, %u better; %u URLs new, %u gone\n", count[TRIAL_WORSE], count[TRIAL_BETTER],
		     count[TRIAL_NEW], count[TRIAL_GONE]);
}

static void emit_all(const struct trial_deltas *d, struct emit *e) {
	emit_list(e, NULL);
	for (size_t i = 0; i < d->list.n; i++) {
		const struct trial_delta *x = &d->list.v[i];

		emit_object(e, NULL);
		emit_text(e, "change", trial_change_to_str(x->change));
		emit_text(e, "name", x->name);
		if (x->detail.len) {
			emit_text(e, "kind", finding_kind_to_str(x->kind));
			emit_uint(e, "family", x->family);
			emit_str(e, "detail", x->detail);
		}
		emit_end(e);
	}
	emit_end(e);
}

static int compare(struct job *j, const struct options *o, const struct trial *old, const struct trial *new) {
	const struct compare_options plain = { 0 };
	unsigned count[_TRIAL_CHANGE_MAX] = { 0 };
	struct trial_deltas d = { 0 };

	trial_delta(&plain, old, new, &j->arena, &d);
	for (size_t i = 0; i < d.list.n; i++)
		count[d.list.v[i].change]++;
	if (o->output.format == EMIT_TEXT)
		print_text(&d, count);
	else
		emit_all(&d, &j->emit);
	vec_done(&d.list);
	return count[TRIAL_WORSE] ? EXIT_NO : EXIT_DONE;
}

static int run(int argc, char **argv) {
	struct trial old = { 0 }, new = { 0 };
	struct options o = { 0 };
	struct job job;
	int r;

	command_parse(&argp, argc, argv, &o);
	job_init(&job, &o.output);
	r = load(&job, o.old, &old);
	if (r == 0)
		r = load(&job, o.new, &new);
	if (r == 0)
		r = compare(&job, &o, &old, &new);
	trial_done(&old);
	trial_done(&new);
	return job_finish(&job, r);
}

const struct command command_trial_compare = {
	.name = "compare",
	.summary = "Show what got better or worse since an earlier trial",
	.argp = &argp,
	.run = run,
};
