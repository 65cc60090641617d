/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function in a child process, for work that may block, be slow, crash or be killed without harm to the loop. It
 * starts with a copy of our memory, standard streams, a pipe to us and the descriptors that it is given, no others; it
 * dies when we die. Only for processes with one thread.
 *
 * Whoever watches `fd` in a loop frees that source before worker_wait() or worker_kill(), which close it: a child that
 * was forked a moment ago may still have a copy, and epoll would go on telling of it.
 */
#pragma once

#include "base/macro.h"

#include <sys/types.h>

enum { WORKER_WHY_MAX = 128 };

struct worker {
	pid_t pid; /* 0: none */
	int fd;    /* to read what it writes, not blocking; end of file when it has ended */
};

/* The result, 0 to 255, is the exit status. `out` is a pipe: writes of up to PIPE_BUF bytes come whole. */
typedef int (*worker_fn)(int out, void *user);

/* 0 or -errno. */
int worker_start(struct worker *w, worker_fn fn, void *user, const int *keep, size_t keep_count);

/* Waits for one that has closed its pipe: its exit status, or -ECHILD and why ("was killed by signal 9 (Killed)"). */
int worker_wait(struct worker *w, char ret_why[static WORKER_WHY_MAX]);

/* Kills it, if there is one, and waits. */
void worker_kill(struct worker *w);
