/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest says which files an earlier render wrote, by machine. Each machine is compared in the thread that
 * rendered it: files that are equal cost one read; of the others the old and the new facts of the whole machine are
 * compared at once, so that a listener that moves between files is no change. A file that a reader refuses, old or new,
 * has no facts on either side: it is a textual change with a note, not a flow that went.
 *
 * Facts of unchanged files are only counted, and only when the machine loses something: a share needs the whole.
 */
#include "render/compare.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "render/compare_lines.h"
#include "render/tree.h"

enum { OLD_MAX = 64 << 20, REFUSALS_MAX = 10 };

struct old_file {
	const struct target *target; /* NULL: it is not known any more */
	const char *target_name;
	const char *path; /* relative to OUT */
	bool seen;
};

struct old_machine {
	const char *name;
	VEC(struct old_file) files;
	bool seen;
};

struct compare_worker {
	struct arena arena, scratch; /* kept; of one machine */
	VEC(struct change) list;
	VEC(const char *) refusals;
	struct meaning meaning;
	struct fact_count count[_FACT_KIND_MAX];
	char failed[256];
};

struct compare {
	struct arena arena;
	struct compare_options options;
	struct render *render;
	struct map machines; /* struct old_machine by name */
	VEC(struct old_machine *) list;
	unsigned workers;
	struct compare_worker *worker;
};

/* One machine at work. */
struct machine_run {
	struct compare *cmp;
	struct compare_worker *w;
	const char *name;
	struct old_machine *was; /* NULL: OUT does not have it */
	struct facts old, now;
	VEC(const struct output_file *) same; /* files that did not change */
};

const char *change_to_str(enum change_kind k) {
	static const char *const names[_CHANGE_MAX] = { "new", "changed", "removed" };

	return names[k];
}

static const struct target *target_named(const char *name) {
	for (const struct target *const *t = target_list; *t; t++)
		if (strcmp((*t)->name, name) == 0)
			return *t;
	return NULL;
}

static int add_old(const char *target, const char *path, void *user) {
	struct compare *c = user;
	const struct render_options *o = &c->render->options;
	const size_t len = strcspn(path, "/");
	struct old_machine *m = map_get(&c->machines, path, len);

	if ((o->machine && (strlen(o->machine) != len || memcmp(o->machine, path, len) != 0)) ||
	    (o->target && strcmp(o->target, target) != 0))
		return 0;
	if (!m) {
		m = arena_new(&c->arena, struct old_machine);
		m->name = arena_dup(&c->arena, path, len);
		(void)map_add(&c->machines, m->name, len, m);
		vec_push(&c->list, m);
	}
	vec_push(&m->files, (struct old_file){ .target = target_named(target),
					       .target_name = arena_dup(&c->arena, target, strlen(target)),
					       .path = arena_dup(&c->arena, path, strlen(path)) });
	return 0;
}

int compare_new(struct render *r, const struct compare_options *options, struct compare **ret_c) {
	struct compare *c = calloc(1, sizeof(*c));
	int result;

	if (!c)
		return -ENOMEM;
	c->options = *options;
	c->render = r;
	c->workers = render_workers(r);
	c->worker = arena_array(&c->arena, struct compare_worker, c->workers);
	map_init(&c->machines, &c->arena);
	for (unsigned w = 0; w < c->workers; w++)
		meaning_init(&c->worker[w].meaning, &c->worker[w].arena);
	result = tree_each_manifest(options->out, add_old, c);
	if (result < 0)
		compare_free(c);
	else
		*ret_c = c;
	return result;
}

void compare_free(struct compare *c) {
	for (unsigned w = 0; w < c->workers; w++) {
		meaning_done(&c->worker[w].meaning);
		vec_done(&c->worker[w].list);
		vec_done(&c->worker[w].refusals);
		arena_done(&c->worker[w].arena);
		arena_done(&c->worker[w].scratch);
	}
	for (size_t i = 0; i < c->list.n; i++)
		vec_done(&c->list.v[i]->files);
	vec_done(&c->list);
	map_done(&c->machines);
	arena_done(&c->arena);
	free(c);
}

bool compare_has_old(const struct compare *c) {
	return c->list.n > 0;
}

static const char *keep(struct machine_run *m, const char *s) {
	return arena_dup(&m->w->arena, s, strlen(s));
}

/* Reads a file of OUT into the scratch arena; -ENOENT when there is none. */
static int read_old(struct machine_run *m, const char *path, struct str *ret_text) {
	const char *full = arena_printf(&m->w->scratch, "%s/%s", m->cmp->options.out, path);
	char *text;
	int r = file_read(&m->w->scratch, full, OLD_MAX, &text, &ret_text->len);

	ret_text->s = text;
	if (r < 0 && r != -ENOENT)
		(void)snprintf(m->w->failed, sizeof(m->w->failed), "%s", full);
	return r;
}

static void add_sizes(struct fact_count count[_FACT_KIND_MAX], const struct facts *f) {
	count[FACT_FLOW].old += (uint32_t)f->flows.boxes.n;
	count[FACT_RECORD].old += (uint32_t)f->records.n;
	count[FACT_LISTENER].old += (uint32_t)f->listeners.n;
}

static void count_same(const struct machine_run *m, struct fact_count count[_FACT_KIND_MAX]) {
	for (size_t i = 0; i < m->same.n; i++) {
		const struct output_file *f = m->same.v[i];
		const char *error;
		struct facts facts;

		facts_init(&facts, &m->w->scratch);
		if (facts_read(&facts, f->target, f->path, f->text, &error) == 0)
			add_sizes(count, &facts);
		facts_done(&facts);
	}
}

/* Cuts the list of facts back to what it was. */
static void take_back(struct facts *f, const size_t n[static 4]) {
	f->flows.boxes.n = n[0];
	f->records.n = n[1];
	f->listeners.n = n[2];
	f->other.n = n[3];
}

static bool same_other(const struct facts *a, size_t from_a, const struct facts *b, size_t from_b) {
	if (a->other.n - from_a != b->other.n - from_b)
		return false;
	for (size_t i = from_a; i < a->other.n; i++)
		if (strcmp(a->other.v[i], b->other.v[from_b + i - from_a]) != 0)
			return false;
	return true;
}

/* Whether what was added to both sides since means the same: then the change was in the text only. */
static bool same_facts(struct machine_run *m, const size_t n[static 4], const size_t k[static 4]) {
	struct facts a, b;
	struct fact_delta d;
	bool same;

	facts_init(&a, &m->w->scratch);
	facts_init(&b, &m->w->scratch);
	for (size_t i = n[0]; i < m->old.flows.boxes.n; i++)
		vec_push(&a.flows.boxes, m->old.flows.boxes.v[i]);
	for (size_t i = k[0]; i < m->now.flows.boxes.n; i++)
		vec_push(&b.flows.boxes, m->now.flows.boxes.v[i]);
	for (size_t i = n[1]; i < m->old.records.n; i++)
		vec_push(&a.records, m->old.records.v[i]);
	for (size_t i = k[1]; i < m->now.records.n; i++)
		vec_push(&b.records, m->now.records.v[i]);
	for (size_t i = n[2]; i < m->old.listeners.n; i++)
		vec_push(&a.listeners, m->old.listeners.v[i]);
	for (size_t i = k[2]; i < m->now.listeners.n; i++)
		vec_push(&b.listeners, m->now.listeners.v[i]);
	fact_delta_init(&d, &a, &b, &m->w->scratch);
	same = fact_delta_is_empty(&d);
	fact_delta_done(&d);
	facts_done(&a);
	facts_done(&b);
	return same;
}

/* Adds the facts of both sides; says in the change what they do not show. An empty text is a file that is not there. */
static void read_facts(struct machine_run *m, const struct target *t, const char *path, struct str old, struct str now,
		       struct change *c) {
	const size_t n[] = { m->old.flows.boxes.n, m->old.records.n, m->old.listeners.n, m->old.other.n };
	const size_t k[] = { m->now.flows.boxes.n, m->now.records.n, m->now.listeners.n, m->now.other.n };
	const char *error;

	c->is_text = true;
	if (!t || !t->facts)
		return;
	if (c->kind != CHANGE_NEW && facts_read(&m->old, t, path, old, &error) < 0)
		c->note = arena_printf(&m->w->arena, "its meaning is not known: the old file, %s", error);
	else if (c->kind != CHANGE_REMOVED && facts_read(&m->now, t, path, now, &error) < 0)
		c->note = arena_printf(&m->w->arena, "its meaning is not known: the new file, %s", error);
	if (c->note) {
		take_back(&m->old, n);
		take_back(&m->now, k);
	} else if (c->kind == CHANGE_CHANGED && !same_other(&m->old, n[3], &m->now, k[3]))
		c->note = "statements change that are no flows by address and port: see --lines";
	else
		c->is_text = same_facts(m, n, k);
}

static int compare_file(struct machine_run *m, const struct output_file *f, bool same) {
	struct change c = { .machine = m->name, .target = f->target->name, .kind = CHANGE_CHANGED };
	struct str old = f->text;
	int r = 0;

	c.path = arena_printf(&m->w->scratch, "%s%s", m->name, f->path);
	if (!same)
		r = read_old(m, c.path, &old);
	if (r == 0 && str_eq(old, f->text)) {
		vec_push(&m->same, f);
		return 0;
	}
	if (r == -ENOENT) {
		c.kind = CHANGE_NEW;
		old = STR("");
		r = 0;
	}
	c.path = keep(m, c.path);
	if (r == 0)
		read_facts(m, f->target, f->path, old, f->text, &c);
	if (r == 0 && m->cmp->options.want_lines)
		r = compare_lines(old, f->text, &m->w->arena, &c);
	if (r == 0)
		vec_push(&m->w->list, c);
	else if (!m->w->failed[0])
		(void)snprintf(m->w->failed, sizeof(m->w->failed), "%s/%s", m->cmp->options.out, c.path);
	return r;
}

static int remove_file(struct machine_run *m, const struct old_file *f) {
	struct change c = {
		.machine = m->name, .target = f->target_name, .path = keep(m, f->path), .kind = CHANGE_REMOVED
	};
	struct str old = STR("");
	int r = read_old(m, f->path, &old);

	if (r == 0)
		read_facts(m, f->target, f->path + strlen(m->name), old, STR(""), &c);
	if (r < 0 && r != -ENOENT)
		return r;
	c.is_text = true;
	vec_push(&m->w->list, c);
	return 0;
}

static void refuse(struct machine_run *m, const struct fact_count *c, enum fact_kind kind) {
	const struct safety *s = &m->cmp->options.safety;

	if (!safety_refuses(s, c))
		return;
	if (m->w->refusals.n < REFUSALS_MAX)
		vec_push(&m->w->refusals, arena_printf(&m->w->arena, "%s: %s", m->name,
						       safety_text(s, c, fact_kind_to_str(kind), &m->w->arena)));
}

/* What the whole machine has apart. */
static void judge(struct machine_run *m) {
	struct fact_delta d;

	fact_delta_init(&d, &m->old, &m->now, &m->w->scratch);
	if (!fact_delta_is_empty(&d))
		meaning_add(&m->w->meaning, m->name, &m->old, &m->now, &d);
	if (d.count[FACT_FLOW].lost || d.count[FACT_RECORD].lost || d.count[FACT_LISTENER].lost)
		count_same(m, d.count);
	for (unsigned k = 0; k < _FACT_KIND_MAX; k++) {
		const struct fact_count c = d.count[k];

		if (!c.lost)
			continue;
		refuse(m, &c, k);
		m->w->count[k].old += c.old;
		m->w->count[k].lost += c.lost;
	}
	fact_delta_done(&d);
}

static bool is_rendered(const struct old_file *old, const char *machine, const struct output_file *files, size_t n) {
	const char *path = old->path + strlen(machine);

	for (size_t i = 0; i < n; i++)
		if (strcmp(path, files[i].path) == 0)
			return true;
	return false;
}

static int compare_files(struct compare *c, const char *name, const struct output_file *files, size_t n,
			 const bool *same, unsigned worker) {
	struct machine_run m = {
		.cmp = c, .w = &c->worker[worker], .name = name, .was = map_get(&c->machines, name, strlen(name))
	};
	const struct arena_mark mark = arena_mark(&m.w->scratch);
	int r = 0;

	facts_init(&m.old, &m.w->scratch);
	facts_init(&m.now, &m.w->scratch);
	for (size_t i = 0; i < n && r == 0; i++)
		r = compare_file(&m, &files[i], same && same[i]);
	for (size_t i = 0; m.was && i < m.was->files.n && r == 0; i++)
		if (!is_rendered(&m.was->files.v[i], name, files, n))
			r = remove_file(&m, &m.was->files.v[i]);
	if (m.was)
		m.was->seen = true;
	if (r == 0)
		judge(&m);
	facts_done(&m.old);
	facts_done(&m.now);
	vec_done(&m.same);
	arena_release(&m.w->scratch, mark);
	return r;
}

int compare_machine(struct compare *c, const struct output_file *files, size_t n, const bool *same, unsigned worker) {
	return compare_files(c, files[0].machine->name.s, files, n, same, worker);
}

static int change_order(const void *pa, const void *pb) {
	const struct change *a = pa, *b = pb;

	return strcmp(a->path, b->path);
}

static int text_order(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Takes a worker's findings over into the caller's arena. */
static void collect(struct comparison *c, const struct compare_worker *w, struct fact_count sum[_FACT_KIND_MAX]) {
	for (size_t i = 0; i < w->list.n; i++) {
		struct change item = w->list.v[i];

		item.machine = arena_dup(&c->arena, item.machine, strlen(item.machine));
		item.target = arena_dup(&c->arena, item.target, strlen(item.target));
		item.path = arena_dup(&c->arena, item.path, strlen(item.path));
		item.note = item.note ? arena_dup(&c->arena, item.note, strlen(item.note)) : NULL;
		item.diff.s = item.diff.len ? arena_dup(&c->arena, item.diff.s, item.diff.len) : NULL;
		vec_push(&c->files, item);
	}
	for (size_t i = 0; i < w->refusals.n; i++)
		vec_push(&c->refusals, arena_dup(&c->arena, w->refusals.v[i], strlen(w->refusals.v[i])));
	for (unsigned k = 0; k < _FACT_KIND_MAX; k++) {
		sum[k].old += w->count[k].old;
		sum[k].lost += w->count[k].lost;
	}
	if (w->failed[0])
		(void)snprintf(c->failed, sizeof(c->failed), "%s", w->failed);
}

/* Old machines that no sink has seen: gone from the estate, or without a file now. */
static int sweep(struct compare *c, struct comparison *ret) {
	int r = 0;

	for (size_t i = 0; i < c->list.n && r == 0; i++) {
		struct old_machine *m = c->list.v[i];

		if (m->seen)
			continue;
		if (map_get(&c->render->estate->machine_by_name, m->name, strlen(m->name))) {
			r = compare_files(c, m->name, NULL, 0, NULL, 0);
			continue;
		}
		vec_push(&ret->gone, arena_dup(&ret->arena, m->name, strlen(m->name)));
		for (size_t k = 0; k < m->files.n; k++) {
			const struct old_file *f = &m->files.v[k];
			const struct change change = { .kind = CHANGE_REMOVED,
						       .machine = m->name,
						       .target = f->target_name,
						       .path = f->path,
						       .is_text = true };

			vec_push(&c->worker[0].list, change);
		}
	}
	return r;
}

/* The whole, when more than one machine changes. */
static void refuse_whole(struct compare *c, struct comparison *ret, const struct fact_count sum[_FACT_KIND_MAX]) {
	const struct fact_count machines = { (uint32_t)c->list.n, (uint32_t)ret->gone.n };
	const struct safety *s = &c->options.safety;

	for (unsigned k = 0; k < _FACT_KIND_MAX; k++)
		if (safety_refuses(s, &sum[k]))
			vec_push(&ret->refusals,
				 arena_printf(&ret->arena, "all machines that change: %s",
					      safety_text(s, &sum[k], fact_kind_to_str(k), &ret->arena)));
	if (safety_refuses(s, &machines))
		vec_push(&ret->refusals, safety_text(s, &machines, "machine", &ret->arena));
}

static void copy_names(struct comparison *c) {
	for (size_t i = 0; i < c->meaning.list.n; i++)
		for (size_t k = 0; k < c->meaning.list.v[i]->machines.n; k++) {
			const char **name = &c->meaning.list.v[i]->machines.v[k];

			*name = arena_dup(&c->arena, *name, strlen(*name));
		}
}

int compare_finish(struct compare *c, struct comparison *ret) {
	struct fact_count sum[_FACT_KIND_MAX] = { 0 };
	int r;

	*ret = (struct comparison){ 0 };
	meaning_init(&ret->meaning, &ret->arena);
	r = sweep(c, ret);
	for (unsigned w = 0; w < c->workers; w++) {
		collect(ret, &c->worker[w], sum);
		meaning_join(&ret->meaning, &c->worker[w].meaning);
	}
	copy_names(ret);
	if (ret->files.n)
		qsort(ret->files.v, ret->files.n, sizeof(*ret->files.v), change_order);
	if (ret->refusals.n)
		qsort(ret->refusals.v, ret->refusals.n, sizeof(*ret->refusals.v), text_order);
	refuse_whole(c, ret, sum);
	meaning_sort(&ret->meaning);
	return r;
}

static int sink(struct output_file *files, size_t n, unsigned worker, struct diags *d, void *user) {
	(void)d;
	return compare_machine(user, files, n, NULL, worker);
}

int comparison_make(struct comparison *c, struct render *r, const struct compare_options *options) {
	struct compare *cmp;
	int result = compare_new(r, options, &cmp), finish;

	*c = (struct comparison){ 0 };
	if (result < 0)
		return result;
	result = render_run(r, sink, cmp);
	finish = compare_finish(cmp, c);
	compare_free(cmp);
	return result < 0 ? result : finish;
}

void comparison_done(struct comparison *c) {
	meaning_done(&c->meaning);
	vec_done(&c->files);
	vec_done(&c->gone);
	vec_done(&c->refusals);
	arena_done(&c->arena);
}
