/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an apply would do: the files that a render made against those that are installed, and against what the manifest
 * says was installed. Reads only.
 *
 * Never followed: a symbolic link among the folders of a path is refused; one in the place of a file is refused too
 * unless forced, and then replaced itself, not what it points to. Owner, group and extended attributes of a file that
 * is replaced stay; its mode becomes the target's unless somebody has changed the mode since the last apply.
 */
#pragma once

#include <sys/stat.h>

#include "render/apply_manifest.h"
#include "render/apply_state.h"

/* A file as the render made it, its texts borrowed. */
struct apply_file {
	const char *target, *path;
	mode_t mode;
	struct str text;
};

enum {
	PLAN_FOREIGN = 1 << 0, /* the old file is not one that apply installed */
	PLAN_BY_HAND = 1 << 1, /* somebody has changed it since */
	PLAN_LINK = 1 << 2,    /* a symbolic link is in its place */
	PLAN_GONE = 1 << 3,    /* apply had installed it, and somebody removed it */
	PLAN_MODE = 1 << 4,    /* only the mode changes */
};

struct plan_item {
	enum journal_op op;
	const char *target, *path; /* JOURNAL_MANIFEST for the manifest, which is the last one */
	unsigned notes;            /* PLAN_… */
	mode_t mode;
	struct str text;     /* new; empty for JOURNAL_REMOVE */
	struct str old_text; /* of a regular file */
	struct stat old;     /* unless JOURNAL_NEW */
};

struct plan_refusal {
	const char *path, *why; /* why: a clause, with what to do */
	bool forceable;         /* --force passes it */
};

struct apply_plan {
	struct arena *arena;
	VEC(struct plan_item) items; /* what changes, by path */
	VEC(struct plan_refusal) refusals;
	VEC(const char *) folders;            /* that are missing, outer ones first */
	VEC(struct journal_reload) reloads;   /* after the change, in order */
	VEC(struct journal_reload) unreloads; /* after it was taken back */
	struct manifest before;
	uint32_t same; /* files that are right already */
};

struct plan_request {
	const char *machine, *target; /* target: only files of this one; NULL: all */
	const struct apply_file *files;
	size_t n;
	bool force;
};

/*
 * 0, -EBADMSG when the manifest is damaged, or -errno with *ret_path (in the arena) saying where. Refusals that are not
 * forced are in p->refusals: then nothing may be done.
 */
int plan_make(struct apply_plan *p, struct arena *a, const struct apply_state *s, const struct plan_request *q,
	      const char **ret_path);
void plan_done(struct apply_plan *p);

/* The files that change, the manifest not counted. */
uint32_t plan_changes(const struct apply_plan *p);
