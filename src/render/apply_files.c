/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A failed step is told to the caller, who takes everything back. The steps of taking back look at what is there, not
 * at how far the apply came:
 *
 *     replace, remove   .old is there → rename it over the name (nothing happens when both are one file: POSIX), unlink
 *                       .old. It is not there → it was never made, or is back already.
 *     new               .new is there → the name is not ours. It is not → the name is, or was never made.
 */
#include "render/apply_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include "base/file.h"

enum { NAME_SIZE = 64, ATTRIBUTE_MAX = 64 << 10 };

struct place {
	int folder; /* borrowed from the walk, O_PATH */
	const char *name;
	char new_name[NAME_SIZE], old_name[NAME_SIZE];
};

void files_init(struct apply_files *f, const struct apply_state *s, const struct journal *j) {
	f->state = s;
	f->journal = j;
	f->failed[0] = 0;
	walk_init(&f->walk, s->root_fd);
}

void files_done(struct apply_files *f) {
	walk_done(&f->walk);
}

static int failed_at(struct apply_files *f, const char *path, int r) {
	if (r < 0 && !f->failed[0])
		(void)snprintf(f->failed, sizeof(f->failed), "%s", path);
	return r;
}

static int find_place(struct apply_files *f, size_t number, struct place *p) {
	const struct journal_entry *e = &f->journal->entries.v[number];

	(void)snprintf(p->new_name, NAME_SIZE, ".hextet-%s-%zu.new", f->journal->id, number);
	(void)snprintf(p->old_name, NAME_SIZE, ".hextet-%s-%zu.old", f->journal->id, number);
	if (e->path[0] == '/')
		return walk_to(&f->walk, e->path + 1, NULL, NULL, &p->folder, &p->name);
	p->folder = f->state->fd;
	p->name = e->path;
	return 0;
}

static size_t folder_len(const char *path) {
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

/* Entries are sorted: one fsync for the last of each folder's neighbours. */
static int sync_folders(struct apply_files *f) {
	int result = 0;

	const size_t count = f->journal->entries.n;

	for (size_t i = 0; i < count; i++) {
		const char *path = f->journal->entries.v[i].path;
		const char *next = i + 1 < count ? f->journal->entries.v[i + 1].path : NULL;
		struct place p;
		int r;

		if (next && folder_len(path) == folder_len(next) && strncmp(path, next, folder_len(path)) == 0)
			continue;
		r = find_place(f, i, &p);
		if (r == 0)
			r = sync_folder(p.folder);
		if (r < 0 && r != -ENOENT)
			result = result ? result : failed_at(f, path, r);
	}
	return result;
}

static int make_folders(struct apply_files *f) {
	for (size_t i = 0; i < f->journal->folders.n; i++) {
		const char *path = f->journal->folders.v[i], *name;
		int folder, r = walk_to(&f->walk, path + 1, NULL, NULL, &folder, &name);

		if (r == 0 && mkdirat(folder, name, 0755) < 0)
			r = -errno;
		/* Whatever the umask. */
		if (r == 0 && fchmodat(folder, name, 0755, 0) < 0)
			r = -errno;
		if (r == 0)
			r = sync_folder(folder);
		if (r < 0)
			return failed_at(f, path, r);
		f->walk.missing = 0;
	}
	return 0;
}

static int remove_folders(struct apply_files *f) {
	int result = 0;

	for (size_t i = f->journal->folders.n; i > 0; i--) {
		const char *path = f->journal->folders.v[i - 1], *name;
		int folder, r = walk_to(&f->walk, path + 1, NULL, NULL, &folder, &name);

		/* What somebody else has put there stays. */
		if (r == 0 && unlinkat(folder, name, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY && errno != EEXIST)
			r = -errno;
		if (r == 0)
			r = sync_folder(folder);
		if (r < 0 && r != -ENOENT)
			result = result ? result : failed_at(f, path, r);
	}
	return result;
}

/* What a hash of the content says must not outlive the content. */
static bool is_copied(const char *name) {
	return strcmp(name, "security.ima") != 0 && strcmp(name, "security.evm") != 0;
}

/* SELinux contexts and access lists are extended attributes. */
static int copy_attributes(int from, int to) {
	char names[ATTRIBUTE_MAX], value[ATTRIBUTE_MAX];
	ssize_t len = flistxattr(from, names, sizeof(names));

	if (len < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (const char *name = names; name < names + len; name += strlen(name) + 1) {
		ssize_t n = is_copied(name) ? fgetxattr(from, name, value, sizeof(value)) : -1;

		if (!is_copied(name))
			continue;
		if (n < 0 || fsetxattr(to, name, value, (size_t)n, 0) < 0)
			return -errno;
	}
	return 0;
}

/* The new file gets what the old one had. */
static int inherit(const struct place *p, const struct stat *old, int to) {
	_cleanup_(fdp_close) int from = openat(p->folder, p->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat now;

	if (from < 0)
		return errno == ENOENT || errno == ELOOP ? -ESTALE : -errno;
	if (fstat(to, &now) < 0)
		return -errno;
	if ((now.st_uid != old->st_uid || now.st_gid != old->st_gid) && fchown(to, old->st_uid, old->st_gid) < 0)
		return -errno;
	return copy_attributes(from, to);
}

static int stage_new(const struct place *p, const struct plan_item *item) {
	_cleanup_(fdp_close) int fd = -1;
	int r;

	fd = openat(p->folder, p->new_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = file_write_fd(fd, item->text.s, item->text.len);
	if (r == 0 && item->op == JOURNAL_REPLACE && !(item->notes & PLAN_LINK))
		r = inherit(p, &item->old, fd);
	if (r == 0 && fchmod(fd, item->mode & 0777) < 0)
		r = -errno;
	return r < 0 ? r : sync_fd(fd);
}

static bool is_same(const struct stat *a, const struct stat *b) {
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int keep_old(const struct place *p, const struct plan_item *item) {
	struct stat st;

	if (linkat(p->folder, p->name, p->folder, p->old_name, 0) < 0)
		return errno == ENOENT ? -ESTALE : errno == EPERM || errno == ENOTSUP ? -EOPNOTSUPP : -errno;
	if (fstatat(p->folder, p->old_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return is_same(&st, &item->old) ? 0 : -ESTALE;
}

static void ignore_made(const char *path, size_t len, void *user) {
	(void)path;
	(void)len;
	(void)user;
}

/* A copy of what somebody else has written, below backup/ID in the state folder. */
static int back_up(struct apply_files *f, const struct place *from, const struct plan_item *item) {
	_cleanup_(walk_done) struct walk walk = { 0 };
	_cleanup_(fdp_close) int top = -1;
	char path[PATH_MAX], link[PATH_MAX];
	const char *name;
	ssize_t n;
	int folder, r;

	if ((mkdirat(f->state->fd, "backup", 0700) < 0 && errno != EEXIST) || sync_fd(f->state->fd) < 0)
		return -errno;
	top = openat(f->state->fd, "backup", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (top < 0)
		return -errno;
	walk_init(&walk, top);
	if ((size_t)snprintf(path, sizeof(path), "%s%s", f->journal->id, item->path) >= sizeof(path))
		return -ENAMETOOLONG;
	r = walk_to(&walk, path, ignore_made, NULL, &folder, &name);
	if (r < 0)
		return r;
	if (!(item->notes & PLAN_LINK))
		return state_write(folder, name, item->old_text);
	n = readlinkat(from->folder, from->name, link, sizeof(link) - 1);
	if (n < 0)
		return -errno;
	link[n] = 0;
	return symlinkat(link, folder, name) < 0 ? -errno : 0;
}

static int stage_one(struct apply_files *f, size_t number, const struct plan_item *item) {
	struct place p;
	int r = find_place(f, number, &p);

	if (r == 0 && item->op != JOURNAL_REMOVE)
		r = stage_new(&p, item);
	if (r == 0 && item->op != JOURNAL_NEW)
		r = keep_old(&p, item);
	if (r == 0 && item->op != JOURNAL_NEW && item->notes & (PLAN_FOREIGN | PLAN_BY_HAND))
		r = back_up(f, &p, item);
	return failed_at(f, item->path, r);
}

int files_stage(struct apply_files *f, const struct plan_item *items) {
	int r = make_folders(f);

	for (size_t i = 0; i < f->journal->entries.n && r == 0; i++)
		r = stage_one(f, i, &items[i]);
	if (r == 0)
		r = sync_folders(f);
	/* Backups, with their folders. */
	if (r == 0 && syncfs(f->state->fd) < 0)
		r = -errno;
	return r;
}

/* Whether the name is still the file whose second name is kept: editors replace files, too. */
static int check_unchanged(const struct place *p) {
	struct stat now, kept;

	if (fstatat(p->folder, p->old_name, &kept, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (fstatat(p->folder, p->name, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	return is_same(&now, &kept) ? 0 : -ESTALE;
}

static int install_one(const struct place *p, enum journal_op op) {
	int r = op == JOURNAL_NEW ? 0 : check_unchanged(p);

	if (r < 0)
		return r;
	if (op == JOURNAL_REMOVE)
		return unlinkat(p->folder, p->name, 0) < 0 ? -errno : 0;
	if (op == JOURNAL_REPLACE)
		return renameat(p->folder, p->new_name, p->folder, p->name) < 0 ? -errno : 0;
	r = renameat2(p->folder, p->new_name, p->folder, p->name, RENAME_NOREPLACE);
	if (r < 0 && errno == EINVAL)
		r = renameat(p->folder, p->new_name, p->folder, p->name);
	return r < 0 ? errno == EEXIST ? -ESTALE : -errno : 0;
}

int files_install(struct apply_files *f) {
	int r = 0;

	for (size_t i = 0; i < f->journal->entries.n && r == 0; i++) {
		struct place p;

		r = find_place(f, i, &p);
		if (r == 0)
			r = install_one(&p, f->journal->entries.v[i].op);
		(void)failed_at(f, f->journal->entries.v[i].path, r);
	}
	return r < 0 ? r : sync_folders(f);
}

static int remove_name(int folder, const char *name) {
	return unlinkat(folder, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static bool is_there(int folder, const char *name) {
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int undo_one(const struct place *p, enum journal_op op, bool installed) {
	int r = 0;

	if (op == JOURNAL_NEW) {
		if (installed && !is_there(p->folder, p->new_name))
			r = remove_name(p->folder, p->name);
	} else if (renameat(p->folder, p->old_name, p->folder, p->name) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0)
		r = remove_name(p->folder, p->old_name);
	return r < 0 ? r : remove_name(p->folder, p->new_name);
}

static int remove_backup(struct apply_files *f) {
	_cleanup_(fdp_close) int top = openat(f->state->fd, "backup", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = top < 0 ? -errno : file_remove_at(top, f->journal->id);

	return r == -ENOENT ? 0 : failed_at(f, "backup", r);
}

int files_undo(struct apply_files *f, bool installed) {
	int r, result = 0;

	for (size_t i = f->journal->entries.n; i > 0; i--) {
		const struct journal_entry *e = &f->journal->entries.v[i - 1];
		struct place p;

		r = find_place(f, i - 1, &p);
		if (r == 0)
			r = undo_one(&p, e->op, installed);
		/* A folder that is not there was not made yet, or is gone again. */
		if (r < 0 && r != -ENOENT)
			result = result ? result : failed_at(f, e->path, r);
	}
	r = sync_folders(f);
	result = result ? result : r;
	r = remove_folders(f);
	result = result ? result : r;
	r = remove_backup(f);
	return result ? result : r;
}

int files_clean(struct apply_files *f) {
	int result = 0, r;

	for (size_t i = 0; i < f->journal->entries.n; i++) {
		struct place p;

		r = find_place(f, i, &p);
		if (r == 0)
			r = remove_name(p.folder, p.old_name);
		if (r < 0 && r != -ENOENT)
			result = result ? result : failed_at(f, f->journal->entries.v[i].path, r);
	}
	r = sync_folders(f);
	return result ? result : r;
}
