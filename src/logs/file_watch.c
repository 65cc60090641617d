/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders are watched for names that come and go: the path's own, or while it does not exist the nearest one above it;
 * and the one that the path leads to when it is a link. Files are watched by descriptor, through /proc, so that there
 * is no doubt which one it is. Events are only a reason to look: what they say is not read, since by then it is past.
 */
#include "logs/file_watch.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

enum {
	TICK_MS = 1000,
	FOLDER_EVENTS =
		IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
	FILE_EVENTS = IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE,
};

struct file_watch {
	struct loop *loop;
	const char *path;
	int (*fn)(void *user);
	void *user;
	int notify_fd; /* -1: none to be had */
	int again_fd;  /* always readable, and asked only when there is a reason */
	struct loop_source *notify_source, *again_source, *tick;
	int folder[2]; /* watches of the path's folder, and of what it leads to */
	int folder_trouble, file_trouble;
};

static int add(struct file_watch *w, const char *path, uint32_t events) {
	int r = inotify_add_watch(w->notify_fd, path, events);

	return r < 0 ? -errno : r;
}

/* The folder of a path, or the nearest one above it that is there. */
static int add_folder(struct file_watch *w, const char *path) {
	char folder[PATH_MAX];
	size_t len = strlen(path);
	int r;

	if (len >= sizeof(folder))
		return -ENAMETOOLONG;
	memcpy(folder, path, len + 1);
	do {
		char *slash = strrchr(folder, '/');

		if (!slash)
			return add(w, ".", FOLDER_EVENTS);
		slash[slash == folder] = 0;
		r = add(w, folder, FOLDER_EVENTS);
	} while ((r == -ENOENT || r == -ENOTDIR) && strcmp(folder, "/") != 0);
	return r;
}

/* A watch that is not one of the others any more is of no use. */
static void replace(struct file_watch *w, const int folder[2]) {
	for (size_t i = 0; i < 2; i++)
		if (w->folder[i] >= 0 && w->folder[i] != folder[0] && w->folder[i] != folder[1])
			(void)inotify_rm_watch(w->notify_fd, w->folder[i]);
	memcpy(w->folder, folder, sizeof(w->folder));
}

static void watch_folders(struct file_watch *w) {
	char *real = realpath(w->path, NULL);
	int folder[2] = { add_folder(w, w->path), real ? add_folder(w, real) : -1 };

	free(real);
	w->folder_trouble = MIN(folder[0], 0);
	replace(w, folder);
}

static int on_notify(int fd, uint32_t events, void *user) {
	struct file_watch *w = user;
	_Alignas(struct inotify_event) char bytes[8192];
	bool folders = false;
	ssize_t n = read(fd, bytes, sizeof(bytes));

	(void)events;
	for (ssize_t at = 0; at < n;) {
		struct inotify_event e;

		memcpy(&e, bytes + at, sizeof(e));
		if (e.mask & (~(uint32_t)FILE_EVENTS | IN_ATTRIB))
			folders = true;
		at += (ssize_t)(sizeof(e) + e.len);
	}
	if (folders)
		watch_folders(w);
	return w->fn(w->user);
}

static int on_tick(void *user) {
	struct file_watch *w = user;
	int r = loop_timer_set(w->tick, TICK_MS);

	if (r < 0)
		return r;
	if (w->notify_fd >= 0)
		watch_folders(w);
	return w->fn(w->user);
}

static int on_again(int fd, uint32_t events, void *user) {
	struct file_watch *w = user;
	int r = loop_set_events(w->again_source, 0);

	(void)fd;
	(void)events;
	return r < 0 ? r : w->fn(w->user);
}

int file_watch_open(struct loop *l, const char *path, int (*fn)(void *user), void *user,
		    struct file_watch **ret_watch) {
	struct file_watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct file_watch){ .loop = l, .path = path, .fn = fn, .user = user, .folder = { -1, -1 } };
	w->notify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->notify_fd < 0)
		w->folder_trouble = -errno;
	w->again_fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	r = w->again_fd < 0 ? -errno : loop_add_fd(l, w->again_fd, EPOLLIN, on_again, w, &w->again_source);
	if (r >= 0)
		r = loop_add_timer(l, TICK_MS, on_tick, w, &w->tick);
	if (r >= 0 && w->notify_fd >= 0)
		r = loop_add_fd(l, w->notify_fd, EPOLLIN, on_notify, w, &w->notify_source);
	if (r < 0) {
		file_watch_close(w);
		return r;
	}
	if (w->notify_fd >= 0)
		watch_folders(w);
	*ret_watch = w;
	return 0;
}

void file_watch_close(struct file_watch *w) {
	if (!w)
		return;
	loop_source_free(w->notify_source);
	loop_source_free(w->again_source);
	loop_source_free(w->tick);
	if (w->notify_fd >= 0)
		(void)close(w->notify_fd);
	if (w->again_fd >= 0)
		(void)close(w->again_fd);
	free(w);
}

int file_watch_add(struct file_watch *w, int fd) {
	char path[32];
	int r;

	if (w->notify_fd < 0)
		return w->folder_trouble;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = add(w, path, FILE_EVENTS);
	w->file_trouble = MIN(r, 0);
	return r;
}

void file_watch_drop(struct file_watch *w, int watch) {
	if (watch >= 0)
		(void)inotify_rm_watch(w->notify_fd, watch);
}

int file_watch_again(struct file_watch *w) {
	return loop_set_events(w->again_source, EPOLLIN);
}

int file_watch_trouble(const struct file_watch *w) {
	return w->folder_trouble ? w->folder_trouble : w->file_trouble;
}
