/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folders below a root, found one component at a time: a symbolic link is never followed (-ELOOP), whoever put it
 * there and when. The folders of the path before stay open, so sorted paths cost one open for each new folder.
 *
 * Paths are relative, shorter than PATH_MAX, and have no empty part, "." or "..": the caller has checked that.
 */
#pragma once

#include <limits.h>

#include "base/macro.h"

enum { WALK_DEPTH_MAX = 32 };

struct walk {
	int root; /* borrowed */
	unsigned depth;
	struct {
		int fd;
		size_t end; /* of its name in path */
	} steps[WALK_DEPTH_MAX];
	size_t missing;      /* > 0: so much of path does not exist */
	char path[PATH_MAX]; /* the one before */
};

void walk_init(struct walk *w, int root);
void walk_done(struct walk *w);

/*
 * Opens the folder that holds a path; *ret_fd stays the walk's, *ret_name points into path. Missing folders are created
 * (0755) and told to made() when that is not NULL: the first `len` bytes of path. Returns 0, -ENOENT, -ELOOP for a
 * link, -ENOTDIR, -ENAMETOOLONG, or another -errno.
 */
int walk_to(struct walk *w, const char *path, void (*made)(const char *path, size_t len, void *user), void *user,
	    int *ret_fd, const char **ret_name);

/* Removes the folders of the path before as far as they are empty, the innermost first. */
void walk_prune(struct walk *w);
