/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop of what runs long: descriptors, timers, signals, and what systemd wants to know (sd_notify, watchdog).
 * A thin coat over sd-event, which is named in loop.c only. One loop belongs to one thread.
 */
#pragma once

#include "base/macro.h"

struct loop;
struct loop_source;

/* A callback's negative result ends loop_run() with it. */
typedef int (*loop_fd_fn)(int fd, uint32_t events, void *user); /* EPOLLIN … */
typedef int (*loop_timer_fn)(void *user);
typedef int (*loop_signal_fn)(int signal, void *user);

int loop_new(struct loop **ret_loop); /* 0 or -errno */
void loop_free(struct loop *l);       /* frees its sources; descriptors stay the caller's */

int loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *user, struct loop_source **ret_source);
int loop_set_events(struct loop_source *s, uint32_t events);
/* Fires once after `after_ms`; loop_timer_set() in the callback, or any time, arms it again. */
int loop_add_timer(struct loop *l, uint64_t after_ms, loop_timer_fn fn, void *user, struct loop_source **ret_source);
int loop_timer_set(struct loop_source *s, uint64_t after_ms);
/* Blocks the signal for the thread and takes it here. */
int loop_add_signal(struct loop *l, int signal, loop_signal_fn fn, void *user, struct loop_source **ret_source);
void loop_source_free(struct loop_source *s); /* NULL is fine; allowed in its own callback */

int loop_run(struct loop *l); /* until loop_stop(): 0; or the first negative result */
void loop_stop(struct loop *l);

uint64_t loop_now_ms(const struct loop *l); /* monotonic, of this turn */

/* Tells systemd, when it runs us: READY=1, STATUS=…; nothing otherwise. */
void loop_notify_ready(const char *status);
void loop_notify_status(const char *fmt, ...) _printf_(1, 2);
