/* SPDX-License-Identifier: Apache-2.0 */
/* A source in a thread of its own, for tests that do one thing after the other and wait for what arrives. */
#pragma once

#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "logs/source.h"

enum { FOLLOWER_WAIT_S = 60 }; /* what takes longer has failed */

struct follower {
	struct loop *loop;
	struct log_source *source;
	struct loop_source *stop;
	int stop_fd, result;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* By the mutex: */
	char *got;
	size_t len, cap;
	char *said; /* by log(), a line each; warnings begin with '!' */
	size_t said_len, said_cap;
};

static inline void follower_append(char **text, size_t *len, size_t *cap, const char *bytes, size_t n) {
	if (*len + n + 1 > *cap) {
		*cap = 2 * (*len + n + 1);
		*text = realloc(*text, *cap);
		if (!*text)
			abort();
	}
	memcpy(*text + *len, bytes, n);
	*len += n;
	(*text)[*len] = 0;
}

static inline int follower_lines(struct log_source *s, const struct log_batch *batch, void *user) {
	struct follower *f = user;

	(void)s;
	(void)pthread_mutex_lock(&f->mutex);
	follower_append(&f->got, &f->len, &f->cap, batch->bytes, batch->len);
	(void)pthread_cond_signal(&f->changed);
	(void)pthread_mutex_unlock(&f->mutex);
	return 0;
}

static inline void follower_log(struct log_source *s, enum log_source_level level, const char *text, void *user) {
	struct follower *f = user;

	(void)s;
	(void)pthread_mutex_lock(&f->mutex);
	if (level == LOG_SOURCE_WARNING)
		follower_append(&f->said, &f->said_len, &f->said_cap, "!", 1);
	follower_append(&f->said, &f->said_len, &f->said_cap, text, strlen(text));
	follower_append(&f->said, &f->said_len, &f->said_cap, "\n", 1);
	(void)pthread_cond_signal(&f->changed);
	(void)pthread_mutex_unlock(&f->mutex);
}

static inline int follower_on_stop(int fd, uint32_t events, void *user) {
	struct follower *f = user;

	(void)fd;
	(void)events;
	loop_stop(f->loop);
	return 0;
}

static inline void *follower_run(void *user) {
	struct follower *f = user;

	f->result = loop_run(f->loop);
	return NULL;
}

/* The result of log_source_open(); with a failure nothing is left. */
static inline int follower_try(struct follower *f, const char *spec, const char *resume, char **ret_why) {
	struct log_source_config c = { .resume = resume, .lines = follower_lines, .log = follower_log, .user = f };
	int r;

	*f = (struct follower){ .stop_fd = eventfd(0, EFD_CLOEXEC) };
	assert_true(f->stop_fd >= 0);
	assert_int_equal(pthread_mutex_init(&f->mutex, NULL), 0);
	assert_int_equal(pthread_cond_init(&f->changed, NULL), 0);
	assert_int_equal(loop_new(&f->loop), 0);
	r = log_source_open(f->loop, spec, &c, &f->source, ret_why);
	if (r < 0) {
		loop_free(f->loop);
		(void)close(f->stop_fd);
		return r;
	}
	assert_int_equal(loop_add_fd(f->loop, f->stop_fd, EPOLLIN, follower_on_stop, f, &f->stop), 0);
	return 0;
}

static inline void follower_start(struct follower *f) {
	assert_int_equal(pthread_create(&f->thread, NULL, follower_run, f), 0);
}

static inline void follower_open(struct follower *f, const char *spec, const char *resume) {
	char *why = NULL;
	int r = follower_try(f, spec, resume, &why);

	if (r < 0)
		fail_msg("%s: %s", spec, why ? why : strerror(-r));
	follower_start(f);
}

/* Waits until `*text` has this part, or with NULL until n bytes have come; at most FOLLOWER_WAIT_S. */
static inline void follower_wait_part(struct follower *f, char **text, const char *part, size_t n) {
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FOLLOWER_WAIT_S;
	(void)pthread_mutex_lock(&f->mutex);
	while (part ? !*text || !strstr(*text, part) : f->len < n)
		if (pthread_cond_timedwait(&f->changed, &f->mutex, &until) == ETIMEDOUT) {
			(void)pthread_mutex_unlock(&f->mutex);
			fail_msg("\"%s\" did not come; this did: \"%.2000s\"", part ? part : "", *text ? *text : "");
		}
	(void)pthread_mutex_unlock(&f->mutex);
}

#define follower_wait(f, part) follower_wait_part((f), &(f)->got, (part), 0)
#define follower_wait_said(f, part) follower_wait_part((f), &(f)->said, (part), 0)
#define follower_wait_len(f, n) follower_wait_part((f), &(f)->got, NULL, (n))

/* Ends the thread; got, said and the source are the test's then. */
static inline void follower_stop(struct follower *f) {
	uint64_t one = 1;

	assert_int_equal(write(f->stop_fd, &one, sizeof(one)), sizeof(one));
	assert_int_equal(pthread_join(f->thread, NULL), 0);
	assert_int_equal(f->result, 0);
}

static inline void follower_done(struct follower *f) {
	log_source_close(f->source);
	loop_free(f->loop);
	(void)close(f->stop_fd);
	(void)pthread_cond_destroy(&f->changed);
	(void)pthread_mutex_destroy(&f->mutex);
	free(f->got);
	free(f->said);
}
