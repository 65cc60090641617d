/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shell completion from the tables that give --help, so that it cannot drift. The three scripts have one shape: find
 * the longest run of words on the line that names a command, then offer its subcommands or its options.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "cmd/option.h"
#include "estate/check.h"

static void print_check_names(FILE *out) {
	for (const struct check *const *c = check_list; *c; c++)
		(void)fprintf(out, "%s ", (*c)->name);
}

/* What an option's argument can be, where its name in the argp table says it. Others are completed as file names. */
static const struct known_arg {
	const char *arg;
	const char *values;
	void (*print)(FILE *out); /* in place of values, for what has a table */
} known_args[] = {
	{ "CHECK", NULL, print_check_names },
	{ "FORMAT", "text json jsonl kv", NULL },
	{ "WHEN", "auto always never", NULL },
};

static const struct known_arg *known_arg(const struct argp_option *o) {
	for (size_t i = 0; o->name && o->arg && i < ARRAY_LEN(known_args); i++)
		if (strcmp(o->arg, known_args[i].arg) == 0)
			return &known_args[i];
	return NULL;
}

static void print_values(const struct known_arg *k, FILE *out) {
	if (k->print)
		k->print(out);
	else
		(void)fputs(k->values, out);
}

/* Text between single quotes: `quote` is how the shell writes one there. */
static void print_quoted(FILE *out, const char *text, const char *quote) {
	for (; text && *text; text++) {
		if (*text == '\'')
			(void)fputs(quote, out);
		else
			(void)fputc(*text, out);
	}
}

/* Calls print for the command and all below it; path is its words without "hextet". */
static void each_command(const struct command *c, const char *path, FILE *out,
			 void (*print)(const struct command *c, const char *path, FILE *out)) {
	print(c, path, out);
	for (const struct command *const *s = c->sub; s && *s; s++) {
		struct arena a = { 0 };

		if (!(*s)->hidden)
			each_command(*s, arena_printf(&a, "%s%s%s", path, *path ? " " : "", (*s)->name), out, print);
		arena_done(&a);
	}
}

static void print_bash_case(const struct command *c, const char *path, FILE *out) {
	struct option_walk w = option_walk(c->argp);

	(void)fprintf(out, "\t'%s')\n\t\tcommands='", path);
	for (const struct command *const *s = c->sub; s && *s; s++)
		if (!(*s)->hidden)
			(void)fprintf(out, "%s ", (*s)->name);
	(void)fputs("' options='", out);
	for (const struct argp_option *option; (option = option_next(&w));)
		for (const struct argp_option *o = option; o; o = option_alias(o))
			if (o->name)
				(void)fprintf(out, "--%s ", o->name);
	(void)fputs("'\n\t\tcase $previous in\n", out);
	w = option_walk(c->argp);
	for (const struct argp_option *option; (option = option_next(&w));) {
		if (!known_arg(option))
			continue;
		(void)fprintf(out, "\t\t--%s", option->name);
		if (option_letter(option))
			(void)fprintf(out, " | -%c", option_letter(option));
		(void)fputs(") values='", out);
		print_values(known_arg(option), out);
		(void)fputs("' ;;\n", out);
	}
	(void)fputs("\t\tesac ;;\n", out);
}

static void print_bash(const struct command *top, FILE *out) {
	(void)fputs("# bash completion for hextet; made by 'hextet completion bash'\n"
		    "_hextet() {\n"
		    "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
		    "\tlocal path='' commands='' options='' values='' word\n"
		    "\tif [[ $current == = ]]; then current=''; fi\n"
		    "\tif [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
		    "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
		    "\t\t[[ $word == -* ]] || path=${path:+$path }$word\n"
		    "\tdone\n"
		    "\twhile :; do\n"
		    "\tcase $path in\n",
		    out);
	each_command(top, "", out, print_bash_case);
	(void)fputs(
		"\t*' '*) path=${path% *}; continue ;;\n"
		"\t*) path=''; continue ;;\n"
		"\tesac\n"
		"\tbreak\n"
		"\tdone\n"
		"\tif [[ -n $values ]]; then mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$current\")\n"
		"\telif [[ $current == -* ]]; then mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
		"\telif [[ -n $commands ]]; then mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$current\")\n"
		"\telse mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
		"\tfi\n"
		"}\n"
		"complete -o filenames -F _hextet hextet\n",
		out);
}

static void print_zsh_case(const struct command *c, const char *path, FILE *out) {
	struct option_walk w = option_walk(c->argp);

	(void)fprintf(out, "\t'%s')\n\t\tcommands=(", path);
	for (const struct command *const *s = c->sub; s && *s; s++) {
		if ((*s)->hidden)
			continue;
		(void)fprintf(out, "'%s:", (*s)->name);
		print_quoted(out, (*s)->summary, "'\\''");
		(void)fputs("' ", out);
	}
	(void)fputs(")\n\t\toptions=(", out);
	for (const struct argp_option *option; (option = option_next(&w));)
		for (const struct argp_option *o = option; o; o = option_alias(o)) {
			if (!o->name)
				continue;
			(void)fprintf(out, "\n\t\t\t'--%s:", o->name);
			print_quoted(out, option->doc, "'\\''");
			(void)fputc('\'', out);
		}
	(void)fputs(")\n\t\tcase $previous in\n", out);
	w = option_walk(c->argp);
	for (const struct argp_option *option; (option = option_next(&w));) {
		if (!known_arg(option))
			continue;
		(void)fprintf(out, "\t\t(--%s", option->name);
		if (option_letter(option))
			(void)fprintf(out, "|-%c", option_letter(option));
		(void)fputs(") values=(", out);
		print_values(known_arg(option), out);
		(void)fputs(") ;;\n", out);
	}
	(void)fputs("\t\tesac ;;\n", out);
}

static void print_zsh(const struct command *top, FILE *out) {
	(void)fputs("#compdef hextet\n"
		    "# zsh completion for hextet; made by 'hextet completion zsh'\n"
		    "_hextet() {\n"
		    "\tlocal current=${words[CURRENT]} previous=${words[CURRENT-1]} known='' word\n"
		    "\tlocal -a commands options values\n"
		    "\tfor word in ${words[2,CURRENT-1]}; do\n"
		    "\t\t[[ $word == -* ]] || known=${known:+$known }$word\n"
		    "\tdone\n"
		    "\twhile :; do\n"
		    "\tcase $known in\n",
		    out);
	each_command(top, "", out, print_zsh_case);
	(void)fputs("\t(*' '*) known=${known% *}; continue ;;\n"
		    "\t(*) known=''; continue ;;\n"
		    "\tesac\n"
		    "\tbreak\n"
		    "\tdone\n"
		    "\tif (( $#values )); then compadd -a values\n"
		    "\telif [[ $current == -* ]]; then _describe option options\n"
		    "\telif (( $#commands )); then _describe command commands\n"
		    "\telse _files\n"
		    "\tfi\n"
		    "}\n"
		    "if [[ $funcstack[1] == _hextet ]]; then _hextet \"$@\"; else compdef _hextet hextet; fi\n",
		    out);
}

static void print_fish_lines(const struct command *c, const char *path, FILE *out) {
	struct option_walk w = option_walk(c->argp);

	for (const struct command *const *s = c->sub; s && *s; s++) {
		if ((*s)->hidden)
			continue;
		(void)fprintf(out, "complete -c hextet -n '__hextet_at \"%s\"' -f -a %s -d '", path, (*s)->name);
		print_quoted(out, (*s)->summary, "\\'");
		(void)fputs("'\n", out);
	}
	for (const struct argp_option *option; (option = option_next(&w));) {
		(void)fprintf(out, "complete -c hextet -n '__hextet_at \"%s\"'", path);
		for (const struct argp_option *o = option; o; o = option_alias(o)) {
			if (o->name)
				(void)fprintf(out, " -l %s", o->name);
			if (option_letter(o) && option_letter(o) != '?')
				(void)fprintf(out, " -s %c", option_letter(o));
		}
		if (known_arg(option)) {
			(void)fputs(" -x -a '", out);
			print_values(known_arg(option), out);
			(void)fputc('\'', out);
		} else if (option->arg) {
			(void)fputs(" -r", out);
		}
		(void)fputs(" -d '", out);
		print_quoted(out, option->doc, "\\'");
		(void)fputs("'\n", out);
	}
}

static void print_fish_path(const struct command *c, const char *path, FILE *out) {
	(void)c;
	if (*path)
		(void)fprintf(out, " '%s'", path);
}

static void print_fish(const struct command *top, FILE *out) {
	(void)fputs("# fish completion for hextet; made by 'hextet completion fish'\n"
		    "set -g __hextet_paths",
		    out);
	each_command(top, "", out, print_fish_path);
	(void)fputs("\n"
		    "function __hextet_at\n"
		    "\tset -l path\n"
		    "\tfor word in (commandline -opc)[2..-1]\n"
		    "\t\tstring match -q -- '-*' $word; and continue\n"
		    "\t\tcontains -- \"$path $word\" ' '$__hextet_paths; and set path \"$path $word\"\n"
		    "\tend\n"
		    "\ttest (string trim -- \"$path\") = \"$argv[1]\"\n"
		    "end\n",
		    out);
	each_command(top, "", out, print_fish_lines);
}

static const struct shell {
	const char *name;
	void (*print)(const struct command *top, FILE *out);
} shells[] = {
	{ "bash", print_bash },
	{ "zsh", print_zsh },
	{ "fish", print_fish },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	const struct shell **shell = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (*shell)
			argp_error(state, "one shell at a time");
		for (size_t i = 0; i < ARRAY_LEN(shells); i++)
			if (strcmp(arg, shells[i].name) == 0)
				*shell = &shells[i];
		if (!*shell)
			argp_error(state, "the shell is bash, zsh or fish, not '%s'", arg);
		return 0;
	case ARGP_KEY_END:
		if (!*shell)
			argp_error(state, "name the shell: bash, zsh or fish");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "bash|zsh|fish",
	.doc = "Prints a completion script for the shell.",
};

static int run(int argc, char **argv) {
	const struct command top = { .sub = command_list };
	const struct shell *shell = NULL;

	command_parse(&argp, argc, argv, &shell);
	shell->print(&top, stdout);
	return EXIT_DONE;
}

const struct command command_completion = {
	.name = "completion",
	.summary = "Print a shell completion script",
	.argp = &argp,
	.run = run,
};
