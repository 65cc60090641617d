/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files in, whole files out. A reader never sees half a file. */
#pragma once

#include "base/arena.h"

#include <sys/types.h>

/*
 * Reads a whole regular file, pipe or device; "-" is standard input. The text is zero-terminated behind its length and
 * lives in the arena. Returns 0, -EFBIG when it holds more than max bytes, -EISDIR, or another -errno.
 */
int file_read(struct arena *a, const char *path, size_t max, char **ret_text, size_t *ret_len);

/*
 * Writes a file in one step: temporary name in the same folder, fsync, rename, fsync of the folder. On failure nothing
 * is left behind and the old content stays, unless it was that last step that failed: then the new content is there,
 * but may not survive a crash. `mode` is the mode of a new file, whatever the umask. Returns 0 or -errno.
 */
int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode);

/* Writes all bytes to a descriptor; 0 or -errno. */
int file_write_fd(int fd, const void *data, size_t len);

/* mkdir -p; 0 or -errno. */
int file_make_dirs(const char *path, mode_t mode);

/* Removes a file, or a folder and all that is below it, without following links. 0 or -errno. */
int file_remove_at(int at_fd, const char *name);

/* Writes a file that nobody else reads: no rename, no fsync. 0 or -errno. */
int file_write_plain(const char *path, const void *data, size_t len, mode_t mode);
