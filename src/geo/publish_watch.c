/* SPDX-License-Identifier: Apache-2.0 */
#include "geo/publish_watch.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/epoll.h>

enum { WAIT_FIRST_MS = 1000, WAIT_MAX_MS = 60 * 1000, MESSAGES_MAX = 64 };

/* What the child says, in pieces of one size. */
struct message {
	enum { WATCH_OPEN, WATCH_CHANGED, WATCH_LOST } kind;
	char why[252];
};

static int say(int out, int kind, const char *why) {
	struct message m = { .kind = kind };

	(void)snprintf(m.why, sizeof(m.why), "%s", why);
	return write(out, &m, sizeof(m)) == sizeof(m) ? 0 : -EPIPE;
}

static int listen_on(int out, const struct geo_spec *spec, struct geo_watch *watch, const char *doubt) {
	const struct geo_source *source = spec->source;
	int r = say(out, WATCH_OPEN, doubt);

	while (r >= 0) {
		struct pollfd p = { .fd = source->watch_fd(watch), .events = POLLIN };

		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -errno;
		r = source->watch_changed(watch);
		if (r > 0)
			r = say(out, WATCH_CHANGED, "");
	}
	return r;
}

static int work(int out, void *user) {
	const struct publish_watch *w = user;
	struct arena a = { 0 };
	struct sources sources;
	struct diags diags;
	struct geo_watch *watch;
	int r;

	sources_init(&sources, &a);
	diags_init(&diags, &a, &sources);
	r = w->spec->source->watch(w->spec, &watch, &diags);
	if (r < 0)
		return say(out, WATCH_LOST, diags.list.n ? diags.list.v[0].message : strerror(-r)) < 0;
	r = listen_on(out, w->spec, watch, diags.list.n ? diags.list.v[0].message : "");
	(void)say(out, WATCH_LOST, strerror(-r));
	return 0;
}

static int on_message(int fd, uint32_t events, void *user);

static int start(struct publish_watch *w) {
	int r = worker_start(&w->worker, work, w, NULL, 0);

	if (r >= 0)
		r = loop_add_fd(w->loop, w->worker.fd, EPOLLIN, on_message, w, &w->source);
	if (r < 0)
		worker_kill(&w->worker);
	return r;
}

static int on_retry(void *user) {
	struct publish_watch *w = user;

	if (start(w) < 0)
		return loop_timer_set(w->retry, w->wait_ms);
	return 0;
}

/* The child has ended. A quarter of the time by chance, so that many servers do not come back as one. */
static int on_end(struct publish_watch *w) {
	char why[WORKER_WHY_MAX];

	loop_source_free(w->source);
	w->source = NULL;
	if (worker_wait(&w->worker, why) < 0)
		(void)snprintf(w->why, sizeof(w->why), "its listener %s", why);
	w->connected = false;
	w->lost(w, w->user);
	w->wait_ms = w->wait_ms ? MIN(w->wait_ms * 2, (unsigned)WAIT_MAX_MS) : WAIT_FIRST_MS;
	return loop_timer_set(w->retry, w->wait_ms - randombytes_uniform(w->wait_ms / 4));
}

static void on_open(struct publish_watch *w) {
	bool silent = *w->why, news = silent && !w->silent;

	w->connected = true;
	w->wait_ms = 0;
	w->silent = silent;
	if (news)
		w->doubted(w, w->user);
}

static int on_message(int fd, uint32_t events, void *user) {
	struct publish_watch *w = user;
	bool changed = false;
	struct message m;
	ssize_t n = 0;

	(void)events;
	for (int i = 0; i < MESSAGES_MAX && (n = read(fd, &m, sizeof(m))) == sizeof(m); i++) {
		m.why[sizeof(m.why) - 1] = 0;
		changed = changed || m.kind != WATCH_LOST;
		w->notifications += m.kind == WATCH_CHANGED;
		(void)snprintf(w->why, sizeof(w->why), "%s", m.why);
		if (m.kind == WATCH_OPEN)
			on_open(w);
		else if (m.kind == WATCH_CHANGED)
			w->silent = false;
	}
	if (changed)
		w->changed(w, w->user);
	return n == 0 ? on_end(w) : 0;
}

int publish_watch_start(struct publish_watch *w) {
	w->worker.fd = -1;
	return w->spec->source->watch ? loop_add_timer(w->loop, 0, on_retry, w, &w->retry) : 0;
}

void publish_watch_stop(struct publish_watch *w) {
	loop_source_free(w->source);
	loop_source_free(w->retry);
	w->source = w->retry = NULL;
	worker_kill(&w->worker);
}
