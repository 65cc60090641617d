/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linkat() never replaces a file, so a nameless one gets a random name first and is renamed; signals wait for those two
 * calls, so that the name is never left behind.
 */
#include "base/file_swap.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

enum { NAME_TRIES = 16 };

static int open_nameless(const char *path) {
	_cleanup_(freep) char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;

	if (fd >= 0)
		return fd;
	if (!copy)
		return -ENOMEM;
	return errno == EISDIR || errno == ENOTSUP ? -ENOTSUP : -errno;
}

/* What is no file is not replaced by one: /dev/null would be a file from then on. */
static int check_target(const char *path) {
	struct stat st;

	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return 0;
	return S_ISDIR(st.st_mode) ? -EISDIR : -ENODEV;
}

int file_swap_begin(struct file_swap *f, const char *path) {
	int r = check_target(path);

	*f = (struct file_swap){ .fd = r < 0 ? r : open_nameless(path), .path = path };
	if (f->fd != -ENOTSUP)
		return f->fd < 0 ? f->fd : 0;
	if ((size_t)snprintf(f->temporary, sizeof(f->temporary), "%s.XXXXXX", path) >= sizeof(f->temporary))
		return -ENAMETOOLONG;
	f->fd = mkostemp(f->temporary, O_CLOEXEC);
	return f->fd < 0 ? -errno : 0;
}

const char *file_swap_error(int error) {
	return error == -ENODEV ? "it is no regular file, and not replaced by one" : strerror(-error);
}

void file_swap_name(const struct file_swap *f, char ret_name[static FILE_SWAP_NAME_MAX]) {
	(void)snprintf(ret_name, FILE_SWAP_NAME_MAX, "/proc/self/fd/%d", f->fd);
}

/* Gives the file a name beside its target. */
static int give_name(struct file_swap *f) {
	char own[FILE_SWAP_NAME_MAX];
	uint64_t random;

	file_swap_name(f, own);
	for (int i = 0; i < NAME_TRIES; i++) {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -EIO;
		if ((size_t)snprintf(f->temporary, sizeof(f->temporary), "%s.%08x", f->path, (unsigned)random) >=
		    sizeof(f->temporary))
			return -ENAMETOOLONG;
		if (linkat(AT_FDCWD, own, AT_FDCWD, f->temporary, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	*f->temporary = 0;
	return -errno;
}

static int replace(struct file_swap *f) {
	sigset_t all, old;
	int r = 0;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	if (!*f->temporary)
		r = give_name(f);
	if (r == 0 && rename(f->temporary, f->path) < 0)
		r = -errno;
	if (r == 0)
		*f->temporary = 0;
	if (*f->temporary)
		(void)unlink(f->temporary);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}

int file_sync_folder(const char *path) {
	_cleanup_(freep) char *copy = strdup(path);
	_cleanup_(fdp_close) int fd = -1;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		return -errno;
	return 0;
}

int file_swap_commit(struct file_swap *f, mode_t mode) {
	struct stat st;
	int r = 0;

	if (stat(f->path, &st) == 0)
		mode = st.st_mode & 07777;
	if (fchmod(f->fd, mode) < 0 || fsync(f->fd) < 0)
		r = -errno;
	if (r == 0)
		r = replace(f);
	file_swap_abort(f);
	return r < 0 ? r : file_sync_folder(f->path);
}

void file_swap_abort(struct file_swap *f) {
	if (*f->temporary)
		(void)unlink(f->temporary);
	*f->temporary = 0;
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
}
