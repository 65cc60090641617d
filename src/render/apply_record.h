/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form that apply's journal and manifest share: lines of words, the first line a title, the last one
 * "end SHA256-of-all-before". A text that was cut, or changed by anybody, is not read at all.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "base/text.h"

enum { RECORD_MAX = 16 << 20 }; /* bytes */

/* Adds the last line. */
void record_seal(struct text *t);

/* Checks title and seal; *ret_body is what lies between. 0 or -EBADMSG. */
int record_open(struct str text, const char *title, struct str *ret_body);

/* Takes the line up to a blank off; the rest of the line when there is none. */
struct str record_word(struct str *line);

/* A decimal number that is the whole word; 0 or -EBADMSG. */
int record_number(struct str word, uint64_t max, uint64_t *ret_n);

/* The name of a target or machine: 1 to 255 of letters, digits, '.', '-', '_', not beginning with '.'. */
bool record_name_ok(struct str name);

/* An absolute path on the machine: no empty part, ".", "..", or control byte; shorter than PATH_MAX. */
bool record_path_ok(struct str path);
