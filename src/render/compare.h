/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a render would change in a folder that an earlier one wrote: what appears and vanishes (meaning.h), which files
 * are touched, and whether it is too much at once (safety.h). Reads only.
 *
 *     struct comparison c;
 *     r = comparison_make(&c, &render, &options);
 *     comparison_done(&c);
 *
 * A render that writes as well gives each machine's files to compare_machine() in its own sink instead.
 */
#pragma once

#include "render/meaning.h"
#include "render/render.h"
#include "render/safety.h"

struct compare_options {
	const char *out;
	struct safety safety;
	bool want_lines; /* fill change.diff, added and deleted, through diff(1) */
};

enum change_kind { CHANGE_NEW, CHANGE_CHANGED, CHANGE_REMOVED, _CHANGE_MAX };

struct change {
	enum change_kind kind;
	const char *machine, *target;
	const char *path;        /* relative to OUT */
	const char *note;        /* why its meaning is not known ("the old file: line 7: …"), or NULL */
	bool is_text;            /* what changes is not, or not only, in the comparison's meaning */
	struct str diff;         /* unified, from "---" on; empty for a file to be removed */
	uint32_t added, deleted; /* lines */
};

struct comparison {
	struct arena arena;
	VEC(struct change) files; /* by path */
	struct meaning meaning;
	VEC(const char *) gone;     /* machines that OUT has and the estate has not */
	VEC(const char *) refusals; /* what is too much: "fe01.example.net: 12 of 30 flows (40 %) would …" */
	char failed[256];           /* the path of an error */
};

/* Renders by r and compares. 0, or as render_run(), or -errno of a file that cannot be read. Done in every case. */
int comparison_make(struct comparison *c, struct render *r, const struct compare_options *options);
void comparison_done(struct comparison *c);

struct compare;

/* The steps of comparison_make(). new reads the manifest of OUT; 0 or -errno. */
int compare_new(struct render *r, const struct compare_options *options, struct compare **ret_c);
void compare_free(struct compare *c);

/* Whether OUT has anything from an earlier render; without it everything is new, and nothing refused. */
bool compare_has_old(const struct compare *c);

/* Takes a machine's files, as a sink does. same: which of them are known to be unchanged; NULL: none. */
int compare_machine(struct compare *c, const struct output_file *files, size_t n, const bool *same, unsigned worker);

/* When all machines have been added. */
int compare_finish(struct compare *c, struct comparison *ret_comparison);

const char *change_to_str(enum change_kind k); /* "new", "changed", "removed" */
