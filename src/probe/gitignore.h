/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files git leaves alone: .gitignore as gitignore(5) describes it, one file for each folder on the way.
 *
 *     struct gitignore *inner = gitignore_new(outer, "src", text, len, &arena);
 *     if (gitignore_excludes(inner, "src/build", true)) …
 *
 * As in git, what is inside an excluded folder cannot be taken back: do not descend into one.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct gitignore;

/*
 * The rules of one folder's file in front of those of the folders above (NULL: none). `folder` is the folder's path
 * from the top, "" for the top itself. Text and outer are borrowed; lives in the arena. Any bytes will do.
 */
const struct gitignore *gitignore_new(const struct gitignore *outer, const char *folder, const char *text, size_t len,
				      struct arena *a);

/* `path` is from the top, without a slash in front, and inside the folder. NULL excludes nothing. */
bool gitignore_excludes(const struct gitignore *g, const char *path, bool is_folder);
