/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder that `render -o` writes: OUT/<machine>/<absolute path>. All new bytes are on disk in a staging folder
 * inside OUT before the first file appears or changes; every file changes by rename; files with the right content are
 * not touched. A manifest, OUT/.hextet/manifest, says which files are ours: those that are no longer rendered are
 * removed, a user's own files never are. Nothing below OUT is reached through a symbolic link: a folder that is one is
 * an error (-ELOOP), and a file that is one is replaced itself.
 *
 *     tree_open(&t, "out", workers);
 *     tree_add(&t, worker, "motd", "fe01", "/etc/motd", text, 0644);
 *     tree_commit(&t, NULL, NULL, &stats);
 *     tree_close(&t);
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"
#include "render/walk.h"

#include <sys/types.h>

struct tree_entry {
	const char *target;
	const char *path;        /* relative to OUT: machine/etc/… */
	uint32_t worker, number; /* of the staged file; number 0: the content is already right */
	bool exists;             /* there is an older file under this name */
	bool fresh;              /* staged inside its machine's folder, which OUT does not have yet */
};

/* What one thread has added. */
struct tree_worker {
	struct arena arena;
	VEC(struct tree_entry) entries;
	uint32_t staged;
	struct walk walk;           /* below OUT */
	VEC(const char *) machines; /* those that OUT does not have yet */
	const char *machine;        /* of the last file */
	const char *before;         /* the last fresh path, "" for none: its folders are there */
	bool fresh;                 /* whether the last machine is one of `machines` */
	char failed[128];           /* the path of its first failure, for messages */
};

struct tree {
	struct arena arena;
	int out_fd, own_fd, lock_fd; /* OUT, OUT/.hextet, its lock */
	int staging_fd, new_fd;      /* its staging folder, and the one in it for fresh machines */
	mode_t mask;                 /* the umask */
	unsigned workers;
	struct tree_worker *worker;
};

struct tree_stats {
	uint32_t files, written, removed;
};

/* Creates OUT when it is missing and takes its lock. 0; -EBUSY when another render holds it; or -errno. */
int tree_open(struct tree *t, const char *out, unsigned workers);

/* Stages one file; the files of a machine come one after the other, from one worker. Thread-safe between different
 * workers. 0 or -errno; -EINVAL for a path that would leave OUT, -EEXIST (here or at commit) for one added twice. */
int tree_add(struct tree *t, unsigned worker, const char *target, const char *machine, const char *path,
	     struct str text, mode_t mode);

/*
 * Makes it all visible. Files of the old manifest that were not added are removed when keep(target, machine, user) is
 * false or keep is NULL: a render of one machine keeps the others'. 0 or -errno; OUT is then as it was.
 */
int tree_commit(struct tree *t, bool (*keep)(const char *target, const char *machine, void *user), void *user,
		struct tree_stats *ret_stats);

/* Removes what is staged and lets the lock go; after commit, or instead of it. */
void tree_close(struct tree *t);

/* The path that a failed call was about, relative to OUT; "" when it was OUT itself. */
const char *tree_failed_path(const struct tree *t);

/* Reads a manifest: calls fn for each line's target and path. 0 (also without a manifest), -errno, or fn's result. */
int tree_each_manifest(const char *out, int (*fn)(const char *target, const char *path, void *user), void *user);
