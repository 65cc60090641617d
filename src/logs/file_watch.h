/* SPDX-License-Identifier: Apache-2.0 */
/* Says when something may have happened to a path or to a file: inotify, and once a second for what it does not see
 * (NFS, folders behind links that are turned elsewhere). */
#pragma once

#include "net/loop.h"

struct file_watch;

/* fn's negative result ends the loop. 0 or -errno. */
int file_watch_open(struct loop *l, const char *path, int (*fn)(void *user), void *user, struct file_watch **ret_watch);
void file_watch_close(struct file_watch *w); /* NULL is fine */

/* Watches a file, whatever its name becomes: a number for file_watch_drop(), or -errno (-ENOSPC: no more watches). */
int file_watch_add(struct file_watch *w, int fd);
void file_watch_drop(struct file_watch *w, int watch); /* a negative number is fine */

/* Calls fn again in the next turn of the loop. */
int file_watch_again(struct file_watch *w);

/* Why changes are only seen once a second, as -errno; 0: they are seen at once. */
int file_watch_trouble(const struct file_watch *w);
