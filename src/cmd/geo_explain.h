/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why an address has its country: all rows of the sources that have the address, the one that decides first. The rows
 * are read as a build reads them, but are compared here one by one, without a tree: a second opinion.
 */
#pragma once

#include "cmd/geo.h"

/*
 * Answers for the arguments, or lines of standard input, from the sources. db names a file that was built from them, or
 * is NULL: an answer of its that is another one is said and warned of. Returns the exit code.
 */
int geo_explain(struct job *j, const struct geo_options *o, const char *db, char **args, int n);
