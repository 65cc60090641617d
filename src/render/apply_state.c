/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder is looked up with RESOLVE_IN_ROOT: below an image's root a link /var → /data/var means the image's /data.
 * It lies in /var/lib/hextet, which may belong to the services' user: so it has to be its owner's alone, and all that
 * is read from it is parsed as from a stranger all the same.
 */
#include "render/apply_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/file.h"

#define FOLDER "var/lib/hextet/apply"

enum { SHORT_TEXT_MAX = 1024 };

static const char *const phase_names[_PHASE_MAX] = { "none", "stage", "install", "wait", "undo", "commit" };
static const char *const journal_names[_PHASE_MAX] = {
	NULL, "journal.stage", "journal.install", "journal.wait", "journal.undo", "journal.commit",
};

const char *phase_to_str(enum apply_phase p) {
	return phase_names[p];
}

int sync_fd(int fd) {
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

int sync_folder(int folder) {
	_cleanup_(fdp_close) int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : sync_fd(fd);
}

static int open_in_root(int root_fd, const char *path) {
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	/* A kernel before 5.6, or a filter that does not know the call. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int make_folder(int root_fd) {
	static const char path[] = FOLDER;
	char parent[sizeof(path)] = ".";

	for (size_t i = 0; i < sizeof(path); i++) {
		_cleanup_(fdp_close) int at = -1;
		char name[sizeof(path)];
		size_t from = i;

		while (path[i] && path[i] != '/')
			i++;
		(void)snprintf(name, sizeof(name), "%.*s", (int)(i - from), path + from);
		at = open_in_root(root_fd, parent);
		if (at < 0)
			return at;
		if (mkdirat(at, name, 0755) < 0 && errno != EEXIST)
			return -errno;
		if (sync_fd(at) < 0)
			return -errno;
		memcpy(parent, path, i);
		parent[i] = 0;
	}
	return 0;
}

static int check_owner(int fd) {
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == geteuid() && !(st.st_mode & 022) ? 0 : -EPERM;
}

int state_open(struct apply_state *s, const char *root, bool create) {
	*s = (struct apply_state){ -1, -1, -1 };
	s->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root_fd < 0)
		return -errno;
	s->fd = open_in_root(s->root_fd, FOLDER);
	if (s->fd == -ENOENT && create) {
		int r = make_folder(s->root_fd);

		s->fd = r < 0 ? r : open_in_root(s->root_fd, FOLDER);
	}
	if (s->fd < 0)
		return s->fd;
	return create ? check_owner(s->fd) : 0;
}

void state_close(struct apply_state *s) {
	state_unlock(s);
	if (s->fd >= 0)
		(void)close(s->fd);
	if (s->root_fd >= 0)
		(void)close(s->root_fd);
	s->fd = s->root_fd = -1;
}

static int flock_retry(int fd, int how) {
	int r;

	do
		r = flock(fd, how);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int state_lock(struct apply_state *s, bool wait, const char *what) {
	struct tm tm = { 0 };
	char text[SHORT_TEXT_MAX], clock[16];
	const time_t now = time(NULL);
	int r, fd = openat(s->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return -errno;
	r = flock_retry(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
	if (r < 0) {
		(void)close(fd);
		return r == -EWOULDBLOCK ? -EBUSY : r;
	}
	s->lock_fd = fd;
	(void)localtime_r(&now, &tm);
	(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	(void)snprintf(text, sizeof(text), "process %d (%s, since %s)\n", (int)getpid(), what, clock);
	/* For people only: a full disk is no reason not to go on. */
	if (ftruncate(fd, 0) == 0)
		(void)file_write_fd(fd, text, strlen(text));
	return 0;
}

void state_unlock(struct apply_state *s) {
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
	s->lock_fd = -1;
}

static int read_fd(int fd, struct arena *a, struct str *ret_text) {
	char path[32], *text;
	size_t len;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = file_read(a, path, RECORD_MAX, &text, &len);
	if (r == 0)
		*ret_text = (struct str){ text, len };
	return r;
}

int state_read(int at, const char *name, struct arena *a, struct str *ret_text) {
	_cleanup_(fdp_close) int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? read_fd(fd, a, ret_text) : -EBADMSG;
}

int state_write(int at, const char *name, struct str text) {
	_cleanup_(fdp_close) int fd = -1;
	char temporary[NAME_MAX + 1];
	int r;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.tmp", name) >= sizeof(temporary))
		return -ENAMETOOLONG;
	(void)unlinkat(at, temporary, 0);
	fd = openat(at, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	r = file_write_fd(fd, text.s, text.len);
	if (r == 0 && fchmod(fd, 0644) < 0)
		r = -errno;
	if (r == 0)
		r = sync_fd(fd);
	if (r == 0 && renameat(at, temporary, at, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(at, temporary, 0);
	return r < 0 ? r : sync_folder(at);
}

/* The first line of a small file that is only for people. */
static const char *read_line(const struct apply_state *s, const char *name, struct arena *a) {
	struct str text = { 0 }, line = { 0 };

	if (s->fd < 0 || state_read(s->fd, name, a, &text) < 0 || text.len > SHORT_TEXT_MAX)
		return "";
	(void)str_split(&text, '\n', &line);
	return arena_dup(a, line.s, line.len);
}

const char *state_holder(const struct apply_state *s, struct arena *a) {
	const char *line = read_line(s, "lock", a);

	return *line ? line : "another process";
}

int state_phase(const struct apply_state *s, enum apply_phase *ret_phase) {
	for (unsigned p = PHASE_STAGE; p < _PHASE_MAX; p++) {
		struct stat st;

		if (fstatat(s->fd, journal_names[p], &st, AT_SYMLINK_NOFOLLOW) == 0) {
			*ret_phase = p;
			return 0;
		}
		if (errno != ENOENT)
			return -errno;
	}
	*ret_phase = PHASE_NONE;
	return 0;
}

int state_read_journal(const struct apply_state *s, struct arena *a, enum apply_phase phase, struct journal *ret) {
	struct str text = { 0 };
	int r = state_read(s->fd, journal_names[phase], a, &text);

	return r < 0 ? r : journal_parse(a, text, ret);
}

int state_begin(const struct apply_state *s, const struct journal *j) {
	struct text text = { 0 };
	int r;

	journal_format(j, &text);
	r = state_write(s->fd, journal_names[PHASE_STAGE], (struct str){ text.v, text.n });
	text_done(&text);
	return r;
}

int state_end(const struct apply_state *s, enum apply_phase phase) {
	if (unlinkat(s->fd, journal_names[phase], 0) < 0 && errno != ENOENT)
		return -errno;
	return sync_fd(s->fd);
}

void state_tidy(const struct apply_state *s) {
	static const char *const names[] = { "journal.stage.tmp", "deadline.tmp", "last.tmp" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)unlinkat(s->fd, names[i], 0);
}

int state_advance(const struct apply_state *s, enum apply_phase from, enum apply_phase to) {
	if (renameat(s->fd, journal_names[from], s->fd, journal_names[to]) < 0)
		return -errno;
	return sync_fd(s->fd);
}

void boot_id(char ret_id[static BOOT_ID_SIZE]) {
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	memset(ret_id, '0', BOOT_ID_SIZE - 1);
	ret_id[BOOT_ID_SIZE - 1] = 0;
	if (fd < 0)
		return;
	if (read(fd, ret_id, BOOT_ID_SIZE - 1) != BOOT_ID_SIZE - 1)
		memset(ret_id, '0', BOOT_ID_SIZE - 1);
	(void)close(fd);
}

static uint64_t now_ns(void) {
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

int state_set_deadline(const struct apply_state *s, uint64_t from_now_s) {
	const unsigned long long end = now_ns() + from_now_s * UINT64_C(1000000000);
	char text[SHORT_TEXT_MAX], id[BOOT_ID_SIZE];

	boot_id(id);
	(void)snprintf(text, sizeof(text), "%s %llu\n", id, end);
	return state_write(s->fd, "deadline", str_of(text));
}

uint64_t state_time_left_ns(const struct apply_state *s, struct arena *a) {
	struct str line = str_of(read_line(s, "deadline", a)), id = record_word(&line);
	char here[BOOT_ID_SIZE];
	uint64_t end, now = now_ns();

	boot_id(here);
	if (!str_is(id, here) || !line.s || record_number(line, UINT64_MAX, &end) < 0 || end <= now)
		return 0;
	return end - now;
}

int state_set_last(const struct apply_state *s, const char *line) {
	return state_write(s->fd, "last", str_of(line));
}

const char *state_last(const struct apply_state *s, struct arena *a) {
	return read_line(s, "last", a);
}
