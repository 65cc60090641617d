/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inotify tells that somebody writes to the file, its journal or its write-ahead log; PRAGMA data_version tells whether
 * a transaction was committed. The writing comes first, so what it leads to is looked for again and again, for as long
 * as a commit may take. A file that is replaced is another database: it is opened anew.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>

#include "geo/sqlite.h"

enum { LOOK_FIRST_MS = 5, LOOK_LAST_MS = 2560 };

struct geo_watch {
	int epoll, inotify, timer;
	char *path;
	const char *name; /* the last part of path */
	sqlite3 *db;      /* NULL: it cannot be opened now */
	int64_t version;
	int look_ms; /* until the next look; 0: none is to be made */
};

void sqlite_watch_close(struct geo_watch *w) {
	if (!w)
		return;
	(void)sqlite3_close(w->db);
	fdp_close(&w->timer);
	fdp_close(&w->inotify);
	fdp_close(&w->epoll);
	free(w->path);
	free(w);
}

static void closep(struct geo_watch **w) {
	sqlite_watch_close(*w);
}

/* A number that changes with each commit of somebody else; -1 when it cannot be read. */
static int64_t version_of(sqlite3 *db) {
	sqlite3_stmt *s = NULL;
	int64_t version = -1;

	if (db && sqlite3_prepare_v2(db, "PRAGMA data_version", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		version = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return version;
}

static void open_database(struct geo_watch *w) {
	(void)sqlite3_close(w->db);
	w->db = NULL;
	if (sqlite3_open_v2(w->path, &w->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
		(void)sqlite3_close(w->db);
		w->db = NULL;
	}
}

static int add_to_epoll(const struct geo_watch *w, int fd) {
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e);
}

static int set_up(struct geo_watch *w) {
	char *slash = strrchr(w->path, '/'), *folder;
	int r;

	w->name = slash ? slash + 1 : w->path;
	folder = slash ? strndup(w->path, (size_t)(slash - w->path) + 1) : strdup(".");
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (!folder || w->epoll < 0 || w->inotify < 0 || w->timer < 0 ||
	    inotify_add_watch(w->inotify, folder, IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_TO) < 0 ||
	    add_to_epoll(w, w->inotify) < 0 || add_to_epoll(w, w->timer) < 0)
		r = folder ? -errno : -ENOMEM;
	else
		r = 0;
	free(folder);
	return r;
}

int sqlite_watch(const struct geo_spec *spec, struct geo_watch **ret_watch, struct diags *diags) {
	_cleanup_(closep) struct geo_watch *w = calloc(1, sizeof(*w));
	int r = -ENOMEM;

	if (w) {
		w->epoll = w->inotify = w->timer = -1;
		w->path = strdup(spec->place);
		r = w->path ? set_up(w) : -ENOMEM;
	}
	if (r < 0) {
		diag_error(diags, "geo-source", geo_spec_loc(spec, diags), NULL, "cannot watch it: %s", strerror(-r));
		return r;
	}
	open_database(w);
	w->version = version_of(w->db);
	*ret_watch = TAKE_PTR(w);
	return 0;
}

int sqlite_watch_fd(const struct geo_watch *w) {
	return w->epoll;
}

/* Takes all events. Returns 1 when one was about this database, 2 when the file itself is another, 0, or -errno. */
static int take_events(const struct geo_watch *w) {
	_Alignas(struct inotify_event) char buffer[4096];
	size_t len = strlen(w->name);
	int found = 0;
	ssize_t n;

	while ((n = read(w->inotify, buffer, sizeof(buffer))) > 0)
		for (const char *at = buffer; at < buffer + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(const void *)at;
			bool ours = e->len && strncmp(e->name, w->name, len) == 0;

			if (e->mask & (IN_IGNORED | IN_UNMOUNT))
				return -ENOENT;
			if ((ours && (!e->name[len] || e->name[len] == '-')) || e->mask & IN_Q_OVERFLOW)
				found = MAX(found, !e->len || e->name[len] || e->mask & IN_MODIFY ? 1 : 2);
			at += sizeof(*e) + e->len;
		}
	return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : found;
}

static void set_timer(const struct geo_watch *w) {
	struct itimerspec in = { .it_value = { w->look_ms / 1000, w->look_ms % 1000 * 1000000L } };
	uint64_t ticks;

	(void)!read(w->timer, &ticks, sizeof(ticks));
	(void)timerfd_settime(w->timer, 0, &in, NULL);
}

int sqlite_watch_changed(struct geo_watch *w) {
	int found = take_events(w);
	int64_t before = w->version, now;
	bool changed;

	if (found < 0)
		return found;
	if (found)
		w->look_ms = LOOK_FIRST_MS;
	else
		w->look_ms = w->look_ms < LOOK_LAST_MS ? w->look_ms * 2 : 0;
	if (found == 2 || !w->db)
		open_database(w);
	now = version_of(w->db);
	/* Nothing can be read while a commit is being written. */
	w->version = now < 0 ? before : now;
	changed = found == 2 || w->version != before;
	w->look_ms = changed ? 0 : w->look_ms;
	set_timer(w);
	return changed;
}
