/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>

enum { KEY_USAGE = 0x1000 };

/* In place of argp's own, so that -h works and that completion and manual see them. */
const struct argp_option help_options[] = {
	{ "help", 'h', NULL, 0, "Print this help", -1 },
	{ NULL, '?', NULL, OPTION_ALIAS, NULL, 0 },
	{ "usage", KEY_USAGE, NULL, 0, "Print a short usage message", -1 },
	{ 0 },
};

static error_t parse_help(int key, char *arg, struct argp_state *state) {
	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->input;
		return 0;
	case '?':
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case KEY_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void command_parse(const struct argp *argp, int argc, char **argv, void *input) {
	const struct argp_child children[] = { { argp, 0, NULL, 0 }, { 0 } };
	const struct argp with_help = { .options = help_options, .parser = parse_help, .children = children };

	(void)argp_parse(&with_help, argc, argv, ARGP_NO_HELP, NULL, input);
}

static void print_help(const struct command *c, const char *name, FILE *out) {
	(void)fprintf(out, "Usage: %s COMMAND [OPTION...]\n%s.\n\nCommands:\n", name, c->summary);
	for (const struct command *const *s = c->sub; *s; s++)
		if (!(*s)->hidden)
			(void)fprintf(out, "  %-12s %s\n", (*s)->name, (*s)->summary);
	(void)fprintf(out, "\n'%s COMMAND --help' explains one of them.\n", name);
}

const struct command *command_find(const struct command *const *list, const char *name) {
	for (; *list; list++)
		if (strcmp((*list)->name, name) == 0)
			return *list;
	return NULL;
}

static int unknown(const struct command *c, const char *own_name, const char *word) {
	const char *near = NULL;
	unsigned best = UINT_MAX;

	for (const struct command *const *s = c->sub; *s; s++)
		if (!(*s)->hidden && suggest_better(str_of(word), str_of((*s)->name), &best))
			near = (*s)->name;
	if (word[0] == '-')
		(void)fprintf(stderr, "%s: there is no option '%s' before the command", own_name, word);
	else
		(void)fprintf(stderr, "%s: there is no command '%s'", own_name, word);
	if (near)
		(void)fprintf(stderr, "; did you mean '%s'?", near);
	(void)fprintf(stderr, "\nTry '%s --help'.\n", own_name);
	return EXIT_USAGE;
}

static bool is_help(const char *word) {
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "-?") == 0;
}

int command_run(const struct command *c, int argc, char **argv) {
	char name[64];
	const struct command *sub;

	if (!c->sub)
		return c->run(argc, argv);
	if (argc < 2) {
		print_help(c, argv[0], stderr);
		return EXIT_USAGE;
	}
	if (is_help(argv[1])) {
		print_help(c, argv[0], stdout);
		return EXIT_DONE;
	}
	sub = command_find(c->sub, argv[1]);
	if (!sub && c->run)
		return c->run(argc, argv);
	if (!sub)
		return unknown(c, argv[0], argv[1]);
	(void)snprintf(name, sizeof(name), "%s %s", argv[0], sub->name);
	argv[1] = name;
	return command_run(sub, argc - 1, argv + 1);
}

int cannot(const char *fmt, ...) {
	va_list ap;

	(void)fputs("hextet: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return EXIT_CANNOT;
}

int usage_error(const char *fmt, ...) {
	va_list ap;

	(void)fputs("hextet: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputs("\nTry --help.\n", stderr);
	return EXIT_USAGE;
}
