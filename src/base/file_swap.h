/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that takes the place of another in one step, when it is complete and found good. Until then it has no name
 * (O_TMPFILE), so that nothing is left behind whatever ends the process; on file systems that cannot do that (NFS) it
 * has a random one beside the target.
 *
 *     struct file_swap f;
 *     r = file_swap_begin(&f, path);            // write to f.fd, read it back
 *     r = good ? file_swap_commit(&f, 0644) : (file_swap_abort(&f), -EBADMSG);
 */
#pragma once

#include "base/macro.h"

#include <limits.h>
#include <sys/types.h>

enum { FILE_SWAP_NAME_MAX = 32 };

struct file_swap {
	int fd; /* for reading and writing */
	const char *path;
	char temporary[PATH_MAX]; /* its name, or "" */
};

/* 0 or -errno: -EISDIR for a folder, -ENODEV for a device, pipe or socket, which are never replaced. A link is: by the
 * file. `path` is borrowed until the end. */
int file_swap_begin(struct file_swap *f, const char *path);

/* What a failure's -errno means, in words. */
const char *file_swap_error(int error);

/* A path that opens the new file, for readers that take nothing else. */
void file_swap_name(const struct file_swap *f, char ret_name[static FILE_SWAP_NAME_MAX]);

/*
 * fsync, rename, fsync of the folder. `mode` is that of a new file; one that is replaced hands its own down. On failure
 * the old content stays, unless it was the last step that failed: then the new content is there, but may not survive a
 * crash. Closes in every case. 0 or -errno.
 */
int file_swap_commit(struct file_swap *f, mode_t mode);
void file_swap_abort(struct file_swap *f);

/* Makes the folder's entry of `path` durable; 0 or -errno. */
int file_sync_folder(const char *path);
