/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file that is read while it grows, and the mark by which it is known again: device, inode, offset, and a
 * fingerprint of the bytes around it.
 *
 * What has been read is compared with the file each time that more is read, so a file that was emptied (copytruncate)
 * is noticed even when it has grown again beyond where we were.
 */
#pragma once

#include <sys/types.h>

#include "logs/lines.h"

enum { TAIL_SEEN = 1024 }; /* bytes that a fingerprint is made of, at each end */

/* As text: "dev:inode:offset:waiting:fingerprint", without blanks or commas. */
struct file_mark {
	uint64_t dev, ino;
	uint64_t offset;  /* of the first byte that was not read, */
	uint64_t waiting; /* so many before it are the beginning of a line */
	uint64_t print;   /* of the bytes before offset, and of the file's first */
};

int file_mark_parse(struct str text, struct file_mark *ret_mark); /* 0 or -EINVAL */
void file_mark_write(FILE *out, const struct file_mark *m);
bool file_mark_fits(int fd, const struct file_mark *m); /* whether this file has the same bytes */

struct file_tail {
	int fd;
	dev_t dev;
	ino_t ino;
	uint64_t offset, limit; /* read to here; what may be read now */
	char first[TAIL_SEEN];  /* the file's first bytes, */
	char seen[TAIL_SEEN];   /* and the last ones before offset */
	size_t seen_len;        /* of either: min(offset, TAIL_SEEN) */
	struct lines lines;
	int watch;        /* the owner's */
	bool is_copy;     /* of a file that was emptied then: its last line goes on in the next file */
	bool let_go;      /* nobody writes to it any more */
	uint64_t idle_ms; /* when something was last read (loop time) */
};

/* Takes the descriptor, of a regular file, in all cases. 0 or -errno. */
int file_tail_open(int fd, uint64_t offset, struct file_tail **ret_tail);
void file_tail_close(struct file_tail *t); /* NULL is fine */

enum file_tail_state { TAIL_END, TAIL_MORE, TAIL_OTHER }; /* OTHER: it does not have the bytes that were read */

/* One step, up to t->limit: lines go to t->lines. 0, or -errno, or what the lines' fn returned. */
int file_tail_read(struct file_tail *t, enum file_tail_state *ret_state);

void file_tail_rewind(struct file_tail *t);             /* the next byte is the file's first */
bool file_tail_fits(const struct file_tail *t, int fd); /* whether that file has the bytes before our offset */
struct file_mark file_tail_mark(const struct file_tail *t);

/* Whether somebody has the file open for writing: 1, 0, or -errno when we may not know. */
int file_tail_is_written(const struct file_tail *t);
