/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the subcommands of `hextet addr` share: reading arguments and lines, the one way to say what is wrong with a
 * text, and lists of plain lines.
 */
#pragma once

#include "addr/set.h"
#include "base/diag.h"
#include "cmd/command.h"

extern const struct command command_addr_show, command_addr_split, command_addr_range, command_addr_reverse,
	command_addr_contains, command_addr_aggregate, command_addr_uid;

/* One run of a subcommand. */
struct addr_job {
	struct output_options output;
	struct arena arena;
	struct sources sources;
	struct diags diags;
	struct emit emit;
};

void addr_job_init(struct addr_job *j, const struct output_options *output);

/* Prints what was found wrong, ends the output, frees. Returns the exit code: EXIT_NO when anything was wrong. */
int addr_job_finish(struct addr_job *j, int code);

/* A text from the command line or from a line of a file, and its place. */
struct addr_input {
	struct str text;
	uint32_t file; /* for locations */
	size_t offset; /* of the text in that file */
};

/* The n-th (from 0) argument. */
struct addr_input addr_argument(struct addr_job *j, int n, const char *text);

/*
 * Calls fn for each line of the file ("-": standard input) without blanks around it; empty lines and what follows a '#'
 * are left out. Stops at and returns the first non-zero result; -errno when the file cannot be read.
 */
int addr_each_line(struct addr_job *j, const char *path, int (*fn)(struct addr_input in, void *user), void *user);

/* The same for arguments; none, or one that is "-", is standard input. */
int addr_each_input(struct addr_job *j, char **args, int n, int (*fn)(struct addr_input in, void *user), void *user);

/* An address (with zone and port), a prefix or a range. */
struct addr_item {
	enum { ADDR_IS_ADDRESS, ADDR_IS_PREFIX, ADDR_IS_RANGE } is;
	struct endpoint endpoint; /* of an address */
	struct prefix prefix;     /* of an address or a prefix; of a range: the longest that covers it */
	struct range range;
};

/* Reads one; false after a diagnostic. */
bool addr_read(struct addr_job *j, struct addr_input in, struct addr_item *ret_item);

/* The same for a prefix only (an address is one of full length), and for what a set holds (no zone, no port). */
bool addr_read_prefix(struct addr_job *j, struct addr_input in, struct prefix *ret_p);
bool addr_read_range(struct addr_job *j, struct addr_input in, struct range *ret_r);

/* Adds every line of the file to the set; 0 or -errno. Wrong lines are in the diagnostics. */
int addr_read_set(struct addr_job *j, const char *path, struct prefix_set *s);

/* Says that byte `at` of the input cannot be right. */
void addr_wrong(struct addr_job *j, struct addr_input in, size_t at, const char *hint, const char *what);

/* A list of texts: lines as they are, or a JSON array. */
void addr_lines_begin(struct addr_job *j);
void addr_line(struct addr_job *j, const char *text);
void addr_lines_end(struct addr_job *j);
