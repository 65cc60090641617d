/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers take machines from a shared counter, a few at a time. All that they share is const: the model, the templates,
 * the estate's data and what targets prepared. Each has an arena for one machine's values and files, another for its
 * diagnostics; the latter are joined when all threads have ended.
 */
#include "render/render.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "render/data.h"
#include "target_table.h"

enum { CHUNK = 8, WORKERS_MAX = 64 };

const struct target *const target_list[] = { TARGET_LIST NULL };

struct render_worker {
	struct render *render;
	unsigned number;
	struct arena arena;      /* one machine */
	struct arena diag_arena; /* until the end */
	struct diags diags;
	struct text buffer;
	VEC(struct output_file) files;
	struct run *run;
};

struct run {
	struct render *render;
	render_sink sink;
	void *user;
	atomic_uint next;   /* machine */
	atomic_int result;  /* the first failure ends the run */
	atomic_bool broken; /* a template or datum was wrong: go on, to report all, but succeed no more */
};

bool target_applies(const struct target *t, const struct estate *e, const struct machine *m) {
	return (!t->roles || (t->roles & m->role_bits)) && (!t->applies || t->applies(e, m));
}

static bool chosen(const struct render_options *o, const struct target *t) {
	return !o->target || strcmp(o->target, t->name) == 0;
}

static bool machine_chosen(const struct render_options *o, const struct machine *m) {
	return !o->machine || strcmp(o->machine, m->name.s) == 0;
}

/* Compiles the templates of one target; false when one does not compile. */
static bool prepare_target(struct render *r, const struct target *t, struct prepared *p) {
	size_t n = 0;
	bool ok = true;

	while (t->templates[n])
		n++;
	*p = (struct prepared){ .target = t, .templates = arena_array(r->arena, const struct template *, n) };
	for (size_t i = 0; i < n; i++) {
		p->templates[i] = template_set_get(&r->set, t->templates[i], r->diags);
		ok &= p->templates[i] != NULL;
	}
	if (ok && t->prepare)
		p->shared = t->prepare(r->estate, r->arena);
	return ok;
}

static bool known_machine(const struct estate *e, const char *name) {
	return map_get(&e->machine_by_name, name, strlen(name)) != NULL;
}

int render_init(struct render *r, struct arena *a, struct sources *s, struct diags *d, const struct estate *e,
		const struct render_options *options) {
	bool ok = true;

	*r = (struct render){ .arena = a, .diags = d, .estate = e, .options = *options };
	template_set_init(&r->set, a, s, TEMPLATE_OURS);
	template_set_add_folder(&r->set, arena_printf(a, "%s/templates", e->folder));
	template_set_add_builtin(&r->set);
	if (options->machine && !known_machine(e, options->machine))
		return -ENOENT;
	r->targets = arena_array(a, struct prepared, ARRAY_LEN(target_list));
	for (const struct target *const *t = target_list; *t; t++)
		if (chosen(options, *t))
			ok &= prepare_target(r, *t, &r->targets[r->target_count++]);
	if (!r->target_count)
		return -ENOENT;
	r->estate_data = data_estate(e, a);
	return ok ? 0 : -EINVAL;
}

void render_done(struct render *r) {
	template_set_done(&r->set);
}

void target_set(struct target_run *r, const char *name, const struct value *v) {
	value_dict_set(r->arena, r->own, name, v);
}

static const struct template *find_template(const struct prepared *p, const char *name) {
	for (size_t i = 0; p->target->templates[i]; i++)
		if (strcmp(p->target->templates[i], name) == 0)
			return p->templates[i];
	abort(); /* a target may only use what it lists */
}

int target_file(struct target_run *r, const char *path, const char *template, mode_t mode) {
	struct render_worker *w = r->worker;
	struct output_file f = {
		.target = r->target,
		.machine = r->machine,
		.path = arena_dup(r->arena, path, strlen(path)),
		.mode = mode,
	};
	struct template_run run = {
		.data = &r->scope,
		.arena = r->arena,
		.diags = r->diags,
		.map = w->render->options.want_maps ? &f.map : NULL,
	};

	w->buffer.n = 0;
	if (template_render(find_template(r->prepared, template), &run, &w->buffer) < 0) {
		line_map_done(&f.map);
		return -EINVAL;
	}
	f.text = (struct str){ arena_dup(r->arena, w->buffer.v, w->buffer.n), w->buffer.n };
	vec_push(&w->files, f);
	return 0;
}

static int render_target(struct render_worker *w, const struct prepared *p, const struct machine *m,
			 const struct scope *machine) {
	struct target_run r = {
		.estate = w->render->estate,
		.machine = m,
		.target = p->target,
		.shared = p->shared,
		.arena = &w->arena,
		.diags = &w->diags,
		.prepared = p,
		.worker = w,
		.own = value_dict(&w->arena, NO_LOC),
	};

	r.scope = (struct scope){ .dict = r.own, .parent = machine };
	return p->target->files(&r);
}

static int render_machine(struct render_worker *w, const struct machine *m) {
	const struct render *r = w->render;
	struct arena_mark mark = arena_mark(&w->arena);
	struct value *names = value_dict(&w->arena, NO_LOC);
	const struct scope scope = { .dict = names };
	int result = 0;

	value_dict_set(&w->arena, names, "estate", r->estate_data);
	value_dict_set(&w->arena, names, "machine", data_machine(r->estate, m, &w->arena));
	for (size_t i = 0; i < r->target_count && result == 0; i++)
		if (target_applies(r->targets[i].target, r->estate, m))
			result = render_target(w, &r->targets[i], m, &scope);
	if (result < 0)
		atomic_store(&w->run->broken, true);
	else if (w->files.n && !atomic_load(&w->run->broken))
		result = w->run->sink(w->files.v, w->files.n, w->number, &w->diags, w->run->user);
	else
		result = 0;
	for (size_t i = 0; i < w->files.n; i++)
		line_map_done(&w->files.v[i].map);
	w->files.n = 0;
	arena_release(&w->arena, mark);
	return atomic_load(&w->run->broken) ? 0 : result;
}

static void *work(void *arg) {
	struct render_worker *w = arg;
	const struct list *machines = &w->render->estate->machines;
	unsigned from;

	while ((from = atomic_fetch_add(&w->run->next, CHUNK)) < machines->n)
		for (unsigned i = from; i < MIN(from + CHUNK, machines->n); i++) {
			const struct machine *m = (const struct machine *)machines->items + i;
			int r = atomic_load(&w->run->result);

			if (r < 0)
				return NULL;
			if (!machine_chosen(&w->render->options, m))
				continue;
			r = render_machine(w, m);
			if (r < 0)
				atomic_store(&w->run->result, r);
		}
	return NULL;
}

unsigned render_workers(const struct render *r) {
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = r->options.threads ? r->options.threads : (unsigned)MAX(processors, 1);

	return r->options.machine ? 1 : MIN(n, (unsigned)WORKERS_MAX);
}

static void worker_init(struct render_worker *w, struct run *run, unsigned number) {
	*w = (struct render_worker){ .render = run->render, .run = run, .number = number };
	diags_init(&w->diags, &w->diag_arena, run->render->diags->sources);
}

/* Moves the worker's diagnostics to the caller's. */
static void worker_done(struct render_worker *w) {
	diags_append(w->render->diags, &w->diags);
	diags_done(&w->diags);
	vec_done(&w->files);
	text_done(&w->buffer);
	arena_done(&w->arena);
	arena_done(&w->diag_arena);
}

int render_run(struct render *r, render_sink sink, void *user) {
	struct run run = { .render = r, .sink = sink, .user = user };
	struct render_worker workers[WORKERS_MAX];
	pthread_t threads[WORKERS_MAX];
	unsigned n = render_workers(r), started = 0;

	for (unsigned i = 0; i < n; i++)
		worker_init(&workers[i], &run, i);
	/* This thread is worker 0; fewer threads than hoped for only take longer. */
	for (unsigned i = 1; i < n && pthread_create(&threads[i], NULL, work, &workers[i]) == 0; i++)
		started = i;
	(void)work(&workers[0]);
	for (unsigned i = 1; i <= started; i++)
		(void)pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < n; i++)
		worker_done(&workers[i]);
	if (atomic_load(&run.broken))
		return -EINVAL;
	return atomic_load(&run.result);
}
