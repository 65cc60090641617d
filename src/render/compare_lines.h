/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of one file that a render would change. */
#pragma once

#include "render/compare.h"

/* Fills diff, added and deleted of a new (old is empty then) or changed file. 0 or -errno, as text_diff(). */
int compare_lines(struct str old, struct str text, struct arena *a, struct change *c);
