/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OUT/.hextet/lock is held with flock(2) while a tree is open, so a staging folder that is found at open was left by a
 * render that was killed, and can go. One syncfs(2) before the renames and one behind them take the place of an fsync
 * for each file: the order "all new bytes, then all new names" is the same and 100 000 files take seconds, not minutes.
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
#define MANIFEST "manifest"

enum { MANIFEST_MAX = 256 << 20, STAGED_NAME_MAX = 32 };

static void staged_name(char text[static STAGED_NAME_MAX], unsigned worker, uint32_t number) {
	(void)snprintf(text, STAGED_NAME_MAX, "%u-%u", worker, number);
}

static int make_dir(int at, const char *name) {
	return mkdirat(at, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_dir(int at, const char *name, int *ret_fd) {
	*ret_fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

/* Staging is flat: nothing in it but files. */
static void remove_staging(struct tree *t) {
	for (unsigned w = 0; w < t->workers; w++)
		for (uint32_t n = 1; n <= t->worker[w].staged; n++) {
			char name[STAGED_NAME_MAX];

			staged_name(name, w, n);
			(void)unlinkat(t->staging_fd, name, 0);
		}
	(void)unlinkat(t->own_fd, STAGING, AT_REMOVEDIR);
}

static int take_lock(struct tree *t) {
	t->lock_fd = openat(t->own_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (t->lock_fd < 0)
		return -errno;
	if (flock(t->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

static int fresh_staging(struct tree *t) {
	int r = mkdirat(t->own_fd, STAGING, 0755) < 0 ? -errno : 0;

	if (r == -EEXIST) {
		r = file_remove_flat(t->own_fd, STAGING);
		if (r == 0 && mkdirat(t->own_fd, STAGING, 0755) < 0)
			r = -errno;
	}
	return r < 0 ? r : open_dir(t->own_fd, STAGING, &t->staging_fd);
}

int tree_open(struct tree *t, const char *out, unsigned workers) {
	int r = file_make_dirs(out, 0755);

	*t = (struct tree){ .out_fd = -1, .own_fd = -1, .lock_fd = -1, .staging_fd = -1, .workers = workers };
	t->worker = arena_array(&t->arena, struct tree_worker, workers);
	if (r == 0)
		r = open_dir(AT_FDCWD, out, &t->out_fd);
	if (r == 0)
		r = make_dir(t->out_fd, OWN);
	if (r == 0)
		r = open_dir(t->out_fd, OWN, &t->own_fd);
	if (r == 0)
		r = take_lock(t);
	if (r == 0)
		r = fresh_staging(t);
	if (r < 0)
		tree_close(t);
	return r;
}

/* Whether the file has this content and mode already. 0 no, 1 yes, or an error that a rename would meet later. */
static int is_current(int out_fd, const char *path, struct str text, mode_t mode) {
	_cleanup_(fdp_close) int fd = openat(out_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char buffer[16384];
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : -errno;
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

static int stage(struct tree *t, const char *name, struct str text, mode_t mode) {
	_cleanup_(fdp_close) int fd = openat(t->staging_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	while (text.len) {
		ssize_t n = write(fd, text.s, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text = (struct str){ text.s + n, text.len - (size_t)n };
	}
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

/* No empty part, no ".", no "..": a path from OUT always stays inside it. */
static bool path_is_safe(const char *path) {
	struct str rest = str_of(path), part;

	while (str_split(&rest, '/', &part))
		if (!part.len || str_is(part, ".") || str_is(part, "..") || memchr(part.s, '\n', part.len))
			return false;
	return true;
}

int tree_add(struct tree *t, unsigned worker, const char *target, const char *machine, const char *path,
	     struct str text, mode_t mode) {
	struct tree_worker *w = &t->worker[worker];
	struct tree_entry entry = { .target = target, .worker = worker };
	char name[STAGED_NAME_MAX];
	int r;

	entry.path = arena_printf(&w->arena, "%s%s", machine, path);
	r = path_is_safe(entry.path) && machine[0] != '.' ? is_current(t->out_fd, entry.path, text, mode) : -EINVAL;
	if (r == 0) {
		entry.number = ++w->staged;
		staged_name(name, worker, entry.number);
		r = stage(t, name, text, mode);
	}
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

/* Creates the folders of a path that the path before it did not have. */
static int make_parents(int out_fd, const char *path, const char *before) {
	char copy[PATH_MAX];
	size_t same = 0;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", path) >= sizeof(copy))
		return -ENAMETOOLONG;
	for (size_t i = 0; before[i] && before[i] == path[i]; i++)
		if (path[i] == '/')
			same = i + 1;
	for (size_t i = same; copy[i]; i++) {
		int r;

		if (copy[i] != '/')
			continue;
		copy[i] = 0;
		r = make_dir(out_fd, copy);
		copy[i] = '/';
		if (r < 0)
			return r;
	}
	return 0;
}

static int put_in_place(struct tree *t, const struct tree_entry *list, size_t n, struct tree_stats *stats) {
	const char *before = "";

	for (size_t i = 0; i < n; i++) {
		char name[STAGED_NAME_MAX];
		int r;

		if (!list[i].number)
			continue;
		staged_name(name, list[i].worker, list[i].number);
		r = make_parents(t->out_fd, list[i].path, before);
		if (r == 0 && renameat(t->staging_fd, name, t->out_fd, list[i].path) < 0)
			r = -errno;
		if (r < 0) {
			(void)snprintf(t->worker[0].failed, sizeof(t->worker[0].failed), "%s", list[i].path);
			return r;
		}
		before = list[i].path;
		stats->written++;
	}
	return 0;
}

/* Removes a file and the folders above it that are empty now. */
static void remove_file(int out_fd, const char *path) {
	char copy[PATH_MAX], *slash;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	(void)unlinkat(out_fd, copy, 0);
	while ((slash = strrchr(copy, '/'))) {
		*slash = 0;
		if (unlinkat(out_fd, copy, AT_REMOVEDIR) < 0)
			break;
	}
}

struct sweep {
	struct tree *t;
	const struct tree_entry *list;
	size_t n;
	bool (*keep)(const char *target, const char *machine, void *user);
	void *user;
	FILE *manifest; /* lines kept from the old one are added to the new one */
	struct tree_stats *stats;
};

static int sweep_line(const char *target, const char *path, void *user) {
	struct sweep *s = user;
	const struct tree_entry key = { .path = path };
	char machine[256];

	if (s->n && bsearch(&key, s->list, s->n, sizeof(key), entry_order))
		return 0;
	(void)snprintf(machine, sizeof(machine), "%.*s", (int)strcspn(path, "/"), path);
	if (s->keep && s->keep(target, machine, s->user)) {
		(void)fprintf(s->manifest, "%s\t%s\n", target, path);
		return 0;
	}
	if (path_is_safe(path) && path[0] != '.') {
		remove_file(s->t->out_fd, path);
		s->stats->removed++;
	}
	return 0;
}

/* The new manifest is written after the files are in place and the old ones gone: a crash in between repeats both. */
static int finish_manifest(struct sweep *s) {
	char *text = NULL, path[64];
	size_t len = 0;
	int r;

	s->manifest = open_memstream(&text, &len);
	if (!s->manifest)
		return -errno;
	for (size_t i = 0; i < s->n; i++)
		(void)fprintf(s->manifest, "%s\t%s\n", s->list[i].target, s->list[i].path);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", s->t->out_fd);
	r = tree_each_manifest(path, sweep_line, s);
	if (fclose(s->manifest) == EOF && r == 0)
		r = -errno;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/" MANIFEST, s->t->own_fd);
	if (r == 0)
		r = file_write_atomic(path, text, len, 0644);
	free(text);
	return r;
}

int tree_commit(struct tree *t, bool (*keep)(const char *target, const char *machine, void *user), void *user,
		struct tree_stats *ret_stats) {
	struct tree_stats stats = { 0 };
	VEC(struct tree_entry) all = { 0 };
	struct sweep s = { .t = t, .keep = keep, .user = user, .stats = &stats };
	int r = 0;

	for (unsigned w = 0; w < t->workers; w++)
		for (size_t i = 0; i < t->worker[w].entries.n; i++)
			vec_push(&all, t->worker[w].entries.v[i]);
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), entry_order);
	s.list = all.v;
	s.n = all.n;
	if (syncfs(t->out_fd) < 0)
		r = -errno;
	if (r == 0)
		r = put_in_place(t, all.v, all.n, &stats);
	if (r == 0)
		r = finish_manifest(&s);
	if (r == 0 && syncfs(t->out_fd) < 0)
		r = -errno;
	stats.files = (uint32_t)all.n;
	vec_done(&all);
	if (r == 0)
		*ret_stats = stats;
	return r;
}

void tree_close(struct tree *t) {
	if (t->staging_fd >= 0) {
		remove_staging(t);
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
