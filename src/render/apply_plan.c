/* SPDX-License-Identifier: Apache-2.0 */
#include "render/apply_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "render/apply_reload.h"
#include "render/walk.h"

struct planning {
	struct apply_plan *p;
	const struct plan_request *q;
	const struct apply_state *s;
	struct walk walk;
	struct manifest after;
	VEC(const char *) kept; /* targets that have a file that stays as it is */
};

/* What is in a file's place. */
struct found {
	enum { FOUND_NOTHING, FOUND_FILE, FOUND_LINK, FOUND_OTHER } kind;
	struct stat st;
	struct str text;  /* FOUND_FILE */
	const char *link; /* FOUND_LINK: where it points to */
	char digest[DIGEST_SIZE];
};

static void refuse(struct planning *g, const char *path, bool forceable, const char *why) {
	const struct plan_refusal r = { path, why, forceable };

	if (!forceable || !g->q->force)
		vec_push(&g->p->refusals, r);
}

static int look_at(struct planning *g, int folder, const char *name, struct found *f) {
	char target[PATH_MAX];
	ssize_t n;
	int r;

	if (fstatat(folder, name, &f->st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISLNK(f->st.st_mode)) {
		n = readlinkat(folder, name, target, sizeof(target));
		f->kind = FOUND_LINK;
		f->link = arena_dup(g->p->arena, target, n < 0 ? 0 : (size_t)n);
		return n < 0 ? -errno : 0;
	}
	f->kind = S_ISREG(f->st.st_mode) ? FOUND_FILE : FOUND_OTHER;
	if (f->kind == FOUND_OTHER)
		return 0;
	r = state_read(folder, name, g->p->arena, &f->text);
	if (r == 0)
		digest_bytes(f->text.s, f->text.len, f->digest);
	return r;
}

/* The folders of a path that do not exist. */
static void add_folders(struct planning *g, const char *path) {
	for (size_t i = 1; path[i]; i++) {
		char *folder;
		bool known = false;

		if (path[i] != '/')
			continue;
		folder = arena_dup(g->p->arena, path, i);
		for (size_t k = 0; k < g->p->folders.n && !known; k++)
			known = strcmp(g->p->folders.v[k], folder) == 0;
		if (!known && faccessat(g->s->root_fd, folder + 1, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			vec_push(&g->p->folders, folder);
	}
}

/* 0 with found->kind; 1 when it was refused; or -errno. */
static int find(struct planning *g, const char *path, struct found *f) {
	const char *name;
	int folder, r = walk_to(&g->walk, path + 1, NULL, NULL, &folder, &name);

	*f = (struct found){ 0 };
	if (r == -ENOENT)
		return 0;
	if (r == -ELOOP || r == -ENOTDIR) {
		refuse(g, path, false,
		       r == -ELOOP ? "a folder of its path is a symbolic link, and none is followed; name the real "
				     "folder in the target, or make it one"
				   : "a folder of its path is a file; remove that");
		return 1;
	}
	return r < 0 ? r : look_at(g, folder, name, f);
}

/* Whether what is there may be replaced or removed: the notes, after the refusals. */
static unsigned judge(struct planning *g, const char *path, const struct found *f, const struct manifest_file *known) {
	struct arena *a = g->p->arena;

	if (f->kind == FOUND_NOTHING)
		return known ? PLAN_GONE : 0;
	if (f->kind == FOUND_OTHER) {
		refuse(g, path, false, "it is no regular file; remove it");
		return 0;
	}
	if (f->kind == FOUND_LINK) {
		refuse(g, path, true,
		       arena_printf(a, "it is a symbolic link to %s; --force replaces the link itself by a file",
				    f->link));
		return PLAN_LINK | PLAN_FOREIGN;
	}
	if (!known)
		return PLAN_FOREIGN;
	if (strcmp(known->digest, f->digest) == 0)
		return 0;
	refuse(g, path, true,
	       "it was changed by hand since the last apply; bring the change into the estate, or --force (the file "
	       "is kept in the backup)");
	return PLAN_BY_HAND;
}

static mode_t mode_for(const struct apply_file *w, const struct found *f, const struct manifest_file *known) {
	const mode_t there = f->st.st_mode & 0777;

	return known && f->kind == FOUND_FILE && there != known->mode ? there : w->mode;
}

static void remember(struct planning *g, const struct apply_file *w) {
	struct manifest_file m = { .target = w->target, .path = w->path, .mode = w->mode & 0777 };

	digest_bytes(w->text.s, w->text.len, m.digest);
	vec_push(&g->after.files, m);
}

static int plan_file(struct planning *g, const struct apply_file *w) {
	const struct manifest_file *known = manifest_find(&g->p->before, w->path);
	struct plan_item item = { .target = w->target, .path = w->path, .text = w->text, .mode = w->mode };
	struct found f;
	bool same;
	int r = find(g, w->path, &f);

	remember(g, w);
	if (r != 0)
		return MIN(r, 0);
	same = f.kind == FOUND_FILE && str_eq(f.text, w->text);
	item.mode = mode_for(w, &f, known);
	if (same && item.mode == (f.st.st_mode & 0777)) {
		vec_push(&g->kept, w->target);
		g->p->same++;
		return 0;
	}
	item.op = f.kind == FOUND_NOTHING ? JOURNAL_NEW : JOURNAL_REPLACE;
	item.notes = same ? PLAN_MODE : judge(g, w->path, &f, known);
	item.old = f.st;
	item.old_text = f.text;
	if (f.kind == FOUND_NOTHING)
		add_folders(g, w->path);
	vec_push(&g->p->items, item);
	return 0;
}

static bool is_wanted(const struct plan_request *q, const char *path) {
	for (size_t i = 0; i < q->n; i++)
		if (strcmp(q->files[i].path, path) == 0)
			return true;
	return false;
}

/* A file of the last apply: rendered again, of a target that was not asked for, or to go. */
static int plan_old(struct planning *g, const struct manifest_file *known) {
	struct plan_item item = { .op = JOURNAL_REMOVE, .target = known->target, .path = known->path };
	struct found f;
	int r;

	if (is_wanted(g->q, known->path))
		return 0;
	if (g->q->target && strcmp(g->q->target, known->target) != 0) {
		vec_push(&g->after.files, *known);
		return 0;
	}
	r = find(g, known->path, &f);
	if (r != 0 || f.kind == FOUND_NOTHING)
		return MIN(r, 0);
	item.notes = judge(g, known->path, &f, known);
	item.old = f.st;
	item.old_text = f.text;
	vec_push(&g->p->items, item);
	return 0;
}

static int read_manifest(struct planning *g) {
	struct str text;
	int r = g->s->fd < 0 ? -ENOENT : state_read(g->s->fd, JOURNAL_MANIFEST, g->p->arena, &text);

	if (r == 0)
		r = manifest_parse(g->p->arena, text, &g->p->before);
	return r == -ENOENT ? 0 : r;
}

/* The manifest is a file of the transaction like any other: it never says what is not so. */
static int plan_manifest(struct planning *g) {
	struct plan_item item = { .op = JOURNAL_NEW, .target = "hextet", .path = JOURNAL_MANIFEST, .mode = 0644 };
	struct text text = { 0 };
	struct str old = { 0 };
	int r = g->s->fd < 0 ? -ENOENT : state_read(g->s->fd, JOURNAL_MANIFEST, g->p->arena, &old);

	if (r < 0 && r != -ENOENT)
		return r;
	g->after.machine = g->q->machine;
	manifest_sort(&g->after);
	manifest_format(&g->after, &text);
	item.text = (struct str){ arena_dup(g->p->arena, text.v, text.n), text.n };
	text_done(&text);
	if (r == 0 && str_eq(old, item.text))
		return 0;
	if (r == 0 && fstatat(g->s->fd, JOURNAL_MANIFEST, &item.old, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	item.op = r == 0 ? JOURNAL_REPLACE : JOURNAL_NEW;
	vec_push(&g->p->items, item);
	return 0;
}

static int by_path(const void *pa, const void *pb) {
	const struct plan_item *a = pa, *b = pb;

	return strcmp(a->path, b->path);
}

static bool has_after(const struct planning *g, const char *target) {
	for (size_t i = 0; i < g->after.files.n; i++)
		if (strcmp(g->after.files.v[i].target, target) == 0)
			return true;
	return false;
}

static bool had_before(const struct planning *g, const char *target) {
	for (size_t i = 0; i < g->p->items.n; i++)
		if (g->p->items.v[i].op != JOURNAL_NEW && strcmp(g->p->items.v[i].target, target) == 0)
			return true;
	for (size_t i = 0; i < g->kept.n; i++)
		if (strcmp(g->kept.v[i], target) == 0)
			return true;
	return false;
}

/* A target is reloaded when it has files afterwards, and withdrawn when it has none any more; both ways. */
static void plan_reloads(struct planning *g) {
	for (size_t i = 0; i < g->p->items.n; i++) {
		const char *target = g->p->items.v[i].target;
		const struct journal_reload now = { target, !has_after(g, target) };
		const struct journal_reload then = { target, !had_before(g, target) };
		bool known = false;

		for (size_t k = 0; k < g->p->reloads.n && !known; k++)
			known = strcmp(g->p->reloads.v[k].target, target) == 0;
		if (known)
			continue;
		vec_push(&g->p->reloads, now);
		vec_push(&g->p->unreloads, then);
	}
	reload_sort(g->p->reloads.v, g->p->reloads.n);
	reload_sort(g->p->unreloads.v, g->p->unreloads.n);
}

static int plan_all(struct planning *g, const char **ret_path) {
	int r = read_manifest(g);

	if (r < 0)
		*ret_path = JOURNAL_MANIFEST;
	if (r == 0 && g->p->before.machine && strcmp(g->p->before.machine, g->q->machine) != 0)
		refuse(g, "/", true,
		       arena_printf(g->p->arena, "the last apply was for %s; --force when the machine has a new name",
				    g->p->before.machine));
	for (size_t i = 0; i < g->q->n && r == 0; i++) {
		r = plan_file(g, &g->q->files[i]);
		*ret_path = g->q->files[i].path;
	}
	for (size_t i = 0; i < g->p->before.files.n && r == 0; i++) {
		r = plan_old(g, &g->p->before.files.v[i]);
		*ret_path = g->p->before.files.v[i].path;
	}
	if (r < 0)
		return r;
	if (g->p->items.n)
		qsort(g->p->items.v, g->p->items.n, sizeof(*g->p->items.v), by_path);
	plan_reloads(g);
	*ret_path = JOURNAL_MANIFEST;
	return plan_manifest(g);
}

int plan_make(struct apply_plan *p, struct arena *a, const struct apply_state *s, const struct plan_request *q,
	      const char **ret_path) {
	struct planning g = { .p = p, .q = q, .s = s };
	int r;

	*p = (struct apply_plan){ .arena = a };
	walk_init(&g.walk, s->root_fd);
	r = plan_all(&g, ret_path);
	walk_done(&g.walk);
	manifest_done(&g.after);
	vec_done(&g.kept);
	if (r < 0)
		plan_done(p);
	return r;
}

void plan_done(struct apply_plan *p) {
	vec_done(&p->items);
	vec_done(&p->refusals);
	vec_done(&p->folders);
	vec_done(&p->reloads);
	vec_done(&p->unreloads);
	manifest_done(&p->before);
}

uint32_t plan_changes(const struct apply_plan *p) {
	const size_t n = p->items.n;

	return (uint32_t)(n && strcmp(p->items.v[n - 1].path, JOURNAL_MANIFEST) == 0 ? n - 1 : n);
}
