/* SPDX-License-Identifier: Apache-2.0 */
/* The schema rows as the field lists of a manual page, in scdoc. */
#pragma once

#include <stdio.h>

#include "conf/schema.h"

/*
 * One heading a section (a field that is a mapping or a list of mappings), and below it every field: its path, what may
 * stand there, its default and its meaning. Plain fields of s come first. `text` writes a text with scdoc's own
 * characters escaped.
 */
void schema_manual(FILE *out, const struct schema *s, void (*text)(FILE *out, const char *text));
