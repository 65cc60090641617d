/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sd-event behind the names of loop.h. Every source carries its callback and is linked into its loop, so that freeing
 * the loop frees them. Signals are blocked before sd-event takes them, and stay so: a second SIGTERM must not kill
 * half-way.
 */
#include "net/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

struct loop {
	sd_event *event;
	struct loop_source *first;
};

struct loop_source {
	struct loop *loop;
	struct loop_source *next, **link; /* link: what points to this one */
	sd_event_source *source;
	union {
		loop_fd_fn fd;
		loop_timer_fn timer;
		loop_signal_fn signal;
	} fn;
	void *user;
};

int loop_new(struct loop **ret_loop) {
	struct loop *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	r = sd_event_new(&l->event);
	if (r >= 0)
		r = sd_event_set_watchdog(l->event, true);
	if (r < 0) {
		loop_free(l);
		return r;
	}
	*ret_loop = l;
	return 0;
}

void loop_free(struct loop *l) {
	if (!l)
		return;
	while (l->first)
		loop_source_free(l->first);
	(void)sd_event_unref(l->event);
	free(l);
}

static struct loop_source *source_new(struct loop *l, void *user) {
	struct loop_source *s = calloc(1, sizeof(*s));

	if (s) {
		s->loop = l;
		s->user = user;
	}
	return s;
}

/* Takes what sd_event_add_…() returned. */
static int source_link(struct loop_source *s, int r, struct loop_source **ret_source) {
	struct loop *l = s->loop;

	if (r < 0) {
		free(s);
		return r;
	}
	s->next = l->first;
	s->link = &l->first;
	if (s->next)
		s->next->link = &s->next;
	l->first = s;
	if (ret_source)
		*ret_source = s;
	return 0;
}

void loop_source_free(struct loop_source *s) {
	if (!s)
		return;
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	(void)sd_event_source_disable_unref(s->source);
	free(s);
}

/* A source may be freed in its own callback: nothing of it is touched afterwards. A negative result of an sd-event
 * handler would only switch the source off; here it ends the loop. */
static int finish(sd_event *event, int r) {
	return r < 0 ? sd_event_exit(event, r) : 0;
}

static int on_fd(sd_event_source *source, int fd, uint32_t events, void *user) {
	struct loop_source *s = user;
	sd_event *event = sd_event_source_get_event(source);

	return finish(event, s->fn.fd(fd, events, s->user));
}

int loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *user, struct loop_source **ret_source) {
	struct loop_source *s = source_new(l, user);

	if (!s)
		return -ENOMEM;
	s->fn.fd = fn;
	return source_link(s, sd_event_add_io(l->event, &s->source, fd, events, on_fd, s), ret_source);
}

int loop_set_events(struct loop_source *s, uint32_t events) {
	return sd_event_source_set_io_events(s->source, events);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user) {
	struct loop_source *s = user;
	sd_event *event = sd_event_source_get_event(source);

	(void)usec;
	return finish(event, s->fn.timer(s->user));
}

/* One millisecond of accuracy: sd-event's default of 250 ms is for saving power. */
int loop_add_timer(struct loop *l, uint64_t after_ms, loop_timer_fn fn, void *user, struct loop_source **ret_source) {
	struct loop_source *s = source_new(l, user);

	if (!s)
		return -ENOMEM;
	s->fn.timer = fn;
	return source_link(
		s,
		sd_event_add_time_relative(l->event, &s->source, CLOCK_MONOTONIC, after_ms * 1000, 1000, on_timer, s),
		ret_source);
}

int loop_timer_set(struct loop_source *s, uint64_t after_ms) {
	int r = sd_event_source_set_time_relative(s->source, after_ms * 1000);

	return r < 0 ? r : sd_event_source_set_enabled(s->source, SD_EVENT_ONESHOT);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *user) {
	struct loop_source *s = user;
	sd_event *event = sd_event_source_get_event(source);

	return finish(event, s->fn.signal((int)info->ssi_signo, s->user));
}

int loop_add_signal(struct loop *l, int signal, loop_signal_fn fn, void *user, struct loop_source **ret_source) {
	struct loop_source *s;
	sigset_t set;

	if (sigemptyset(&set) < 0 || sigaddset(&set, signal) < 0)
		return -EINVAL;
	s = source_new(l, user);
	if (!s)
		return -ENOMEM;
	s->fn.signal = fn;
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	return source_link(s, sd_event_add_signal(l->event, &s->source, signal, on_signal, s), ret_source);
}

int loop_run(struct loop *l) {
	return sd_event_loop(l->event);
}

void loop_stop(struct loop *l) {
	(void)sd_event_exit(l->event, 0);
}

uint64_t loop_now_ms(const struct loop *l) {
	uint64_t usec = 0;

	(void)sd_event_now(l->event, CLOCK_MONOTONIC, &usec);
	return usec / 1000;
}

void loop_notify_ready(const char *status) {
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void loop_notify_status(const char *fmt, ...) {
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)sd_notifyf(0, "STATUS=%s", text);
}
