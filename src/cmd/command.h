/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subcommand: one file cmd_NAME.c that ends in `const struct command command_NAME`, named in meson.build. The argp
 * table gives --help, usage, errors, shell completion and the manual's option list.
 *
 * run() gets argv with argv[0] replaced by "hextet NAME"; it parses with command_parse() and returns an exit code.
 */
#pragma once

#include <argp.h>

#include "base/emit.h"

enum exit_code {
	EXIT_DONE = 0,   /* yes, or done */
	EXIT_NO = 1,     /* the answer is no: errors found, differences, not found */
	EXIT_USAGE = 2,  /* wrong usage */
	EXIT_CANNOT = 3, /* I/O, permission, missing program */
};

struct command {
	const char *name;
	const char *summary;               /* one line, no full stop */
	bool hidden;                       /* for the build, not for people: in no list, no completion and no manual */
	const struct argp *argp;           /* NULL when it only has subcommands */
	const struct command *const *sub;  /* NULL-terminated, or NULL */
	int (*run)(int argc, char **argv); /* NULL when it only has subcommands */
};

/*
 * Parses argv by the argp table into `input`, which the table's parser gets. Every command also has help_options.
 * --help ends the program with EXIT_DONE, a usage error with EXIT_USAGE and a message on stderr.
 */
extern const struct argp_option help_options[];
void command_parse(const struct argp *argp, int argc, char **argv, void *input);

/* The command with this name, hidden ones too, or NULL. */
const struct command *command_find(const struct command *const *list, const char *name);

/* Runs the command, or the one of its subcommands that argv[1] names ("did you mean" otherwise). */
int command_run(const struct command *c, int argc, char **argv);

/* All top-level subcommands, NULL-terminated. */
extern const struct command *const command_list[];

/* The options that every command with a result has: add OUTPUT_ARGP_CHILD to its argp children. */
struct output_options {
	enum emit_format format;
	enum { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER } colour;
};
extern const struct argp output_argp;

/* Whether to colour what goes to `out`: a terminal, no NO_COLOR in the environment, or as told. */
bool output_colour(const struct output_options *o, FILE *out);

/* Prints "hextet: …" on stderr and returns EXIT_CANNOT. */
int cannot(const char *fmt, ...) _printf_(1, 2);

/* Prints "hextet: …" and a pointer to --help on stderr and returns EXIT_USAGE. */
int usage_error(const char *fmt, ...) _printf_(1, 2);

/* Ends the output; a write error becomes EXIT_CANNOT, else returns `code`. */
int output_finish(struct emit *e, int code);
