/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that looks for a new file or asks a server.
 *
 * Files: inotify(7) on the folder of the path and on the folder that its links lead to, so that a file that is renamed
 * over, written in place, deleted and made again, or reached through a link that is swapped is seen at once. Every
 * POLL_MS the folders are resolved anew and the file is looked at whatever was heard: network file systems say nothing,
 * folders may be replaced, links may lead through third ones. What only a look has found must look the same twice.
 *
 * A writer who overwrites the file in place makes it a mixture for a while, and verification cannot tell all mixtures
 * from files. But the kernel queues an event for each write before the write returns, and one when the writer closes
 * the file: so the queue is read again after the file was, and a file that was written to and not yet closed is left
 * alone, until it is or until nothing was heard of the writer for WRITER_MS (it keeps the file open, or is no more).
 *
 * The state below is guarded by geo->work; the thread itself only polls.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "geo/client.h"

enum { POLL_MS = 2000, WRITER_MS = 10000, EVENTS = 4096 };

static const uint32_t mask = IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
			     IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

/* A folder, and the name in it that counts. */
struct place {
	int watch; /* -1: none */
	char name[NAME_MAX + 1];
};

enum { GIVEN, REAL, PLACES };

struct client_watch {
	struct hextet_geo *geo;
	int stop, notify; /* notify -1: polling only */
	pthread_t thread;
	bool running;
	struct place places[PLACES];
	bool heard;                     /* something happened since the last look */
	int64_t writing_ms;             /* when somebody last wrote to the file without closing it since; 0: nobody */
	struct client_identity glimpse; /* what the last look without an event found */
};

static int64_t now_ms(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static void place_set(struct client_watch *w, unsigned i, const char *path) {
	struct place *p = &w->places[i], *other = &w->places[!i];
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	int watch;

	if (!slash || slash - path >= PATH_MAX || strlen(slash + 1) > NAME_MAX)
		return;
	(void)snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	(void)snprintf(p->name, sizeof p->name, "%s", slash + 1);
	watch = inotify_add_watch(w->notify, folder, mask | IN_ONLYDIR);
	if (p->watch >= 0 && p->watch != watch && p->watch != other->watch)
		(void)inotify_rm_watch(w->notify, p->watch);
	p->watch = watch;
}

/* Watches the folders that matter now. */
static void arm(struct client_watch *w) {
	char *real;

	if (w->notify < 0)
		return;
	place_set(w, GIVEN, w->geo->source);
	real = realpath(w->geo->source, NULL);
	if (real)
		place_set(w, REAL, real);
	free(real);
}

/* Whether an event is a reason to look; keeps account of writers. */
static bool hear(struct client_watch *w, const struct inotify_event *e) {
	bool is_it = false;

	if (e->mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF))
		return true;
	for (unsigned i = 0; i < PLACES; i++)
		if (e->wd == w->places[i].watch) {
			if (e->mask & IN_IGNORED)
				w->places[i].watch = -1;
			else
				is_it |= e->len > 0 && !strcmp(e->name, w->places[i].name);
		}
	if (is_it && e->mask & IN_MODIFY) {
		w->writing_ms = now_ms();
		return false;
	}
	if (is_it && e->mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE))
		w->writing_ms = 0;
	if (is_it && e->mask & IN_CREATE) {
		struct client_identity id;

		/* who makes an empty file is going to write to it */
		w->writing_ms = client_file_identity(w->geo->source, &id) == 0 && id.size == 0 ? now_ms() : 0;
	}
	return is_it || e->mask & (IN_MOVED_TO | IN_CREATE);
}

/* Hears all that was queued. */
static void listen_now(struct client_watch *w) {
	_Alignas(struct inotify_event) char buffer[EVENTS];
	ssize_t n;

	while (w->notify >= 0 && (n = read(w->notify, buffer, sizeof buffer)) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const struct inotify_event *)(buffer + at);

			w->heard |= hear(w, e);
			at += (ssize_t)(sizeof *e + e->len);
		}
}

bool client_watch_sees_writer(struct client_watch *w) {
	listen_now(w);
	return w->writing_ms && now_ms() - w->writing_ms < WRITER_MS;
}

/* Whether the file has been the same, and another than the known one, at two looks. */
static bool glimpsed_twice(struct client_watch *w) {
	struct client_identity id;
	bool same;

	if (client_file_identity(w->geo->source, &id) < 0 || client_identity_equal(&id, &w->geo->identity))
		return false;
	same = client_identity_equal(&id, &w->glimpse);
	w->glimpse = id;
	return same;
}

/* Returns whether something happened in the meantime. */
static bool look_at_file(struct client_watch *w) {
	char why[HEXTET_GEO_MESSAGE];
	bool look, more;

	(void)pthread_mutex_lock(&w->geo->work);
	listen_now(w);
	look = w->heard;
	w->heard = false;
	arm(w);
	if ((look || glimpsed_twice(w)) && !client_watch_sees_writer(w))
		(void)client_look(w->geo, false, why);
	more = w->heard;
	(void)pthread_mutex_unlock(&w->geo->work);
	return more;
}

/* HEXTET_GEO_INTERVAL, and up to a tenth more or less: a thousand clients should not ask at the same moment. */
static int interval_ms(void) {
	uint32_t random = 0;

	(void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
	return HEXTET_GEO_INTERVAL * 900 + (int)(random % (HEXTET_GEO_INTERVAL * 200));
}

static void look_at_server(struct client_watch *w) {
	char why[HEXTET_GEO_MESSAGE];

	(void)pthread_mutex_lock(&w->geo->work);
	(void)client_look(w->geo, false, why);
	(void)pthread_mutex_unlock(&w->geo->work);
}

static void *run(void *user) {
	struct client_watch *w = user;
	struct pollfd wait[2] = { { w->stop, POLLIN, 0 }, { w->notify, POLLIN, 0 } };
	bool more = false;

	for (;;) {
		int n = poll(wait, 2, more ? 0 : w->geo->is_url ? interval_ms() : POLL_MS);

		if (n > 0 && wait[0].revents)
			return NULL;
		if (n < 0 && errno != EINTR) /* no memory: not as fast as it can */
			(void)usleep(POLL_MS * 1000);
		if (w->geo->is_url)
			look_at_server(w);
		else
			more = look_at_file(w);
	}
}

int client_watch_new(struct hextet_geo *geo, struct client_watch **ret_watch) {
	struct client_watch *w = calloc(1, sizeof *w);

	if (!w)
		return -ENOMEM;
	*w = (struct client_watch){ .geo = geo, .notify = -1, .places = { { .watch = -1 }, { .watch = -1 } } };
	w->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->stop < 0) {
		free(w);
		return -EMFILE;
	}
	if (!geo->is_url)
		w->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	arm(w);
	*ret_watch = w;
	return 0;
}

int client_watch_start(struct client_watch *w) {
	sigset_t all, before;
	int r;

	/* signals are for the program's own threads */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&w->thread, NULL, run, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0) {
		w->running = true;
		(void)pthread_setname_np(w->thread, "hextet-geo");
	}
	return -r;
}

void client_watch_free(struct client_watch *w) {
	const uint64_t one = 1;

	if (!w)
		return;
	if (w->running) {
		(void)!write(w->stop, &one, sizeof one);
		(void)pthread_join(w->thread, NULL);
	}
	(void)close(w->stop);
	if (w->notify >= 0)
		(void)close(w->notify);
	free(w);
}
