/* SPDX-License-Identifier: Apache-2.0 */
/* What a render would change in a folder that an earlier one wrote. Reads only. */
#pragma once

#include "render/render.h"

enum change_kind { CHANGE_NEW, CHANGE_CHANGED, CHANGE_REMOVED, _CHANGE_MAX };

struct change {
	enum change_kind kind;
	const char *machine, *target;
	const char *path;        /* relative to OUT */
	struct str diff;         /* unified, from "---" on; empty for a file to be removed */
	uint32_t added, deleted; /* lines */
};

struct changes {
	struct arena arena;
	VEC(struct change) list; /* by path */
	char failed[256];        /* the path of an error */
};

/* Renders by r and compares with what lies in `out`. 0, or as render_run(), or -errno of a file that cannot be read. */
int changes_find(struct changes *c, struct render *r, const char *out);
void changes_done(struct changes *c);

const char *change_to_str(enum change_kind k); /* "new", "changed", "removed" */
