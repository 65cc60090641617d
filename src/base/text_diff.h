/* SPDX-License-Identifier: Apache-2.0 */
/* The lines in which two texts differ, as diff -u shows them. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct text_side {
	const char *label; /* behind "---" and "+++" */
	struct str text;   /* any bytes; they are taken for text */
};

struct text_diff {
	struct str text;         /* from "---" on, whole lines; empty: they are equal */
	uint32_t added, deleted; /* lines in it */
	bool cut;                /* there would be more than max bytes */
};

/* 0; -ENOENT without diff(1); -ETIMEDOUT; another -errno. The text lives in the arena. */
int text_diff(const struct text_side *old, const struct text_side *new, size_t max, struct arena *a,
	      struct text_diff *ret_diff);
