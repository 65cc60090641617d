/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of source_file.c; nothing for others. */
#pragma once

#include "logs/file_family.h"
#include "logs/file_tail.h"
#include "logs/file_watch.h"
#include "logs/source_kind.h"

enum { FILE_TAILS_MAX = 64 };

struct file_source {
	struct log_source source;
	struct loop *loop;
	struct file_watch *watch;
	/* What is read, oldest first. The last one is the log, or what was it; the others were rotated away. */
	struct file_tail *tail[FILE_TAILS_MAX];
	size_t count;
	char *resume;      /* a position that was not taken up yet: neither the log nor the old file is there */
	int trouble;       /* what was said last of the path, -errno */
	int read_trouble;  /* the same of reading, */
	int watch_trouble; /* and of the watches */
	bool stopped;
};

/* Puts a file at `at` of the list; the descriptor is taken in all cases. 0 or -errno. */
int file_source_add(struct file_source *f, size_t at, int fd, uint64_t offset, bool is_copy);
void file_source_drop(struct file_source *f, size_t at); /* what waits in it is forgotten */

/* Finds the files of a position. 0: it was taken up, as far as they are there; -EAGAIN: they are being renamed;
 * -ENOENT: there is neither a log nor an old file of it, as when a disk is not mounted yet; or -errno. */
int file_source_resume(struct file_source *f);

/* The log is another file than the last one of the list: adds it, with those between. 0, -EAGAIN (it is being renamed)
 * or -errno. */
int file_source_follow(struct file_source *f);

/* A file does not have the bytes any more that were read: it was emptied. The rest of them is in a copy, or lost; the
 * file is read from its beginning then. 0, -EAGAIN or -errno; -ENOENT: there is no copy, and it is not the log any
 * more, so nobody knows what it is. */
int file_source_emptied(struct file_source *f, size_t at);
