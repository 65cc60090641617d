/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SOURCE may be left out, and is known by its looks: no network, id or country looks like a spec. What is added is
 * checked here, before any database is asked, and stored in one form: canonical networks, two letters.
 */
#include <errno.h>
#include <string.h>

#include "cmd/geo.h"
#include "geo/country.h"
#include "geo/policy.h"
#include "geo/row_text.h"

enum { KEY_COMMENT = 0x400, KEY_REPLACE, WORDS_MAX = 1024, COMMENT_MAX = 255 };

struct options {
	struct output_options output;
	struct geo_options geo;
	const char *comment, *word[WORDS_MAX];
	int words;
	bool replace;
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		o->geo.wanted = "a source (sqlite:FILE, postgres:CONNECTION)";
		return 0;
	case 'C':
		o->geo.estate = arg;
		return 0;
	case KEY_COMMENT:
		o->comment = arg;
		return 0;
	case KEY_REPLACE:
		o->replace = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!o->words && !o->geo.from_count && geo_spec_is(arg))
			o->geo.from[o->geo.from_count++] = arg;
		else if (o->words < WORDS_MAX)
			o->word[o->words++] = arg;
		else
			argp_error(state, "at most %d at once", WORDS_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

#define ESTATE_OPTION                                                                                                  \
	{ "estate", 'C', "ESTATE", 0, "Without SOURCE: the estate whose section geo names it; the current folder's", 0 }

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };

/* Where a command's rows are; NULL and the exit code after a message. */
static const struct geo_spec *find_table(struct job *j, const struct options *o, int *ret_code) {
	struct geo_setup setup;

	*ret_code = geo_setup(j, &o->geo, &setup);
	if (*ret_code)
		return NULL;
	if (setup.from->source->list)
		return setup.from;
	*ret_code =
		usage_error("%s has no table to edit; name a source of kind sqlite: or postgres:", setup.from->text);
	return NULL;
}

/* How many words of argv stand before the n-th. */
static struct job_input input_of(struct job *j, const struct options *o, int n) {
	return job_argument(j, n + (int)o->geo.from_count, o->word[n]);
}

static struct loc whole(const struct job_input *in) {
	return (struct loc){ in->file, 1, 1, (uint32_t)utf8_count(in->text.s, in->text.len) };
}

/* Notes on places where a row may not do what is expected. */
static void note_special(struct job *j, const struct job_input *in, struct prefix p) {
	struct geo_policy policy;
	struct geo_row row = { .range = { prefix_first(p), prefix_last(p) }, .id = 1, .id_is_line = true };

	row.mapped = prefix_family(p) == FAMILY_4 && memchr(in->text.s, ':', in->text.len);
	geo_policy_init(&policy);
	(void)geo_policy_take(&policy, &row, in->file, &j->diags);
	geo_policy_done(&policy);
}

static bool check_comment(struct job *j, const char *comment) {
	if (!comment || (utf8_check(comment, strlen(comment)) == strlen(comment) &&
			 utf8_count(comment, strlen(comment)) <= COMMENT_MAX))
		return true;
	diag_error(&j->diags, "geo-comment", (struct loc){ 0 }, NULL,
		   "the comment has more than %d characters, or is not UTF-8", COMMENT_MAX);
	return false;
}

/* Checks the words and makes a row of them; strings live in the job's arena. */
static bool read_exception(struct job *j, const struct options *o, struct geo_exception *ret_e) {
	struct job_input network = input_of(j, o, 0), country = input_of(j, o, 1);
	char text[PREFIX_TEXT_MAX];
	struct prefix p;
	uint32_t value;
	size_t n;
	bool good = geo_text_network(network.text, &j->diags, whole(&network), &p);

	if (good)
		note_special(j, &network, p);
	good &= geo_text_country(country.text, &j->diags, whole(&country), &value);
	if (!check_comment(j, o->comment) || !good)
		return false;
	*ret_e = (struct geo_exception){ .country = country_table(&n)[value].code, .comment = o->comment };
	ret_e->network = arena_dup(&j->arena, text, prefix_format(p, text));
	return true;
}

static const struct argp_option add_options[] = {
	{ "comment", KEY_COMMENT, "TEXT", 0, "Why: kept in the table, at most 255 characters", 0 },
	{ "replace", KEY_REPLACE, NULL, 0, "Change the row, if the network is there already", 0 },
	ESTATE_OPTION,
	{ 0 },
};
static const struct argp add_argp = {
	.options = add_options,
	.parser = parse,
	.args_doc = "[SOURCE] NETWORK COUNTRY",
	.doc = "Adds an exception to the table: NETWORK is in COUNTRY, an ISO 3166-1 code or an English name.",
	.children = children,
};

static int add(struct job *j, const struct options *o) {
	const struct geo_spec *spec;
	struct geo_exception e;
	int code, r;

	if (o->words != 2)
		return usage_error("name a network and a country: hextet geo exception add [SOURCE] NETWORK COUNTRY");
	if (!read_exception(j, o, &e))
		return EXIT_NO;
	spec = find_table(j, o, &code);
	if (!spec)
		return code;
	r = spec->source->add(spec, &j->diags, &e, o->replace, &e.id);
	if (r < 0)
		return r == -EEXIST ? EXIT_NO : geo_failed(j, r, "add the exception");
	emit_object(&j->emit, NULL);
	emit_uint(&j->emit, "id", e.id);
	emit_text(&j->emit, "network", e.network);
	emit_text(&j->emit, "country", e.country);
	emit_text(&j->emit, "name", country_of_code(e.country)->name);
	emit_end(&j->emit);
	return EXIT_DONE;
}

static const struct argp_option table_options[] = { ESTATE_OPTION, { 0 } };
static const struct argp list_argp = {
	.options = table_options,
	.parser = parse,
	.args_doc = "[SOURCE]",
	.doc = "Prints the rows of the table as they are, right or wrong, in the order of their ids.",
	.children = children,
};

static int print_row(const struct geo_exception *e, void *user) {
	struct job *j = user;

	emit_object(&j->emit, NULL);
	emit_uint(&j->emit, "id", e->id);
	emit_text(&j->emit, "network", e->network);
	emit_text(&j->emit, "country", e->country);
	emit_text(&j->emit, "comment", e->comment);
	emit_text(&j->emit, "created_at", e->created_at);
	emit_end(&j->emit);
	return ferror(j->emit.out) ? -EIO : 0;
}

static int list(struct job *j, const struct options *o) {
	const struct geo_spec *spec;
	int code, r;

	if (o->words)
		return usage_error("'%s' does not look like a source; put its kind in front, as in sqlite:FILE",
				   o->word[0]);
	spec = find_table(j, o, &code);
	if (!spec)
		return code;
	emit_list(&j->emit, NULL);
	r = spec->source->list(spec, &j->diags, print_row, j);
	emit_end(&j->emit);
	return r < 0 ? geo_failed(j, r, "list the exceptions") : EXIT_DONE;
}

static const struct argp remove_argp = {
	.options = table_options,
	.parser = parse,
	.args_doc = "[SOURCE] NETWORK|ID...",
	.doc = "Removes the rows with these ids or for exactly these networks.",
	.children = children,
};

/* Digits only are an id; no network is written so. */
static bool is_id(const char *text, uint64_t *ret_id) {
	char *end;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	*ret_id = strtoull(text, &end, 10);
	return errno == 0 && *ret_id <= INT64_MAX;
}

/* Removes one; the number of rows, or -errno after a message. */
static int remove_one(struct job *j, const struct geo_spec *spec, const struct job_input *in) {
	char text[PREFIX_TEXT_MAX];
	struct prefix p;
	uint64_t id = 0;
	int n;

	if (is_id(in->text.s, &id)) {
		n = spec->source->remove(spec, &j->diags, id, NULL);
	} else {
		if (!geo_text_network(in->text, &j->diags, whole(in), &p))
			return -EINVAL;
		(void)prefix_format(p, text);
		n = spec->source->remove(spec, &j->diags, 0, text);
	}
	if (n == 0)
		diag_error(&j->diags, "geo-exists", whole(in), "`hextet geo exception list` shows what is there",
			   "there is no such row: %s", in->text.s);
	return n;
}

static int remove_all(struct job *j, const struct options *o) {
	const struct geo_spec *spec;
	uint64_t removed = 0;
	int code, r = 0;

	if (!o->words)
		return usage_error("name what to remove: hextet geo exception remove [SOURCE] NETWORK|ID...");
	spec = find_table(j, o, &code);
	if (!spec)
		return code;
	for (int i = 0; i < o->words && (r >= 0 || r == -EINVAL); i++) {
		struct job_input in = input_of(j, o, i);

		r = remove_one(j, spec, &in);
		removed += r > 0 ? (uint64_t)r : 0;
	}
	emit_object(&j->emit, NULL);
	emit_uint(&j->emit, "removed", removed);
	emit_end(&j->emit);
	return r < 0 ? geo_failed(j, r, "remove the exception") : EXIT_DONE;
}

static int run(const struct argp *argp, int (*act)(struct job *j, const struct options *o), int argc, char **argv) {
	struct options *opt = calloc(1, sizeof(*opt));
	struct job job;
	int code;

	if (!opt)
		return cannot("there is no memory left");
	command_parse(argp, argc, argv, opt);
	job_init(&job, &opt->output);
	code = job_finish(&job, act(&job, opt));
	free(opt);
	return code;
}

static int run_add(int argc, char **argv) {
	return run(&add_argp, add, argc, argv);
}

static int run_list(int argc, char **argv) {
	return run(&list_argp, list, argc, argv);
}

static int run_remove(int argc, char **argv) {
	return run(&remove_argp, remove_all, argc, argv);
}

static const struct command command_add = {
	.name = "add",
	.summary = "Add an exception",
	.argp = &add_argp,
	.run = run_add,
};
static const struct command command_list_rows = {
	.name = "list",
	.summary = "Print the exceptions",
	.argp = &list_argp,
	.run = run_list,
};
static const struct command command_remove = {
	.name = "remove",
	.summary = "Remove exceptions",
	.argp = &remove_argp,
	.run = run_remove,
};
static const struct command *const subcommands[] = { &command_add, &command_list_rows, &command_remove, NULL };

const struct command command_geo_exception = {
	.name = "exception",
	.summary = "Edit the table of exceptions: add, list, remove",
	.sub = subcommands,
};
