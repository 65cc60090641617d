/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the manual that the program knows better than its author: `hextet docs KIND [ARG...]` prints one as
 * scdoc(5) text. A line `@KIND ARG...@` in docs/man/NAME.scd becomes that text when the manual is built.
 */
#pragma once

#include "cmd/command.h"

struct docs {
	const char *name; /* KIND, in small letters */
	int (*print)(int argc, char **argv,
		     FILE *out); /* argv: the ARGs; returns 0, or -EINVAL when they make no sense */
};

/* Writes plain text so that scdoc prints it as it is. */
void docs_text(FILE *out, const char *text);
