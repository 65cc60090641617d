/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files below a folder, in the order of their names: without .git, what .gitignore excludes, and without following
 * links.
 */
#pragma once

#include "base/arena.h"

struct scan_walk_options {
	bool no_ignore; /* .gitignore does not count */
};

/* A negative result ends the walk with it. `path` is as the user should see it. */
typedef int (*scan_file_fn)(const char *path, void *user);

/* What cannot be read: path and -errno. */
typedef void (*scan_trouble_fn)(const char *path, int error, void *user);

/* A file is given as it is, whatever .gitignore says. Folders deeper than 128 are trouble (-ELOOP). 0 or what fn
 * returned. */
int scan_walk(const char *path, const struct scan_walk_options *o, scan_file_fn fn, scan_trouble_fn trouble,
	      void *user);
