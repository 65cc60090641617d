/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of one file that a render would change. */
#pragma once

#include "render/compare.h"

/* Fills diff, added and deleted of a new or changed file. old_path is not read for a new one. 0 or -errno. */
int compare_lines(const char *old_path, struct str text, struct arena *a, struct change *c);
