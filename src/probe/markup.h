/* SPDX-License-Identifier: Apache-2.0 */
/* Text as XML and HTML carry it. */
#pragma once

#include "base/str.h"

/*
 * Writes any bytes as text of an element or of a quoted attribute: markup as character references; what XML 1.0 does
 * not allow, what is not UTF-8 and what turns the direction of writing as U+FFFD. New lines and tabs stay.
 */
void markup_write(FILE *out, struct str text);
void markup_puts(FILE *out, const char *text);
