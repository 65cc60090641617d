/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>

void command_parse(const struct argp *argp, int argc, char **argv, void *input) {
	(void)argp_parse(argp, argc, argv, 0, NULL, input);
}

static void print_subcommands(const struct command *const *list, FILE *out) {
	for (; *list; list++)
		(void)fprintf(out, "  %-12s %s\n", (*list)->name, (*list)->summary);
}

static void print_help(const struct command *c, const char *name, FILE *out) {
	(void)fprintf(out, "Usage: %s COMMAND [OPTION...]\n%s.\n\nCommands:\n", name, c->summary);
	print_subcommands(c->sub, out);
	(void)fprintf(out, "\n'%s COMMAND --help' explains one of them.\n", name);
}

static const struct command *find(const struct command *const *list, const char *name) {
	for (; *list; list++)
		if (strcmp((*list)->name, name) == 0)
			return *list;
	return NULL;
}

static int unknown(const struct command *c, const char *own_name, const char *word) {
	const char *near = NULL;
	unsigned best = UINT_MAX;

	for (const struct command *const *s = c->sub; *s; s++)
		if (suggest_better(str_of(word), str_of((*s)->name), &best))
			near = (*s)->name;
	(void)fprintf(stderr, "%s: there is no command '%s'", own_name, word);
	if (near)
		(void)fprintf(stderr, "; did you mean '%s'?", near);
	(void)fprintf(stderr, "\nTry '%s --help'.\n", own_name);
	return EXIT_USAGE;
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
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "-?") == 0) {
		print_help(c, argv[0], stdout);
		return EXIT_DONE;
	}
	sub = find(c->sub, argv[1]);
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
