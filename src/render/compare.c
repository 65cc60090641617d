/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are equal cost one read. For the others diff(1) makes the text, reading the new content through our own
 * /proc/PID/fd: no temporary file.
 */
#include "render/compare.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "render/child.h"
#include "render/tree.h"

enum { OLD_MAX = 64 << 20, DIFF_MAX = 4 << 20 };

struct compare_worker {
	struct arena arena;
	VEC(struct change) list;
	VEC(const char *) seen; /* every path that is rendered */
	char failed[256];
};

struct compare {
	const char *out;
	struct compare_worker *workers;
};

const char *change_to_str(enum change_kind k) {
	static const char *const names[_CHANGE_MAX] = { "new", "changed", "removed" };

	return names[k];
}

static void count_lines(struct change *c) {
	struct str rest = c->diff, line;

	for (int i = 0; str_split(&rest, '\n', &line); i++) {
		if (i < 2 || !line.len)
			continue;
		c->added += line.s[0] == '+';
		c->deleted += line.s[0] == '-';
	}
}

/* Exit status 1 of diff(1) is "they differ". */
static int run_diff(struct compare_worker *w, const char *old_path, struct str text, struct change *c) {
	_cleanup_(fdp_close) int fd = memfd_create("rendered", MFD_CLOEXEC);
	const char *new_path = arena_printf(&w->arena, "/proc/%d/fd/%d", getpid(), fd);
	const char *const argv[] = {
		"diff",
		"-u",
		"--label",
		arena_printf(&w->arena, "a/%s", c->path),
		"--label",
		arena_printf(&w->arena, "b/%s", c->path),
		c->kind == CHANGE_NEW ? "/dev/null" : old_path,
		new_path,
		NULL,
	};
	const struct child_options options = { .argv = argv, .limit_s = 60, .output_max = DIFF_MAX };
	int status, r;

	if (fd < 0)
		return -errno;
	r = file_write_fd(fd, text.s, text.len);
	if (r < 0)
		return r;
	r = child_run(&options, &w->arena, &status, &c->diff);
	if (r == 0 && status > 1)
		r = -EIO;
	if (r == 0)
		count_lines(c);
	return r;
}

static int compare_file(struct compare *cmp, struct compare_worker *w, const struct output_file *f) {
	struct change c = {
		.machine = arena_dup(&w->arena, f->machine->name.s, strlen(f->machine->name.s)),
		.target = f->target->name,
		.path = arena_printf(&w->arena, "%s%s", f->machine->name.s, f->path),
		.kind = CHANGE_CHANGED,
	};
	struct arena scratch = { 0 };
	const char *old_path = arena_printf(&w->arena, "%s/%s", cmp->out, c.path);
	char *old;
	size_t len;
	int r = file_read(&scratch, old_path, OLD_MAX, &old, &len);
	bool same = r == 0 && str_eq((struct str){ old, len }, f->text);

	arena_done(&scratch);
	vec_push(&w->seen, c.path);
	if (same)
		return 0;
	if (r == -ENOENT) {
		c.kind = CHANGE_NEW;
		r = 0;
	}
	if (r == 0)
		r = run_diff(w, old_path, f->text, &c);
	if (r < 0)
		(void)snprintf(w->failed, sizeof(w->failed), "%s", old_path);
	else
		vec_push(&w->list, c);
	return r;
}

static int sink(struct output_file *files, size_t n, unsigned worker, struct diags *d, void *user) {
	struct compare *cmp = user;
	int r = 0;

	(void)d;
	for (size_t i = 0; i < n && r == 0; i++)
		r = compare_file(cmp, &cmp->workers[worker], &files[i]);
	return r;
}

static int path_order(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int change_order(const void *pa, const void *pb) {
	const struct change *a = pa, *b = pb;

	return strcmp(a->path, b->path);
}

struct removals {
	struct changes *changes;
	const struct render_options *options;
	const char **seen;
	size_t n;
};

static int find_removal(const char *target, const char *path, void *user) {
	struct removals *rm = user;
	struct arena *a = &rm->changes->arena;
	char *machine = arena_dup(a, path, strcspn(path, "/"));
	struct change c = { .kind = CHANGE_REMOVED, .machine = machine };

	if ((rm->options->machine && strcmp(rm->options->machine, machine) != 0) ||
	    (rm->options->target && strcmp(rm->options->target, target) != 0))
		return 0;
	if (rm->n && bsearch(&path, rm->seen, rm->n, sizeof(*rm->seen), path_order))
		return 0;
	c.target = arena_dup(a, target, strlen(target));
	c.path = arena_dup(a, path, strlen(path));
	vec_push(&rm->changes->list, c);
	return 0;
}

static int add_removals(struct changes *c, struct render *r, struct compare *cmp, unsigned workers) {
	VEC(const char *) seen = { 0 };
	struct removals rm = { .changes = c, .options = &r->options };
	int result;

	for (unsigned w = 0; w < workers; w++)
		for (size_t i = 0; i < cmp->workers[w].seen.n; i++)
			vec_push(&seen, cmp->workers[w].seen.v[i]);
	if (seen.n)
		qsort(seen.v, seen.n, sizeof(*seen.v), path_order);
	rm.seen = seen.v;
	rm.n = seen.n;
	result = tree_each_manifest(cmp->out, find_removal, &rm);
	vec_done(&seen);
	return result;
}

/* Takes a worker's findings over into the caller's arena. */
static void collect(struct changes *c, struct compare_worker *w) {
	for (size_t i = 0; i < w->list.n; i++) {
		struct change item = w->list.v[i];

		item.machine = arena_dup(&c->arena, item.machine, strlen(item.machine));
		item.path = arena_dup(&c->arena, item.path, strlen(item.path));
		item.diff.s = arena_dup(&c->arena, item.diff.s, item.diff.len);
		vec_push(&c->list, item);
	}
	if (w->failed[0])
		(void)snprintf(c->failed, sizeof(c->failed), "%s", w->failed);
}

int changes_find(struct changes *c, struct render *r, const char *out) {
	unsigned workers = render_workers(r);
	struct compare cmp = { .out = out };
	int result;

	*c = (struct changes){ 0 };
	cmp.workers = arena_array(&c->arena, struct compare_worker, workers);
	result = render_run(r, sink, &cmp);
	if (result == 0)
		result = add_removals(c, r, &cmp, workers);
	for (unsigned w = 0; w < workers; w++) {
		collect(c, &cmp.workers[w]);
		vec_done(&cmp.workers[w].list);
		vec_done(&cmp.workers[w].seen);
		arena_done(&cmp.workers[w].arena);
	}
	if (c->list.n)
		qsort(c->list.v, c->list.n, sizeof(*c->list.v), change_order);
	return result;
}

void changes_done(struct changes *c) {
	vec_done(&c->list);
	arena_done(&c->arena);
}
