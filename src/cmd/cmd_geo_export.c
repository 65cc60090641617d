/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/file_swap.h"
#include "cmd/geo_file.h"
#include "geo/country.h"
#include "geo/export.h"

enum { KEY_FORMAT = 0x200, KEY_FAMILY, KEY_COUNTRY, KEY_TABLE, KEY_LIST };
enum { CODES_MAX = 512 }; /* bytes; two for each country */

struct options {
	struct output_options output;
	const char *path, *to;
	struct geo_file file;
	struct geo_export export; /* of that file */
	char codes[CODES_MAX + 1];
	bool list;
};

static const struct argp_option option_rows[] = {
	{ "format", KEY_FORMAT, "NAME", 0, "What to write; --list shows the names", 0 },
	{ "list", KEY_LIST, NULL, 0, "List the formats", 0 },
	{ "family", KEY_FAMILY, "4|6", 0, "Only this family", 0 },
	{ "country", KEY_COUNTRY, "CODE", 0, "Only this country (a code or an English name); may be repeated", 0 },
	{ "table", KEY_TABLE, "NAME", 0, "For postgres: the table; default: geo_exceptions", 0 },
	{ "file", 'o', "FILE", 0, "Write it here, in one step, instead of to standard output", 0 },
	{ 0 },
};

static const struct geo_export_format *find_format(const char *name, struct argp_state *state) {
	const char *names[32];
	const char *near;
	size_t n;
	const struct geo_export_format *list = geo_export_list(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
		names[i] = list[i].name;
	}
	near = suggest(str_of(name), names, n);
	argp_error(state, "there is no format '%s'%s%s%s", name, near ? "; did you mean '" : "; --list shows them",
		   near ? near : "", near ? "'?" : "");
	return NULL;
}

static void add_country(struct options *o, const char *text, struct argp_state *state) {
	const struct country *c = country_find(str_of(text));
	const char *near = c ? NULL : country_suggest(str_of(text));
	size_t len = strlen(o->codes);

	if (!c)
		argp_error(state, "there is no country '%s'%s%s%s", text, near ? "; did you mean '" : "",
			   near ? near : "", near ? "'?" : "");
	else if (len + 2 > CODES_MAX)
		argp_error(state, "--country is given too often");
	else
		memcpy(o->codes + len, c->code, sizeof(c->code));
	o->export.codes = o->codes;
}

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case KEY_FORMAT:
		o->export.format = find_format(arg, state);
		return 0;
	case KEY_LIST:
		o->list = true;
		return 0;
	case KEY_FAMILY:
		if (strcmp(arg, "4") != 0 && strcmp(arg, "6") != 0)
			argp_error(state, "--family is 4 or 6, not '%s'", arg);
		o->export.family = arg[0] == '4' ? FAMILY_4 : FAMILY_6;
		return 0;
	case KEY_COUNTRY:
		add_country(o, arg, state);
		return 0;
	case KEY_TABLE:
		o->export.table = arg;
		return 0;
	case 'o':
		o->to = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->path)
			argp_error(state, "one file at a time: '%s' is too much", arg);
		o->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->list && (!o->path || !o->export.format))
			argp_error(state, o->path ? "name a --format; --list shows them" : "name a MaxMind DB file");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Writes the networks of a MaxMind DB file and their countries in a form that another program reads. "
	       "What has no country is left out.",
	.children = children,
};

static void print_list(struct emit *e) {
	size_t n;
	const struct geo_export_format *list = geo_export_list(&n);

	if (e->format != EMIT_TEXT)
		emit_list(e, NULL);
	for (size_t i = 0; i < n; i++) {
		if (e->format == EMIT_TEXT) {
			(void)printf("%-12s %s\n", list[i].name, list[i].summary);
			continue;
		}
		emit_object(e, NULL);
		emit_text(e, "name", list[i].name);
		emit_text(e, "summary", list[i].summary);
		emit_end(e);
	}
	if (e->format != EMIT_TEXT)
		emit_end(e);
}

/* Writes to standard output, or to a file that appears when it is complete. */
static int write_out(struct options *o, struct geo_export_stats *stats, struct mmdb_fault *fault) {
	struct file_swap swap;
	int r, copy;

	if (!o->to) {
		o->export.out = stdout;
		return geo_export_write(&o->export, stats, fault);
	}
	r = file_swap_begin(&swap, o->to);
	if (r < 0)
		return r;
	copy = dup(swap.fd);
	o->export.out = copy < 0 ? NULL : fdopen(copy, "w");
	r = o->export.out ? geo_export_write(&o->export, stats, fault) : -errno;
	if (o->export.out && fclose(o->export.out) != 0 && r == 0)
		r = -errno;
	if (r == 0)
		return file_swap_commit(&swap, 0644);
	file_swap_abort(&swap);
	return r;
}

static int export(struct job *j, struct options *o) {
	struct geo_export_stats stats = { 0 };
	struct mmdb_fault fault;
	int r = geo_file_open(j, o->path, &o->file);

	if (r)
		return r;
	o->export.db = &o->file.db;
	r = write_out(o, &stats, &fault);
	if (r == -EBADMSG)
		return geo_file_broken(&o->file, &fault);
	if (r < 0)
		return cannot("cannot write %s: %s", o->to ? o->to : "the result", file_swap_error(r));
	if (stats.without)
		(void)fprintf(stderr, "%s: %" PRIu64 " networks have a record without a country and are left out\n",
			      o->path, stats.without);
	return EXIT_DONE;
}

static int run(int argc, char **argv) {
	struct options o = { 0 };
	struct job j;
	int code = EXIT_DONE;

	command_parse(&argp, argc, argv, &o);
	job_init(&j, &o.output);
	if (o.list)
		print_list(&j.emit);
	else
		code = export(&j, &o);
	return job_finish(&j, code);
}

const struct command command_geo_export = {
	.name = "export",
	.summary = "Write networks and countries for HAProxy, nginx, Varnish, SQL",
	.argp = &argp,
	.run = run,
};
