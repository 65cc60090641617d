/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of sources share (source_KIND.c); nothing for their users. */
#pragma once

#include "logs/source.h"

/* To the user's lines(), and counts. 0 or what lines() said: the source reads no more then, and has told so. */
int source_lines(struct log_source *s, const struct log_batch *batch);

void source_info(struct log_source *s, const char *fmt, ...) _printf_(2, 3);
void source_warn(struct log_source *s, const char *fmt, ...) _printf_(2, 3);

/* Puts the sentence into *ret_why (NULL when there is no memory) and returns the error. */
int source_why(char **ret_why, int error, const char *fmt, ...) _printf_(3, 4);
