/* SPDX-License-Identifier: Apache-2.0 */
/* The sentence that goes with a -errno: what is wrong, where, and what to do. */
#pragma once

#include "base/macro.h"

/* Writes the sentence (malloc'ed, the caller's) unless ret_why is NULL; without memory it becomes NULL. Returns the
 * error, for `return why_set(…)`. */
int why_set(char **ret_why, int error, const char *fmt, ...) _printf_(3, 4);
