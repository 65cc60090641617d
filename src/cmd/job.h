/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of a subcommand that reads texts and prints results: its memory, what was found wrong, its output, and its
 * input from arguments or lines.
 */
#pragma once

#include "base/diag.h"
#include "cmd/command.h"

struct job {
	struct output_options output;
	struct arena arena;
	struct sources sources;
	struct diags diags;
	struct emit emit;
};

void job_init(struct job *j, const struct output_options *output);

/* Prints what was found wrong, ends the output, frees. Returns the exit code: EXIT_NO when anything was wrong. */
int job_finish(struct job *j, int code);

/* A text from the command line or from a line of a file, and its place. */
struct job_input {
	struct str text;
	uint32_t file; /* for locations */
	size_t offset; /* of the text in that file */
};

/* The n-th (from 0) argument. */
struct job_input job_argument(struct job *j, int n, const char *text);

/*
 * Calls fn for each line of the file ("-": standard input) without blanks around it; empty lines and what follows a '#'
 * are left out. Stops at and returns the first non-zero result; -errno when the file cannot be read.
 */
int job_each_line(struct job *j, const char *path, int (*fn)(struct job_input in, void *user), void *user);

/* The same for arguments; none, or one that is "-", is standard input. */
int job_each_input(struct job *j, char **args, int n, int (*fn)(struct job_input in, void *user), void *user);
