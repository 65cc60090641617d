/* SPDX-License-Identifier: Apache-2.0 */
/* Shell completion from the tables that give --help, so that it cannot drift. */
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"

static void print_options(const struct argp *argp, FILE *out) {
	if (!argp)
		return;
	for (const struct argp_option *o = argp->options; o && (o->name || o->key || o->doc); o++)
		if (o->name && !(o->flags & OPTION_HIDDEN))
			(void)fprintf(out, " --%s", o->name);
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		print_options(c->argp, out);
}

/* One line of the case: "check ESTATE": "words". */
static void print_case(const struct command *c, const char *path, FILE *out) {
	(void)fprintf(out, "\t'%s') words='", path);
	for (const struct command *const *s = c->sub; s && *s; s++)
		(void)fprintf(out, " %s", (*s)->name);
	print_options(c->argp, out);
	(void)fputs(" --help' ;;\n", out);
	for (const struct command *const *s = c->sub; s && *s; s++) {
		char deeper[96];

		(void)snprintf(deeper, sizeof(deeper), "%s%s%s", path, *path ? " " : "", (*s)->name);
		print_case(*s, deeper, out);
	}
}

static int print_bash(FILE *out) {
	const struct command top = { .sub = command_list };

	(void)fputs("# bash completion for hextet; made by 'hextet completion bash'\n"
		    "_hextet() {\n"
		    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} path='' words='' w\n"
		    "\tfor w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
		    "\t\tcase $w in -*) ;; *) [ ${#path} -lt 40 ] && path=\"${path:+$path }$w\" ;; esac\n"
		    "\tdone\n"
		    "\twhile :; do\n"
		    "\tcase $path in\n",
		    out);
	print_case(&top, "", out);
	(void)fputs("\t*) path=${path% *}; continue ;;\n"
		    "\tesac\n"
		    "\tbreak\n"
		    "\tdone\n"
		    "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\") $(compgen -f -- \"$cur\"))\n"
		    "}\n"
		    "complete -o filenames -F _hextet hextet\n",
		    out);
	return EXIT_DONE;
}

static error_t parse(int key, char *arg, struct argp_state *state) {
	const char **shell = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (*shell || strcmp(arg, "bash") != 0)
			argp_error(state, "the shell is 'bash', not '%s'", arg);
		*shell = arg;
		return 0;
	case ARGP_KEY_END:
		if (!*shell)
			argp_error(state, "name the shell: bash");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "bash",
	.doc = "Prints a completion script for the shell.",
};

static int run(int argc, char **argv) {
	const char *shell = NULL;

	command_parse(&argp, argc, argv, &shell);
	return print_bash(stdout);
}

const struct command command_completion = {
	.name = "completion",
	.summary = "Print a shell completion script",
	.argp = &argp,
	.run = run,
};
