/* SPDX-License-Identifier: Apache-2.0 */
/* Records are few and addresses many: what a record says is worked out when it is met first. */
#include <errno.h>
#include <string.h>

#include "base/map.h"
#include "cmd/addr.h"
#include "cmd/geo.h"
#include "cmd/geo_explain.h"
#include "cmd/geo_file.h"
#include "geo/answer.h"

enum { KEY_DB = 0x200, KEY_RECORD, KEY_EXPLAIN };

struct options {
	struct output_options output;
	struct geo_options geo;
	const char *db;
	bool record, explain;
	char **args;
	int n;
};

static const struct argp_option option_rows[] = {
	{ "db", KEY_DB, "FILE", 0, "The file to ask; by default the one that the estate publishes", 0 },
	{ "record", KEY_RECORD, NULL, 0, "Show the whole record too", 0 },
	{ "explain", KEY_EXPLAIN, NULL, 0, "Ask the sources: which row decides, and which rows lose", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->geo;
		state->child_inputs[1] = &o->output;
		return 0;
	case KEY_DB:
		o->db = arg;
		return 0;
	case KEY_RECORD:
		o->record = true;
		return 0;
	case KEY_EXPLAIN:
		o->explain = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->args = state->argv + state->next;
		o->n = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (o->explain && o->record)
			argp_error(state, "--explain asks the sources, which have no records: leave out --record");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &geo_source_argp, 0, NULL, 0 }, { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "[ADDRESS...]",
	.doc = "Says in which country addresses are.\v"
	       "Without ADDRESS, or for '-', each line of standard input is one.",
	.children = children,
};

/* What one record says. */
struct known {
	uint64_t offset;
	struct geo_answer answer;
	struct str json; /* of the whole record, when that is asked for */
};

struct looking {
	struct job *job;
	struct geo_file file;
	struct map known;
	bool record;
	int code; /* of the exit */
};

static int write_record(struct looking *l, struct known *k, struct mmdb_fault *fault) {
	_cleanup_(freep) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int r;

	if (!out)
		return -ENOMEM;
	r = mmdb_write_json(out, &l->file.db, k->offset, fault);
	(void)fclose(out);
	if (r == 0)
		k->json = (struct str){ arena_dup(&l->job->arena, text, len), len };
	return r;
}

static int know(struct looking *l, uint64_t offset, const struct known **ret_known, struct mmdb_fault *fault) {
	struct known *k = map_get(&l->known, &offset, sizeof(offset));
	int r = 0;

	if (!k) {
		k = arena_new(&l->job->arena, struct known);
		k->offset = offset;
		r = geo_answer(&l->file.db, offset, &k->answer, fault);
		if (r == 0 && l->record)
			r = write_record(l, k, fault);
		if (r == 0)
			(void)map_add(&l->known, &k->offset, sizeof(k->offset), k);
	}
	if (r == 0)
		*ret_known = k;
	return r;
}

static void print_line(struct emit *e, const char *ip, const char *network, const struct geo_answer *a) {
	char line[IP_TEXT_MAX + PREFIX_TEXT_MAX + 160];

	if (!a || !*a->code)
		(void)snprintf(line, sizeof(line), "%s %s - - -", ip, network);
	else
		(void)snprintf(line, sizeof(line), "%s %s %s %s %.*s", ip, network, a->code,
			       a->in_eu ? "true" : "false", (int)MIN(a->name.len, (size_t)120),
			       a->name.s ? a->name.s : "");
	emit_text(e, NULL, line);
}

static void print_object(struct emit *e, const char *ip, const char *network, const struct known *k) {
	const struct geo_answer *a = k && *k->answer.code ? &k->answer : NULL;

	emit_object(e, NULL);
	emit_text(e, "ip", ip);
	emit_text(e, "network", network);
	emit_text(e, "country", a ? a->code : NULL);
	if (a) {
		emit_str(e, "name", a->name);
		emit_bool(e, "in_eu", a->in_eu);
	} else {
		emit_null(e, "name");
		emit_null(e, "in_eu");
	}
	if (k && k->json.s)
		emit_json(e, "record", k->json);
	emit_end(e);
}

static void print(struct looking *l, struct ip ip, struct prefix network, const struct known *k) {
	char ip_text[IP_TEXT_MAX], network_text[PREFIX_TEXT_MAX];

	(void)ip_format(ip, ip_text);
	(void)prefix_format(network, network_text);
	if (l->job->output.format == EMIT_TEXT && !l->record)
		print_line(&l->job->emit, ip_text, network_text, k ? &k->answer : NULL);
	else
		print_object(&l->job->emit, ip_text, network_text, k);
}

static int look_up(struct job_input in, void *user) {
	struct looking *l = user;
	struct ip_fault wrong = { IP_OK, 0 };
	const struct known *k = NULL;
	struct mmdb_fault fault = { "not enough memory", 0 };
	struct prefix network;
	uint64_t offset;
	struct ip ip;
	int r;

	if (ip_parse(in.text.s, in.text.len, &ip, &wrong) < 0) {
		addr_wrong(l->job, in, wrong.at, ip_error_hint(wrong.error), "an address");
		return 0;
	}
	r = mmdb_lookup(&l->file.db, ip, &offset, &network, &fault);
	if (r == 1)
		r = know(l, offset, &k, &fault);
	if (r == -EAFNOSUPPORT) {
		addr_wrong(l->job, in, 0, "the file has IPv4 networks only", "in a family that the file knows");
		return 0;
	}
	if (r < 0) {
		l->code = geo_file_broken(&l->file, &fault);
		return r;
	}
	print(l, ip, network, k);
	return 0;
}

static int look_all_up(struct job *job, const struct options *opt) {
	struct looking l = { .job = job, .record = opt->record };
	const char *path = geo_database(job, &opt->geo, opt->db);
	int r, code = path                               ? geo_file_open(job, path, &l.file)
		      : job->diags.count[SEVERITY_ERROR] ? EXIT_NO
							 : EXIT_USAGE;

	if (code)
		return code;
	map_init(&l.known, &job->arena);
	r = job_each_input(job, opt->args, opt->n, look_up, &l);
	map_done(&l.known);
	if (r < 0 && !l.code)
		return cannot("cannot read standard input: %s", strerror(-r));
	return l.code;
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;
	int code;

	command_parse(&argp, argc, argv, &opt);
	/* Answers come one by one, without end in a pipe: as JSON they are lines. */
	if (opt.output.format == EMIT_JSON)
		opt.output.format = EMIT_JSON_LINES;
	job_init(&job, &opt.output);
	code = opt.explain ? geo_explain(&job, &opt.geo, opt.db, opt.args, opt.n) : look_all_up(&job, &opt);
	return job_finish(&job, code);
}

const struct command command_geo_lookup = {
	.name = "lookup",
	.summary = "Say in which country addresses are, and why",
	.argp = &argp,
	.run = run,
};
