/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the subcommands of `hextet addr` share: reading addresses, the one way to say what is wrong with a text, and
 * lists of plain lines.
 */
#pragma once

#include "addr/set.h"
#include "cmd/job.h"

extern const struct command command_addr_show, command_addr_split, command_addr_range, command_addr_reverse,
	command_addr_contains, command_addr_aggregate, command_addr_uid;

/* An address (with zone and port), a prefix or a range. */
struct addr_item {
	enum { ADDR_IS_ADDRESS, ADDR_IS_PREFIX, ADDR_IS_RANGE } is;
	struct endpoint endpoint; /* of an address */
	struct prefix prefix;     /* of an address or a prefix; of a range: the longest that covers it */
	struct range range;
};

/* Reads one; false after a diagnostic. */
bool addr_read(struct job *j, struct job_input in, struct addr_item *ret_item);

/* The same for a prefix only (an address is one of full length), and for what a set holds (no zone, no port). */
bool addr_read_prefix(struct job *j, struct job_input in, struct prefix *ret_p);
bool addr_read_range(struct job *j, struct job_input in, struct range *ret_r);

/* Adds every line of the file to the set; 0 or -errno. Wrong lines are in the diagnostics. */
int addr_read_set(struct job *j, const char *path, struct prefix_set *s);

/* Says that byte `at` of the input cannot be right. */
void addr_wrong(struct job *j, struct job_input in, size_t at, const char *hint, const char *what);

/* A list of texts: lines as they are, or a JSON array. */
void addr_lines_begin(struct job *j);
void addr_line(struct job *j, const char *text);
void addr_lines_end(struct job *j);
