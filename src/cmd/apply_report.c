/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/apply.h"

#include <string.h>

static const char *const op_names[_JOURNAL_OP_MAX] = { "new", "changed", "removed" };

/* What is told of a file's past: a sentence for people, a word for programs. */
static const struct note {
	unsigned bit;
	const char *word, *sentence;
} notes[] = {
	{ PLAN_LINK, "link", "a symbolic link so far" },
	{ PLAN_BY_HAND, "by_hand", "changed by hand; kept in the backup" },
	{ PLAN_FOREIGN, "foreign", "not installed by hextet so far; kept in the backup" },
	{ PLAN_GONE, "gone", "removed by hand since the last apply" },
	{ PLAN_MODE, "mode", "only its mode" },
};

static const struct note *note_of(const struct plan_item *item) {
	for (size_t i = 0; i < ARRAY_LEN(notes); i++)
		if (item->notes & notes[i].bit)
			return &notes[i];
	return NULL;
}

int apply_report_refusals(const struct apply_plan *p, const struct apply_request *q) {
	for (size_t i = 0; i < p->refusals.n; i++)
		(void)fprintf(stderr, "hextet: %s: %s\n", p->refusals.v[i].path, p->refusals.v[i].why);
	(void)fprintf(stderr, "hextet: nothing was changed%s%s\n", q->root[1] ? " below " : "",
		      q->root[1] ? q->root : "");
	return EXIT_NO;
}

int apply_report_safety(const struct comparison *c, const struct apply_request *q) {
	if (q->force || !c->refusals.n)
		return EXIT_DONE;
	for (size_t i = 0; i < c->refusals.n; i++)
		(void)fprintf(stderr, "hextet: REFUSED: %s: %s\n", q->render.machine, c->refusals.v[i]);
	(void)fputs(q->dry_run ? "hextet: --force or a higher --max-change would pass it\n"
			       : "hextet: nothing was changed; --dry-run shows what would go, --force passes it\n",
		    stderr);
	return EXIT_NO;
}

static void print_files(const struct apply_plan *p, uint32_t n) {
	for (uint32_t i = 0; i < n; i++) {
		const struct plan_item *item = &p->items.v[i];
		const struct note *note = note_of(item);

		(void)printf("%-7s %-10s %s%s%s%s\n", op_names[item->op], item->target, item->path, note ? " (" : "",
			     note ? note->sentence : "", note ? ")" : "");
	}
}

static void print_reloads(const struct apply_plan *p) {
	for (size_t i = 0; i < p->reloads.n; i++) {
		const char *const *c = reload_commands(&p->reloads.v[i]);

		if (!c)
			(void)printf("nothing to run for %s\n", p->reloads.v[i].target);
		for (; c && *c; c++)
			(void)printf("run     %-10s %s\n", p->reloads.v[i].target, *c);
	}
}

static void print_meaning(const struct diff_view *meaning) {
	const struct comparison *c = meaning->comparison;

	diff_print_meaning(meaning, stdout);
	for (size_t i = 0; i < c->files.n; i++)
		(void)printf("unknown %-10s %s: %s\n", c->files.v[i].target, c->files.v[i].path, c->files.v[i].note);
}

static void print_result(const struct apply_plan *p, const struct apply_request *q, const enum apply_outcome *outcome,
			 const struct diff_view *meaning) {
	const uint32_t n = plan_changes(p);

	if (!outcome)
		print_meaning(meaning);
	print_files(p, n);
	if (q->reload)
		print_reloads(p);
	(void)printf("%s: %u file%s%s, %u right already", q->render.machine, n, n == 1 ? "" : "s",
		     !outcome                              ? " would change"
		     : *outcome == APPLY_TAKEN_BACK        ? " taken back"
		     : *outcome == APPLY_NOTHING || n == 0 ? " to change"
							   : " changed",
		     p->same);
	if (!outcome && q->confirm_s && n)
		(void)printf("; taken back after %u s without 'hextet apply --commit'", q->confirm_s);
	if (outcome && *outcome == APPLY_WAITING)
		(void)printf("\nwaiting: 'hextet apply --commit' within %u s keeps it, else it is taken back",
			     q->confirm_s);
	(void)putchar('\n');
}

static void emit_files(struct emit *e, const struct apply_plan *p, uint32_t n) {
	emit_list(e, "files");
	for (uint32_t i = 0; i < n; i++) {
		const struct plan_item *item = &p->items.v[i];
		const struct note *note = note_of(item);

		emit_object(e, NULL);
		emit_text(e, "target", item->target);
		emit_text(e, "path", item->path);
		emit_text(e, "change", op_names[item->op]);
		emit_text(e, "note", note ? note->word : NULL);
		emit_end(e);
	}
	emit_end(e);
}

static void emit_reloads(struct emit *e, const struct apply_plan *p, bool reload) {
	emit_list(e, "reloads");
	for (size_t i = 0; i < p->reloads.n && reload; i++)
		for (const char *const *c = reload_commands(&p->reloads.v[i]); c && *c; c++) {
			emit_object(e, NULL);
			emit_text(e, "target", p->reloads.v[i].target);
			emit_text(e, "command", *c);
			emit_end(e);
		}
	emit_end(e);
}

int apply_report(const struct apply_plan *p, const struct apply_request *q, const enum apply_outcome *outcome,
		 const struct diff_view *meaning) {
	const int code = outcome && *outcome == APPLY_TAKEN_BACK ? EXIT_NO : EXIT_DONE;
	const uint32_t n = plan_changes(p);
	struct emit e;

	emit_init(&e, stdout, q->output.format);
	if (q->output.format == EMIT_TEXT) {
		print_result(p, q, outcome, meaning);
		return output_finish(&e, code);
	}
	emit_object(&e, NULL);
	emit_text(&e, "machine", q->render.machine);
	emit_text(&e, "outcome", outcome ? apply_outcome_to_str(*outcome) : "dry-run");
	emit_uint(&e, "confirm_s", q->confirm_s);
	emit_uint(&e, "changed", n);
	emit_uint(&e, "same", p->same);
	emit_files(&e, p, n);
	emit_reloads(&e, p, q->reload);
	emit_list(&e, "meaning");
	diff_emit_meaning(meaning, &e);
	emit_end(&e);
	emit_end(&e);
	return output_finish(&e, code);
}
