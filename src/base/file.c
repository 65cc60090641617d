/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file_swap.h"

enum { READ_STEP = 64 * 1024 };

static int read_all(struct arena *a, int fd, size_t guess, size_t max, char **ret_text, size_t *ret_len) {
	size_t cap = MIN(guess, max) + 1, len = 0;
	char *text = arena_alloc(a, cap + 1);

	for (;;) {
		ssize_t n;

		if (len == cap) {
			size_t more = MAX(cap * 2, (size_t)READ_STEP);
			char *bigger = arena_alloc(a, more + 1);

			memcpy(bigger, text, len);
			text = bigger;
			cap = more;
		}
		n = read(fd, text + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	}
	text[len] = 0;
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int file_read(struct arena *a, const char *path, size_t max, char **ret_text, size_t *ret_len) {
	_cleanup_(fdp_close) int opened = -1;
	int fd = STDIN_FILENO;
	struct stat st;

	if (strcmp(path, "-") != 0) {
		opened = open(path, O_RDONLY | O_CLOEXEC);
		if (opened < 0)
			return -errno;
		fd = opened;
	}
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max)
		return -EFBIG;
	return read_all(a, fd, S_ISREG(st.st_mode) ? (size_t)st.st_size : READ_STEP, max, ret_text, ret_len);
}

int file_write_fd(int fd, const void *data, size_t len) {
	const char *from = data;

	while (len) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode) {
	struct file_swap f;
	int r = file_swap_begin(&f, path);

	if (r < 0)
		return r;
	r = file_write_fd(f.fd, data, len);
	if (r < 0) {
		file_swap_abort(&f);
		return r;
	}
	return file_swap_commit(&f, mode);
}

int file_make_dirs(const char *path, mode_t mode) {
	char copy[PATH_MAX];

	if ((size_t)snprintf(copy, sizeof(copy), "%s", path) >= sizeof(copy))
		return -ENAMETOOLONG;
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(copy, mode) < 0 && errno != EEXIST ? -errno : 0;
}

/* Opens a folder for reading its names; NULL: errno says why. */
static DIR *open_folder(int at_fd, const char *name) {
	int fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		(void)close(fd);
	return dir;
}

int file_remove_at(int at_fd, const char *name) {
	struct dirent *entry;
	DIR *dir;

	if (unlinkat(at_fd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	dir = open_folder(at_fd, name);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)file_remove_at(dirfd(dir), entry->d_name);
	(void)closedir(dir);
	return unlinkat(at_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int file_write_plain(const char *path, const void *data, size_t len, mode_t mode) {
	_cleanup_(fdp_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	return fd < 0 ? -errno : file_write_fd(fd, data, len);
}
