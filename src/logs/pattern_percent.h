/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The %-texts of Apache's LogFormat and of varnishncsa -F: %h, %>s, %!200,304{Referer}i, %{%s}t, %%, \" \t \n.
 * A row's name is the letter, "{argument}letter" (in lower case) or "{}letter" for any argument. Internal to the room.
 */
#pragma once

#include "logs/pattern.h"

struct percent_table {
	const struct pattern_field *rows;
	size_t count;
	const char *server; /* for messages */
};

/* Drafts a text; as log_format's compile(). */
int percent_draft(struct pattern_draft *d, const struct percent_table *table, struct str text, char **ret_why);

/* The first argument of a directive behind its word: in quotes of either kind, or up to a blank. In double quotes \"
 * and
 * \\ are undone. In the draft's arena. */
struct str percent_argument(struct pattern_draft *d, struct str text);
