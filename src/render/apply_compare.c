/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As compare.c: a file that a reader refuses, old or new, has no facts on either side, so it is a note and not a loss;
 * unchanged files are only counted, and only when something goes, because a share needs the whole.
 */
#include "render/apply_compare.h"

#include <string.h>

#include "render/target.h"

struct sides {
	struct facts old, now;
};

static const struct target *target_with_facts(const char *name) {
	for (const struct target *const *t = target_list; *t; t++)
		if (strcmp((*t)->name, name) == 0)
			return (*t)->facts ? *t : NULL;
	return NULL;
}

static bool can_read(const struct target *t, const char *path, struct str text, struct arena *a, const char **error) {
	struct facts f;
	int r;

	facts_init(&f, a);
	r = facts_read(&f, t, path, text, error);
	facts_done(&f);
	return r == 0;
}

/* Both sides of a file, or neither. */
static void read_item(struct comparison *c, const struct plan_item *item, const char *machine, struct sides *s) {
	const struct target *t = target_with_facts(item->target);
	const bool has_old = item->op != JOURNAL_NEW && !(item->notes & PLAN_FOREIGN);
	const bool has_new = item->op != JOURNAL_REMOVE;
	const char *error, *which = NULL;

	if (!t)
		return;
	if (has_old && !can_read(t, item->path, item->old_text, &c->arena, &error))
		which = "old";
	else if (has_new && !can_read(t, item->path, item->text, &c->arena, &error))
		which = "new";
	if (which) {
		const struct change unknown = {
			.kind = CHANGE_CHANGED,
			.machine = machine,
			.target = t->name,
			.path = item->path,
			.note = arena_printf(&c->arena, "its meaning is not known: the %s file, %s", which, error),
			.is_text = true,
		};

		vec_push(&c->files, unknown);
		return;
	}
	if (has_old)
		(void)facts_read(&s->old, t, item->path, item->old_text, &error);
	if (has_new)
		(void)facts_read(&s->now, t, item->path, item->text, &error);
}

static bool is_changed(const struct apply_plan *p, const char *path) {
	for (size_t i = 0; i < p->items.n; i++)
		if (strcmp(p->items.v[i].path, path) == 0)
			return true;
	return false;
}

static void read_same(const struct apply_plan *p, const struct plan_request *q, struct facts *f) {
	for (size_t i = 0; i < q->n; i++) {
		const struct apply_file *file = &q->files[i];
		const struct target *t = target_with_facts(file->target);
		const char *error;

		if (t && !is_changed(p, file->path))
			(void)facts_read(f, t, file->path, file->text, &error);
	}
}

static void judge(struct comparison *c, const struct apply_plan *p, const struct plan_request *q,
		  const struct fact_delta *d, const struct safety *s) {
	struct facts same;

	facts_init(&same, &c->arena);
	if (d->count[FACT_FLOW].lost || d->count[FACT_RECORD].lost || d->count[FACT_LISTENER].lost)
		read_same(p, q, &same);
	for (unsigned k = 0; k < _FACT_KIND_MAX; k++) {
		const size_t whole[_FACT_KIND_MAX] = {
			[FACT_FLOW] = same.flows.boxes.n,
			[FACT_RECORD] = same.records.n,
			[FACT_LISTENER] = same.listeners.n,
		};
		struct fact_count count = d->count[k];

		count.old += (uint32_t)whole[k];
		if (safety_refuses(s, &count))
			vec_push(&c->refusals, safety_text(s, &count, fact_kind_to_str(k), &c->arena));
	}
	facts_done(&same);
}

void apply_compare(struct comparison *c, const struct apply_plan *p, const struct plan_request *q,
		   const struct safety *s) {
	struct fact_delta d;
	struct sides sides;

	*c = (struct comparison){ 0 };
	meaning_init(&c->meaning, &c->arena);
	if (!p->before.machine)
		return;
	facts_init(&sides.old, &c->arena);
	facts_init(&sides.now, &c->arena);
	for (size_t i = 0; i < p->items.n; i++)
		read_item(c, &p->items.v[i], q->machine, &sides);
	fact_delta_init(&d, &sides.old, &sides.now, &c->arena);
	if (!fact_delta_is_empty(&d))
		meaning_add(&c->meaning, q->machine, &sides.old, &sides.now, &d);
	meaning_sort(&c->meaning);
	judge(c, p, q, &d, s);
	fact_delta_done(&d);
	facts_done(&sides.old);
	facts_done(&sides.now);
}
