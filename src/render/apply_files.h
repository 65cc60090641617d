/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file operations of an apply, each of which can be the last one before the lights go out. An entry of the journal
 * has its new file staged beside it and the old one kept there under a second name (a hard link), so installing and
 * taking back are one rename(2) each, and taking back needs no space, changes no inode, owner or time, and can be done
 * twice.
 */
#pragma once

#include <limits.h>

#include "render/apply_plan.h"
#include "render/walk.h"

struct apply_files {
	const struct apply_state *state;
	const struct journal *journal;
	struct walk walk;
	char failed[PATH_MAX]; /* the path of the first failure */
};

void files_init(struct apply_files *f, const struct apply_state *s, const struct journal *j);
void files_done(struct apply_files *f);

/* Items are those of the plan, in the journal's order. All new bytes, second names and folders are on disk when it
 * returns. 0; -ESTALE when a file has changed since it was planned; -EOPNOTSUPP without hard links; or -errno. */
int files_stage(struct apply_files *f, const struct plan_item *items);

/* Exchanges all files; they are on disk when it returns. 0, -ESTALE or -errno. */
int files_install(struct apply_files *f);

/* Back to the old files, and nothing left of the new ones; `installed`: files_install() may have begun. Goes on after a
 * failure. 0 or the first -errno; may be called again. */
int files_undo(struct apply_files *f, bool installed);

/* After the decision for the new files: removes the second names of the old ones. As files_undo(). */
int files_clean(struct apply_files *f);
