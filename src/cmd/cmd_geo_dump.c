/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines whatever is asked for: records are of any shape. */
#include <string.h>

#include "cmd/geo_file.h"
#include "geo/answer.h"

struct options {
	const char *path;
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (o->path)
			argp_error(state, "one file at a time: '%s' is too much", arg);
		o->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->path)
			argp_error(state, "name the file");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Prints all that a MaxMind DB file holds as JSON lines: its metadata, then each network with its "
	       "record.",
};

struct dumping {
	const struct mmdb *db;
	struct mmdb_fault fault;
	/* The text of the record before: neighbours often have the same. */
	char *text;
	size_t len;
	uint64_t offset;
};

static int render(struct dumping *d, uint64_t offset) {
	FILE *out;
	int r;

	if (d->text && d->offset == offset)
		return 0;
	free(d->text);
	d->text = NULL;
	d->offset = offset;
	out = open_memstream(&d->text, &d->len);
	if (!out)
		return -1;
	r = mmdb_write_json(out, d->db, offset, &d->fault);
	(void)fclose(out);
	return r;
}

static int print_network(const struct mmdb_network *n, void *user) {
	struct dumping *d = user;
	char text[PREFIX_TEXT_MAX];
	int r = render(d, n->offset);

	if (r < 0)
		return r;
	(void)prefix_format(n->prefix, text);
	(void)fprintf(stdout, "{\"network\":\"%s\",\"record\":", text);
	(void)fwrite(d->text, 1, d->len, stdout);
	(void)fputs("}\n", stdout);
	return 0;
}

static int dump(struct dumping *d) {
	int r = render(d, d->db->meta_start);

	if (r < 0)
		return r;
	(void)fprintf(stdout, "{\"metadata\":%.*s}\n", (int)d->len, d->text);
	return mmdb_each(d->db, false, print_network, d, &d->fault);
}

static int run(int argc, char **argv) {
	static const struct output_options output = { 0 };
	struct options opt = { 0 };
	struct dumping d = { 0 };
	struct geo_file file;
	struct job job;
	int code;

	command_parse(&argp, argc, argv, &opt);
	job_init(&job, &output);
	code = geo_file_open(&job, opt.path, &file);
	if (code == 0) {
		d.db = &file.db;
		if (dump(&d) < 0)
			code = geo_file_broken(&file, &d.fault);
		free(d.text);
	}
	return job_finish(&job, code);
}

const struct command command_geo_dump = {
	.name = "dump",
	.summary = "Print the metadata, networks and records of a file",
	.argp = &argp,
	.run = run,
};
