/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OUT/.hextet/lock is held with flock(2) while a tree is open, so a staging folder that is found at open was left by a
 * render that was killed, and can go. Everything that can fail for want of space or permission — new content, the new
 * manifest, folders — happens before the first rename; a rename that fails all the same is undone with those before it,
 * because a replaced file was exchanged (RENAME_EXCHANGE) with its successor and waits in staging. The files of a
 * machine that OUT does not have yet are staged in their folders and appear with one rename. One syncfs(2) before the
 * renames and one behind them take the place of an fsync for each file: the order "all new bytes, then all new names"
 * is the same and 100 000 files take seconds, not minutes.
 */
#include "render/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"

#define OWN ".hextet"
#define STAGING "staging"
#define NEW "new" /* no staged file is called that: they are NUMBER-NUMBER */
#define MANIFEST "manifest"

enum { MANIFEST_MAX = 256 << 20, STAGED_NAME_MAX = 32 };

static void staged_name(char text[static STAGED_NAME_MAX], unsigned worker, uint32_t number) {
	(void)snprintf(text, STAGED_NAME_MAX, "%u-%u", worker, number);
}

static int make_dir(int at, const char *name) {
	return mkdirat(at, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_dir(int at, const char *name, int flags, int *ret_fd) {
	*ret_fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	return *ret_fd < 0 ? -errno : 0;
}

static int take_lock(struct tree *t) {
	t->lock_fd = openat(t->own_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (t->lock_fd < 0)
		return -errno;
	if (flock(t->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

static int fresh_staging(struct tree *t) {
	int r = mkdirat(t->own_fd, STAGING, 0755) < 0 ? -errno : 0;

	if (r == -EEXIST) {
		r = file_remove_at(t->own_fd, STAGING);
		if (r == 0 && mkdirat(t->own_fd, STAGING, 0755) < 0)
			r = -errno;
	}
	if (r == 0)
		r = open_dir(t->own_fd, STAGING, O_NOFOLLOW, &t->staging_fd);
	if (r == 0)
		r = make_dir(t->staging_fd, NEW);
	return r < 0 ? r : open_dir(t->staging_fd, NEW, O_NOFOLLOW, &t->new_fd);
}

int tree_open(struct tree *t, const char *out, unsigned workers) {
	int r = file_make_dirs(out, 0755);

	*t = (struct tree){
		.out_fd = -1, .own_fd = -1, .lock_fd = -1, .staging_fd = -1, .new_fd = -1, .workers = workers
	};
	t->worker = arena_array(&t->arena, struct tree_worker, workers);
	t->mask = umask(0);
	(void)umask(t->mask);
	if (r == 0)
		r = open_dir(AT_FDCWD, out, 0, &t->out_fd);
	for (unsigned w = 0; w < workers; w++)
		walk_init(&t->worker[w].walk, t->out_fd);
	if (r == 0)
		r = make_dir(t->out_fd, OWN);
	if (r == 0)
		r = open_dir(t->out_fd, OWN, O_NOFOLLOW, &t->own_fd);
	if (r == 0)
		r = take_lock(t);
	if (r == 0)
		r = fresh_staging(t);
	if (r < 0)
		tree_close(t);
	return r;
}

/*
 * Whether the file has this content and mode already: 1 yes, 0 no, -ENOENT when there is none, or an error that a
 * rename would meet later.
 */
static int is_current(struct walk *w, const char *path, struct str text, mode_t mode) {
	_cleanup_(fdp_close) int fd = -1;
	char buffer[16384];
	const char *name;
	struct stat st;
	int r, folder;

	r = walk_to(w, path, NULL, NULL, &folder, &name);
	if (r < 0)
		return r;
	fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ELOOP ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size != text.len || (st.st_mode & 07777) != mode)
		return 0;
	while (text.len) {
		ssize_t n = read(fd, buffer, MIN(sizeof(buffer), text.len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || memcmp(buffer, text.s, (size_t)n) != 0)
			return n < 0 ? -errno : 0;
		text = (struct str){ text.s + n, text.len - (size_t)n };
	}
	return 1;
}

static int stage(struct tree *t, int at, const char *name, struct str text, mode_t mode) {
	_cleanup_(fdp_close) int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return -errno;
	r = file_write_fd(fd, text.s, text.len);
	if (r < 0)
		return r;
	return mode & t->mask && fchmod(fd, mode) < 0 ? -errno : 0;
}

/* No empty part, no ".", no "..": a path from OUT always stays inside it. */
static bool path_is_safe(const char *path) {
	struct str rest = str_of(path), part;

	while (str_split(&rest, '/', &part))
		if (!part.len || str_is(part, ".") || str_is(part, "..") || memchr(part.s, '\n', part.len))
			return false;
	return true;
}

/* Whether OUT lacks the machine's folder: then one is begun in staging. 1 yes, 0 no, or -errno. Asked once a machine.
 */
static int is_fresh(struct tree *t, struct tree_worker *w, const char *machine) {
	if (w->machine && strcmp(w->machine, machine) == 0)
		return w->fresh;
	w->machine = arena_dup(&w->arena, machine, strlen(machine));
	w->before = "";
	w->fresh = faccessat(t->out_fd, machine, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
	if (w->fresh && mkdirat(t->new_fd, machine, 0755) == 0)
		vec_push(&w->machines, w->machine);
	else if (w->fresh && errno != EEXIST)
		return -errno;
	return w->fresh;
}

/* Creates the folders of a fresh path that the one before it did not have. */
static int make_fresh_folders(struct tree *t, struct tree_worker *w, const char *path) {
	char copy[PATH_MAX];
	size_t same = 0;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", path) >= sizeof(copy))
		return -ENAMETOOLONG;
	for (size_t i = 0; w->before[i] && w->before[i] == path[i]; i++)
		if (path[i] == '/')
			same = i + 1;
	for (size_t i = same; copy[i]; i++) {
		int r;

		if (copy[i] != '/')
			continue;
		copy[i] = 0;
		r = make_dir(t->new_fd, copy);
		copy[i] = '/';
		if (r < 0)
			return r;
	}
	w->before = path;
	return 0;
}

static int add_fresh(struct tree *t, struct tree_worker *w, struct tree_entry *e, struct str text, mode_t mode) {
	int r = make_fresh_folders(t, w, e->path);

	e->fresh = true;
	return r < 0 ? r : stage(t, t->new_fd, e->path, text, mode);
}

/* A file of a machine that is there: staged under a number unless its content is right. */
static int add_numbered(struct tree *t, struct tree_worker *w, struct tree_entry *e, struct str text, mode_t mode) {
	char name[STAGED_NAME_MAX];
	int r = is_current(&w->walk, e->path, text, mode);

	e->exists = r >= 0;
	if (r != 0 && r != -ENOENT)
		return MIN(r, 0);
	e->number = ++w->staged;
	staged_name(name, e->worker, e->number);
	return stage(t, t->staging_fd, name, text, mode);
}

int tree_add(struct tree *t, unsigned worker, const char *target, const char *machine, const char *path,
	     struct str text, mode_t mode) {
	struct tree_worker *w = &t->worker[worker];
	struct tree_entry entry = { .target = target, .worker = worker };
	int r = -EINVAL;

	entry.path = arena_printf(&w->arena, "%s%s", machine, path);
	if (path_is_safe(entry.path) && machine[0] != '.')
		r = is_fresh(t, w, machine);
	if (r >= 0)
		r = r ? add_fresh(t, w, &entry, text, mode) : add_numbered(t, w, &entry, text, mode);
	if (r < 0) {
		(void)snprintf(w->failed, sizeof(w->failed), "%s", entry.path);
		return r;
	}
	vec_push(&w->entries, entry);
	return 0;
}

const char *tree_failed_path(const struct tree *t) {
	for (unsigned i = 0; i < t->workers; i++)
		if (t->worker[i].failed[0])
			return t->worker[i].failed;
	return "";
}

static int entry_order(const void *pa, const void *pb) {
	const struct tree_entry *a = pa, *b = pb;

	return strcmp(a->path, b->path);
}

/* A commit in progress: what to undo when it fails. */
struct commit {
	struct tree *t;
	VEC(struct tree_entry) list; /* of all workers, by path */
	VEC(const char *) machines;  /* fresh ones, of all workers */
	VEC(char *) made;            /* folders, outer ones first */
	VEC(char *) stale;           /* files of the old manifest that are no longer rendered */
	struct arena arena;
	struct walk walk;
	bool (*keep)(const char *target, const char *machine, void *user);
	void *user;
	FILE *manifest;
	struct tree_stats stats;
};

static int failed_at(struct commit *c, const char *path, int r) {
	(void)snprintf(c->t->worker[0].failed, sizeof(c->t->worker[0].failed), "%s", path);
	return r;
}

static void remember_folder(const char *path, size_t len, void *user) {
	struct commit *c = user;

	vec_push(&c->made, arena_dup(&c->arena, path, len));
}

static int make_folders(struct commit *c) {
	for (size_t i = 0; i < c->list.n; i++) {
		const struct tree_entry *e = &c->list.v[i];
		const char *name;
		int folder, r = 0;

		if (i && strcmp(e[-1].path, e->path) == 0)
			r = -EEXIST;
		else if (e->number)
			r = walk_to(&c->walk, e->path, remember_folder, c, &folder, &name);
		if (r < 0)
			return failed_at(c, e->path, r);
	}
	return 0;
}

static void remove_made_folders(struct commit *c) {
	const char *name;
	int folder;

	while (c->made.n)
		if (walk_to(&c->walk, c->made.v[--c->made.n], NULL, NULL, &folder, &name) == 0)
			(void)unlinkat(folder, name, AT_REMOVEDIR);
}

/* A folder that came into the file's place since tree_add() is in staging now, and must go back. */
static bool is_folder(int at, const char *name) {
	struct stat st;

	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Exchanges a staged file with the one in its place, or moves it there when there is none; undo is the reverse. File
 * systems without these flags (NFS) get a plain rename, and lose the undo. */
static int put_one(struct commit *c, const struct tree_entry *e) {
	unsigned flags = e->exists ? RENAME_EXCHANGE : RENAME_NOREPLACE;
	const int staging = c->t->staging_fd;
	char staged[STAGED_NAME_MAX];
	const char *name;
	int r, folder;

	staged_name(staged, e->worker, e->number);
	r = walk_to(&c->walk, e->path, NULL, NULL, &folder, &name);
	if (r < 0)
		return r;
	r = renameat2(staging, staged, folder, name, flags);
	if (r < 0 && errno == EINVAL)
		r = renameat(staging, staged, folder, name);
	if (r < 0)
		return -errno;
	if (e->exists && is_folder(staging, staged)) {
		(void)renameat2(staging, staged, folder, name, RENAME_EXCHANGE);
		return -EISDIR;
	}
	return 0;
}

static void take_back(struct commit *c, const struct tree_entry *e) {
	char staged[STAGED_NAME_MAX];
	const char *name;
	int folder;

	staged_name(staged, e->worker, e->number);
	if (walk_to(&c->walk, e->path, NULL, NULL, &folder, &name) == 0)
		(void)renameat2(folder, name, c->t->staging_fd, staged, e->exists ? RENAME_EXCHANGE : RENAME_NOREPLACE);
}

/* Moves the first n fresh machines back. */
static void take_back_fresh(struct commit *c, size_t n) {
	while (n--)
		(void)renameat(c->t->out_fd, c->machines.v[n], c->t->new_fd, c->machines.v[n]);
}

static int put_fresh(struct commit *c) {
	for (size_t i = 0; i < c->machines.n; i++) {
		const char *name = c->machines.v[i];
		int r = renameat2(c->t->new_fd, name, c->t->out_fd, name, RENAME_NOREPLACE);

		if (r < 0 && errno == EINVAL)
			r = renameat(c->t->new_fd, name, c->t->out_fd, name);
		if (r < 0) {
			r = -errno;
			take_back_fresh(c, i);
			return failed_at(c, name, r);
		}
	}
	return 0;
}

static int put_in_place(struct commit *c) {
	int r = put_fresh(c);

	for (size_t i = 0; r == 0 && i < c->list.n; i++) {
		const struct tree_entry *e = &c->list.v[i];

		c->stats.written += e->number || e->fresh;
		r = e->number ? put_one(c, e) : 0;
		if (r == 0)
			continue;
		while (i--)
			if (c->list.v[i].number)
				take_back(c, &c->list.v[i]);
		take_back_fresh(c, c->machines.n);
		return failed_at(c, e->path, r);
	}
	return r;
}

/* Removes a file and the folders above it that are empty now. */
static void remove_file(struct commit *c, const char *path) {
	const char *name;
	int folder;

	if (walk_to(&c->walk, path, NULL, NULL, &folder, &name) == 0) {
		(void)unlinkat(folder, name, 0);
		walk_prune(&c->walk);
	}
}

/* A line of the old manifest: rendered again, kept, or stale. */
static int sort_out(const char *target, const char *path, void *user) {
	struct commit *c = user;
	const struct tree_entry key = { .path = path };
	char machine[256];

	if (!path_is_safe(path) || path[0] == '.')
		return 0; /* nobody but us writes it, and we did not */
	if (c->list.n && bsearch(&key, c->list.v, c->list.n, sizeof(key), entry_order))
		return 0;
	(void)snprintf(machine, sizeof(machine), "%.*s", (int)strcspn(path, "/"), path);
	if (c->keep && c->keep(target, machine, c->user))
		(void)fprintf(c->manifest, "%s\t%s\n", target, path);
	else
		vec_push(&c->stale, arena_dup(&c->arena, path, strlen(path)));
	return 0;
}

static int stage_manifest(struct commit *c) {
	char *text = NULL, out[64];
	size_t len = 0;
	int r;

	c->manifest = open_memstream(&text, &len);
	if (!c->manifest)
		return -errno;
	for (size_t i = 0; i < c->list.n; i++)
		(void)fprintf(c->manifest, "%s\t%s\n", c->list.v[i].target, c->list.v[i].path);
	(void)snprintf(out, sizeof(out), "/proc/self/fd/%d", c->t->out_fd);
	r = tree_each_manifest(out, sort_out, c);
	if (fclose(c->manifest) == EOF && r == 0)
		r = -errno;
	if (r == 0)
		r = stage(c->t, c->t->staging_fd, MANIFEST, (struct str){ text, len }, 0644);
	free(text);
	return r < 0 ? failed_at(c, OWN "/" MANIFEST, r) : 0;
}

static int commit(struct commit *c) {
	struct tree *t = c->t;
	int r = stage_manifest(c);

	if (r == 0)
		r = make_folders(c);
	if (r == 0 && syncfs(t->out_fd) < 0)
		r = -errno;
	if (r == 0)
		r = put_in_place(c);
	if (r < 0) {
		remove_made_folders(c);
		return r;
	}
	/* From here on there is only forward: a stale file that stays is swept by the next render. */
	for (size_t i = 0; i < c->stale.n; i++)
		remove_file(c, c->stale.v[i]);
	c->stats.removed = (uint32_t)c->stale.n;
	c->stats.files = (uint32_t)c->list.n;
	if (renameat(t->staging_fd, MANIFEST, t->own_fd, MANIFEST) < 0)
		return failed_at(c, OWN "/" MANIFEST, -errno);
	return syncfs(t->out_fd) < 0 ? -errno : 0;
}

int tree_commit(struct tree *t, bool (*keep)(const char *target, const char *machine, void *user), void *user,
		struct tree_stats *ret_stats) {
	struct commit c = { .t = t, .keep = keep, .user = user };
	int r;

	walk_init(&c.walk, t->out_fd);
	for (unsigned w = 0; w < t->workers; w++) {
		for (size_t i = 0; i < t->worker[w].entries.n; i++)
			vec_push(&c.list, t->worker[w].entries.v[i]);
		for (size_t i = 0; i < t->worker[w].machines.n; i++)
			vec_push(&c.machines, t->worker[w].machines.v[i]);
	}
	if (c.list.n)
		qsort(c.list.v, c.list.n, sizeof(*c.list.v), entry_order);
	r = commit(&c);
	walk_done(&c.walk);
	vec_done(&c.list);
	vec_done(&c.machines);
	vec_done(&c.made);
	vec_done(&c.stale);
	arena_done(&c.arena);
	if (r == 0)
		*ret_stats = c.stats;
	return r;
}

void tree_close(struct tree *t) {
	if (t->new_fd >= 0)
		(void)close(t->new_fd);
	if (t->staging_fd >= 0) {
		(void)file_remove_at(t->own_fd, STAGING);
		(void)close(t->staging_fd);
	}
	if (t->lock_fd >= 0)
		(void)close(t->lock_fd);
	if (t->own_fd >= 0)
		(void)close(t->own_fd);
	if (t->out_fd >= 0)
		(void)close(t->out_fd);
	for (unsigned w = 0; w < t->workers; w++) {
		vec_done(&t->worker[w].entries);
		vec_done(&t->worker[w].machines);
		walk_done(&t->worker[w].walk);
		arena_done(&t->worker[w].arena);
	}
	arena_done(&t->arena);
}

int tree_each_manifest(const char *out, int (*fn)(const char *target, const char *path, void *user), void *user) {
	_cleanup_(arena_done) struct arena a = { 0 };
	char *text, *line, *next;
	size_t len;
	int r = file_read(&a, arena_printf(&a, "%s/" OWN "/" MANIFEST, out), MANIFEST_MAX, &text, &len);

	if (r == -ENOENT)
		return 0;
	if (r == 0 && memchr(text, 0, len))
		return -EBADMSG;
	for (line = text; r == 0 && *line; line = next) {
		char *tab = strchr(line, '\t'), *end = strchr(line, '\n');

		if (!tab || !end || tab > end)
			return -EBADMSG;
		*tab = *end = 0;
		next = end + 1;
		r = fn(line, tab + 1, user);
	}
	return r;
}
