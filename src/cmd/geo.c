/* SPDX-License-Identifier: Apache-2.0 */
/* An estate is loaded only when the command line leaves something open. */
#include "cmd/geo.h"

#include <errno.h>
#include <string.h>

#include "estate/estate.h"

#define STATE_FOLDER "/var/lib/hextet/"

enum { KEY_FROM = 0x300, KEY_BASE };

static const struct argp_option option_rows[] = {
	{ "from", KEY_FROM, "SRC", 0, "Rows: sqlite:FILE, postgres:CONNECTION, csv:FILE; may be repeated", 10 },
	{ "base", KEY_BASE, "SRC", 0, "The database that the rows correct: mmdb:FILE, csv:FILE, …", 10 },
	{ "estate", 'C', "ESTATE", 0,
	  "Take what is not named from this estate's section geo; the current folder's by default", 10 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct geo_options *o = state->input;

	switch (key) {
	case KEY_FROM:
		if (o->from_count == GEO_FROM_MAX)
			argp_error(state, "at most %d sources", GEO_FROM_MAX);
		o->from[o->from_count++] = arg;
		return 0;
	case KEY_BASE:
		if (o->base)
			argp_error(state, "one base: '%s' is too much", arg);
		o->base = arg;
		return 0;
	case 'C':
		o->estate = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp geo_source_argp = { .options = option_rows, .parser = parse };

static const char *wanted(const struct geo_options *o) {
	return o->wanted ? o->wanted : "the rows with --from";
}

static int cannot_load(const struct geo_options *o, const char *folder, int r) {
	if (r == -ENODATA)
		return usage_error("name %s, or an estate with a section geo; %s is none", wanted(o), folder);
	if (r == -ENOTDIR)
		return cannot("%s is not a folder; an estate is a folder of .yaml files", folder);
	return cannot("cannot read the estate %s: %s", folder, strerror(-r));
}

/* The section geo of the estate. What it points to lives in the job's arena. */
static int load_section(struct job *j, const struct geo_options *o, const struct geo_section **ret_section) {
	const char *folder = o->estate ? o->estate : ".";
	struct estate *e;
	int r = estate_load(&j->arena, &j->sources, &j->diags, folder, &e);

	if (r < 0)
		return cannot_load(o, folder, r);
	*ret_section = e->geo;
	estate_done(e);
	if (j->diags.count[SEVERITY_ERROR])
		return EXIT_NO;
	if (!*ret_section)
		return usage_error("the estate %s has no section geo; name %s", folder, wanted(o));
	return 0;
}

static void take_publish(struct job *j, const struct publish *p, struct geo_setup *s) {
	if (!p)
		return;
	s->url_path = p->path.s;
	s->output = arena_printf(&j->arena, STATE_FOLDER "%s", strrchr(p->path.s, '/') + 1);
	s->listen_ip = p->listen.ip;
	s->listen_port = p->listen.port;
	s->every_s = p->every.n;
}

static int parse_base(struct job *j, const char *text, struct geo_setup *s) {
	struct geo_spec *base = arena_new(&j->arena, struct geo_spec);

	s->base = base;
	return geo_spec_parse(&j->arena, text, &j->diags, base);
}

static unsigned stdin_count(const struct geo_setup *s) {
	unsigned n = s->base && strcmp(s->base->place, "-") == 0;

	for (size_t i = 0; i < s->from_count; i++)
		n += strcmp(s->from[i].place, "-") == 0;
	return n;
}

int geo_setup(struct job *j, const struct geo_options *o, struct geo_setup *ret_setup) {
	const struct geo_section *section = NULL;
	const char *from[GEO_FROM_MAX], *base = o->base;
	struct geo_setup s = { .from_count = o->from_count };
	int r = 0;

	memcpy(from, o->from, sizeof(from));
	if (!o->from_count || o->estate) {
		r = load_section(j, o, &section);
		if (r || !section)
			return r;
		take_publish(j, section->publish, &s);
	}
	if (!o->from_count && section) {
		from[s.from_count++] = section->exceptions.s;
		base = base ? base : section->base.s;
	}
	s.from = arena_array(&j->arena, struct geo_spec, s.from_count);
	for (size_t i = 0; i < s.from_count; i++)
		if (geo_spec_parse(&j->arena, from[i], &j->diags, &s.from[i]) < 0)
			r = EXIT_NO;
	if (base && parse_base(j, base, &s) < 0)
		r = EXIT_NO;
	if (r == 0 && stdin_count(&s) > 1)
		return usage_error("standard input can be read once: name files");
	if (r == 0)
		*ret_setup = s;
	return r;
}

const char *geo_database(struct job *j, const struct geo_options *o, const char *given) {
	const struct geo_section *section = NULL;
	struct geo_setup s = { .output = NULL };
	const char *folder = o->estate ? o->estate : ".";

	if (given)
		return given;
	if (load_section(j, o, &section) != 0 || !section)
		return NULL;
	take_publish(j, section->publish, &s);
	if (!s.output)
		(void)usage_error("the estate %s publishes no geo file; name one with --db", folder);
	return s.output;
}

int geo_failed(struct job *j, int r, const char *doing) {
	bool wrong_input = r == -EINVAL || r == -ENODATA || r == -EDOM || r == -EBADMSG;

	if (!j->diags.count[SEVERITY_ERROR])
		(void)cannot("cannot %s: %s", doing, strerror(-r));
	return wrong_input ? EXIT_NO : EXIT_CANNOT;
}
