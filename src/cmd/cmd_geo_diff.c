/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cmd/geo_file.h"
#include "geo/mmdb_diff.h"

enum { KEY_COUNTRY_ONLY = 0x200 };

struct options {
	struct output_options output;
	const char *from, *to;
	bool country_only;
};

static const struct argp_option option_rows[] = {
	{ "country-only", KEY_COUNTRY_ONLY, NULL, 0,
	  "Records with the same country are the same, and one without a country is none", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case KEY_COUNTRY_ONLY:
		o->country_only = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->to)
			argp_error(state, "two files: '%s' is too much", arg);
		*(o->from ? &o->to : &o->from) = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->to)
			argp_error(state, "name two files, the older first");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "A B",
	.doc = "Shows the networks whose answer is another in B than in A, as the fewest prefixes: '+' B has a record "
	       "and A has none, '-' the other way round, '~' both have one. Exit status 1 when there are any.",
	.children = children,
};

struct print {
	struct emit *emit;
	uint64_t count[MMDB_CHANGE_ALIAS + 1];
};

static const char *const kind_names[] = {
	[MMDB_CHANGE_ADDED] = "added",   [MMDB_CHANGE_REMOVED] = "removed", [MMDB_CHANGE_COUNTRY] = "country",
	[MMDB_CHANGE_RECORD] = "record", [MMDB_CHANGE_ALIAS] = "alias",
};

static const char *answer_text(const struct mmdb_answer *a) {
	return a->what == MMDB_AS_IPV4 ? "as the IPv4 inside" : a->country[0] ? a->country : "no country";
}

static void print_line(const struct mmdb_change *c, const char *network) {
	const char *from = answer_text(&c->from), *to = answer_text(&c->to);

	if (c->from.what == MMDB_NO_RECORD)
		(void)printf("+ %s %s\n", network, to);
	else if (c->to.what == MMDB_NO_RECORD)
		(void)printf("- %s %s\n", network, from);
	else if (c->kind == MMDB_CHANGE_RECORD)
		(void)printf("~ %s %s, another record\n", network, to);
	else
		(void)printf("~ %s %s -> %s\n", network, from, to);
}

static int print_change(const struct mmdb_change *c, void *user) {
	struct print *p = user;
	char network[PREFIX_TEXT_MAX];

	p->count[c->kind]++;
	(void)prefix_format(c->network, network);
	if (p->emit->format == EMIT_TEXT) {
		print_line(c, network);
		return 0;
	}
	emit_object(p->emit, NULL);
	emit_text(p->emit, "network", network);
	emit_text(p->emit, "change", kind_names[c->kind]);
	emit_text(p->emit, "from", c->from.country[0] ? c->from.country : NULL);
	emit_text(p->emit, "to", c->to.country[0] ? c->to.country : NULL);
	emit_end(p->emit);
	return 0;
}

static int compare(struct job *j, const struct options *o) {
	struct geo_file from, to;
	struct print p = { .emit = &j->emit };
	struct mmdb_diff diff = { &from.db, &to.db, o->country_only, print_change, &p };
	struct mmdb_fault fault;
	const struct mmdb *broken;
	uint64_t changes = 0;
	int r = geo_file_open(j, o->from, &from);

	if (r == 0)
		r = geo_file_open(j, o->to, &to);
	if (r)
		return EXIT_CANNOT; /* 1 would say that they differ */
	if (o->output.format != EMIT_TEXT)
		emit_list(&j->emit, NULL);
	r = mmdb_diff(&diff, &fault, &broken);
	if (o->output.format != EMIT_TEXT)
		emit_end(&j->emit);
	if (r == -EBADMSG) {
		(void)geo_file_broken(broken == &from.db ? &from : &to, &fault);
		return EXIT_CANNOT;
	}
	if (r < 0)
		return cannot("cannot compare %s and %s: %s", o->from, o->to, strerror(-r));
	for (size_t i = 0; i < ARRAY_LEN(p.count); i++)
		changes += p.count[i];
	return changes ? EXIT_NO : EXIT_DONE;
}

static int run(int argc, char **argv) {
	struct options o = { 0 };
	struct job j;
	int code;

	command_parse(&argp, argc, argv, &o);
	job_init(&j, &o.output);
	code = compare(&j, &o);
	return job_finish(&j, code);
}

const struct command command_geo_diff = {
	.name = "diff",
	.summary = "Show the networks whose answer is another in another file",
	.argp = &argp,
	.run = run,
};
