/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The argp tables as a list to walk, for those who print them: completion and the manual.
 *
 *     struct option_walk w = option_walk(c->argp);
 *     for (const struct argp_option *o; (o = option_next(&w));) use(o);
 */
#pragma once

#include "cmd/command.h"

enum { OPTION_DEPTH = 8 };

struct option_walk {
	const struct argp_option
		*option; /* the one to look at; its aliases are the rows behind it, see option_alias() */
	const struct argp_option *next;
	const struct argp_child *child[OPTION_DEPTH]; /* of each level, what is still to be visited */
	unsigned depth;
	bool with_help; /* help_options come last */
};

/*
 * Every visible option of a command, those of the table's children and help_options included, in the order of the
 * tables. A NULL argp has none but help. Children nested deeper than OPTION_DEPTH are left out. The next one is NULL
 * after the last; its aliases are not walked, see option_alias().
 */
struct option_walk option_walk(const struct argp *argp);
const struct argp_option *option_next(struct option_walk *w);

/* The next visible alias of an option, starting with the option itself; NULL after the last. */
const struct argp_option *option_alias(const struct argp_option *o);

/* The letter of an option, or 0 when it has only a long name. */
char option_letter(const struct argp_option *o);
