/* SPDX-License-Identifier: Apache-2.0 */
/* The manual's generated parts: see cmd/docs.h, and docs/meson.build for who calls this. */
#include "cmd/docs.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "cmd/option.h"
#include "cmd/scan_report.h"
#include "conf/schema_manual.h"
#include "estate/check.h"
#include "render/target.h"
#include "render/template.h"

void docs_text(FILE *out, const char *text) {
	for (; *text; text++) {
		if (strchr("\\*_", *text))
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
}

static void print_option(const struct argp_option *option, FILE *out) {
	const char *separator = "";

	for (const struct argp_option *o = option; o; o = option_alias(o)) {
		if (option_letter(o))
			(void)fprintf(out, "%s*-%c*", separator, option_letter(o));
		separator = ", ";
	}
	separator = option_letter(option) ? ", " : "";
	for (const struct argp_option *o = option; o; o = option_alias(o)) {
		if (o->name)
			(void)fprintf(out, "%s*--%s*", separator, o->name);
		separator = ", ";
	}
	if (option->arg) {
		(void)fprintf(out, option->flags & OPTION_ARG_OPTIONAL ? " [_" : " _");
		docs_text(out, option->arg);
		(void)fputs(option->flags & OPTION_ARG_OPTIONAL ? "_]" : "_", out);
	}
	(void)fputs("\n\t", out);
	docs_text(out, option->doc ? option->doc : "");
	(void)fputs("\n\n", out);
}

/* A command's options; of a command with subcommands, those of each under a heading. */
static void print_options(const struct command *c, const char *name, bool is_inner, FILE *out) {
	struct option_walk w = option_walk(c->argp);

	if (!c->sub || c->argp) {
		if (is_inner)
			(void)fprintf(out, "## hextet %s\n\n", name);
		for (const struct argp_option *o; (o = option_next(&w));)
			print_option(o, out);
	}
	for (const struct command *const *s = c->sub; s && *s; s++) {
		struct arena a = { 0 };

		if (!(*s)->hidden)
			print_options(*s, arena_printf(&a, "%s %s", name, (*s)->name), true, out);
		arena_done(&a);
	}
}

static void print_synopsis(const struct command *c, const char *name, FILE *out) {
	if (!c->sub || c->run) {
		const char *args = c->argp && c->argp->args_doc ? c->argp->args_doc : "";

		/* argp takes several usages, one a line. */
		do {
			size_t len = strcspn(args, "\n");

			(void)fprintf(out, "*hextet %s* [_OPTION_...]%s%.*s\n\n", name, len ? " " : "", (int)len, args);
			args += len;
		} while (*args++);
	}
	for (const struct command *const *s = c->sub; s && *s; s++) {
		struct arena a = { 0 };

		if (!(*s)->hidden)
			print_synopsis(*s, arena_printf(&a, "%s %s", name, (*s)->name), out);
		arena_done(&a);
	}
}

/* Follows the words from the top of the tree; NULL when there is no such command. `ret_name` gets them joined. */
static const struct command *find(int argc, char **argv, char *ret_name, size_t size) {
	const struct command *const *list = command_list;
	const struct command *c = NULL;
	size_t used = 0;

	for (int i = 0; i < argc; i++) {
		c = list ? command_find(list, argv[i]) : NULL;
		if (!c || used >= size)
			return NULL;
		used += (size_t)snprintf(ret_name + used, size - used, "%s%s", i ? " " : "", argv[i]);
		list = c->sub;
	}
	return c;
}

static int docs_options(int argc, char **argv, FILE *out) {
	char name[64];
	const struct command *c = find(argc, argv, name, sizeof(name));

	if (!c)
		return -EINVAL;
	print_options(c, name, false, out);
	return 0;
}

static int docs_synopsis(int argc, char **argv, FILE *out) {
	char name[64];
	const struct command *c = find(argc, argv, name, sizeof(name));

	if (!c)
		return -EINVAL;
	print_synopsis(c, name, out);
	return 0;
}

/* Every command with what it is for: of hextet itself, or of the command named. */
static int docs_commands(int argc, char **argv, FILE *out) {
	char name[64] = "";
	const struct command *const *list = command_list;

	if (argc) {
		const struct command *c = find(argc, argv, name, sizeof(name));

		if (!c || !c->sub)
			return -EINVAL;
		list = c->sub;
	}
	for (; *list; list++) {
		if ((*list)->hidden)
			continue;
		if (argc)
			(void)fprintf(out, "*%s*\n\t", (*list)->name);
		else
			(void)fprintf(out, "*hextet-%s*(1)\n\t", (*list)->name);
		docs_text(out, (*list)->summary);
		(void)fputs(".\n\n", out);
	}
	return 0;
}

static int docs_checks(int argc, char **argv, FILE *out) {
	(void)argc;
	(void)argv;
	for (const struct check *const *c = check_list; *c; c++) {
		(void)fprintf(out, "*%s* (%s)\n\t", (*c)->name, severity_to_str((*c)->severity));
		docs_text(out, (*c)->summary);
		(void)fputs(". ", out);
		docs_text(out, (*c)->doc);
		(void)fputs("\n\n", out);
	}
	return 0;
}

static int docs_targets(int argc, char **argv, FILE *out) {
	(void)argc;
	(void)argv;
	for (const struct target *const *t = target_list; *t; t++) {
		(void)fprintf(out, "*%s*\n\t", (*t)->name);
		docs_text(out, (*t)->doc);
		(void)fputs("\n\n", out);
	}
	return 0;
}

static int docs_fields(int argc, char **argv, FILE *out) {
	(void)argc;
	(void)argv;
	schema_manual(out, &estate_schema, docs_text);
	return 0;
}

static int docs_rules(int argc, char **argv, FILE *out) {
	const struct scan_rule *r;

	(void)argc;
	(void)argv;
	for (size_t i = 0; (r = scan_rule_at(i)); i++) {
		(void)fprintf(out, "*%s* (%s)\n\t", r->id, scan_severity_to_str(r->severity));
		docs_text(out, r->message);
		(void)fputs(": ", out);
		docs_text(out, r->why);
		(void)fputs(". Instead: ", out);
		docs_text(out, r->fix);
		(void)fputs(".\n\n", out);
	}
	return 0;
}

struct words {
	const char *kind;
	FILE *out;
};

static int print_word(const struct template_word *w, void *user) {
	const struct words *words = user;

	if (strcmp(w->kind, words->kind) != 0)
		return 0;
	(void)fputs("*", words->out);
	docs_text(words->out, w->name);
	(void)fputs("*", words->out);
	if (*w->args) {
		(void)fputs("(", words->out);
		docs_text(words->out, w->args);
		(void)fputs(")", words->out);
	}
	(void)fputs("\n\t", words->out);
	docs_text(words->out, w->doc);
	(void)fputs(w->own ? ". Not in Jinja2.\n\n" : ".\n\n", words->out);
	return 0;
}

static int docs_filters(int argc, char **argv, FILE *out) {
	(void)argc;
	(void)argv;
	return template_each_word(print_word, &(struct words){ "filter", out });
}

static int docs_tests(int argc, char **argv, FILE *out) {
	(void)argc;
	(void)argv;
	return template_each_word(print_word, &(struct words){ "test", out });
}

static const struct docs docs_list[] = {
	{ "checks", docs_checks },     /* each check and its paragraph */
	{ "commands", docs_commands }, /* each command and what it is for */
	{ "fields", docs_fields },     /* the fields of the estate */
	{ "filters", docs_filters },   /* the templates' filters */
	{ "options", docs_options },   /* a command's options */
	{ "rules", docs_rules },       /* what scan looks for */
	{ "synopsis", docs_synopsis }, /* a command's usages */
	{ "targets", docs_targets },   /* each target and its paragraph */
	{ "tests", docs_tests },       /* the templates' tests */
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	int *first = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_ARGS:
		*first = state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "name the part of the manual");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "KIND [ARG...]",
	.doc = "Prints a generated part of the manual as scdoc text, for the build.",
};

static int run(int argc, char **argv) {
	int first = 0;

	command_parse(&argp, argc, argv, &first);
	for (size_t i = 0; i < ARRAY_LEN(docs_list); i++) {
		if (strcmp(argv[first], docs_list[i].name) != 0)
			continue;
		if (docs_list[i].print(argc - first - 1, argv + first + 1, stdout) < 0)
			return usage_error("docs %s: there is nothing of that name", argv[first]);
		return EXIT_DONE;
	}
	return usage_error("docs: there is no part '%s'", argv[first]);
}

const struct command command_docs = {
	.name = "docs",
	.summary = "Print a generated part of the manual",
	.hidden = true,
	.argp = &argp,
	.run = run,
};
