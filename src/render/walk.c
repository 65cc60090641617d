/* SPDX-License-Identifier: Apache-2.0 */
#include "render/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

void walk_init(struct walk *w, int root) {
	w->root = root;
	w->depth = 0;
	w->missing = 0;
	w->path[0] = 0;
}

static void shorten(struct walk *w, unsigned depth) {
	while (w->depth > depth)
		(void)close(w->steps[--w->depth].fd);
}

void walk_done(struct walk *w) {
	shorten(w, 0);
}

static int current(const struct walk *w) {
	return w->depth ? w->steps[w->depth - 1].fd : w->root;
}

/* Whether both paths have the same first `len` bytes, and a '/' behind them. */
static bool shares(const struct walk *w, const char *path, size_t len) {
	return strncmp(w->path, path, len) == 0 && path[len] == '/';
}

static int is_link(int at, const char *name) {
	struct stat st;

	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

/* Goes into the folder whose name ends at `end` in w->path, where a zero is now. */
static int enter(struct walk *w, const char *name, size_t end) {
	int fd;

	if (w->depth == WALK_DEPTH_MAX)
		return -ENAMETOOLONG;
	fd = openat(current(w), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOTDIR && is_link(current(w), name) ? -ELOOP : -errno;
	w->steps[w->depth].fd = fd;
	w->steps[w->depth++].end = end;
	return 0;
}

int walk_to(struct walk *w, const char *path, void (*made)(const char *path, size_t len, void *user), void *user,
	    int *ret_fd, const char **ret_name) {
	const size_t len = strlen(path);
	unsigned depth = 0;
	size_t from, end;

	if (len >= sizeof(w->path))
		return -ENAMETOOLONG;
	if (w->missing && !made && shares(w, path, w->missing))
		return -ENOENT;
	while (depth < w->depth && shares(w, path, w->steps[depth].end))
		depth++;
	shorten(w, depth);
	memcpy(w->path, path, len + 1);
	w->missing = 0;
	from = depth ? w->steps[depth - 1].end + 1 : 0;
	for (; (end = from + strcspn(path + from, "/")) < len; from = end + 1) {
		int r = 0;

		w->path[end] = 0;
		if (made && mkdirat(current(w), w->path + from, 0755) == 0)
			made(path, end, user);
		else if (made && errno != EEXIST)
			r = -errno;
		if (r == 0)
			r = enter(w, w->path + from, end);
		w->path[end] = '/';
		if (r == -ENOENT && !made)
			w->missing = end;
		if (r < 0)
			return r;
	}
	*ret_fd = current(w);
	*ret_name = path + from;
	return 0;
}

void walk_prune(struct walk *w) {
	while (w->depth) {
		size_t end = w->steps[w->depth - 1].end, from = w->depth > 1 ? w->steps[w->depth - 2].end + 1 : 0;
		int r;

		shorten(w, w->depth - 1);
		w->path[end] = 0;
		r = unlinkat(current(w), w->path + from, AT_REMOVEDIR);
		w->path[end] = '/';
		if (r < 0)
			return;
	}
}
