/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands for other spellings of an address: names of the reverse tree, and HAProxy's unique ids. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "addr/arpa.h"
#include "addr/uid.h"
#include "cmd/addr.h"

enum { KEY_ENCODE = 0x200 };

struct options {
	struct output_options output;
	char **args;
	int n;
	bool encode;
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case KEY_ENCODE:
		o->encode = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->args = state->argv + state->next;
		o->n = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (o->encode && (o->n < 1 || o->n > 2))
			argp_error(state, "--encode takes the client, and perhaps the frontend");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };

static const struct argp reverse_argp = {
	.parser = parse,
	.args_doc = "[TEXT...]",
	.doc = "Turns addresses into names under in-addr.arpa and ip6.arpa, prefixes into zones, and names back.\v"
	       "A prefix that does not end at a digit of its name needs several zones; an IPv4 prefix longer than /24 "
	       "has "
	       "the zone of its /24. Without TEXT, or for '-', each line of standard input is one.",
	.children = children,
};

static int print_zone(struct prefix zone, void *user) {
	char text[ARPA_TEXT_MAX];

	(void)arpa_zone(zone, text);
	addr_line(user, text);
	return 0;
}

static bool is_name(struct str text) {
	if (text.len && text.s[text.len - 1] == '.')
		text.len--;
	return text.len >= 5 && strncasecmp(text.s + text.len - 5, ".arpa", 5) == 0;
}

static void print_name(struct job *j, struct job_input in) {
	char text[PREFIX_TEXT_MAX];
	struct prefix p;
	size_t at = 0;

	if (arpa_parse(in.text.s, in.text.len, &p, &at) < 0) {
		addr_wrong(j, in, at,
			   "a name is one hex digit a label under ip6.arpa, or numbers 0 to 255 under in-addr.arpa",
			   "a name of the reverse tree");
		return;
	}
	(void)(p.len == 128 ? ip_format(p.ip, text) : prefix_format(p, text));
	addr_line(j, text);
}

static int reverse(struct job_input in, void *user) {
	struct job *j = user;
	char text[ARPA_TEXT_MAX];
	struct prefix p;

	if (is_name(in.text)) {
		print_name(j, in);
	} else if (addr_read_prefix(j, in, &p)) {
		if (memchr(in.text.s, '/', in.text.len))
			return arpa_each_zone(p, print_zone, j);
		(void)arpa_name(p.ip, text);
		addr_line(j, text);
	}
	return 0;
}

static int finish(struct job *j, int r) {
	return job_finish(j, r < 0 ? cannot("cannot read standard input: %s", strerror(-r)) : EXIT_DONE);
}

static int run_reverse(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;
	int r;

	command_parse(&reverse_argp, argc, argv, &opt);
	job_init(&job, &opt.output);
	addr_lines_begin(&job);
	r = job_each_input(&job, opt.args, opt.n, reverse, &job);
	addr_lines_end(&job);
	return finish(&job, r);
}

const struct command command_addr_reverse = {
	.name = "reverse",
	.summary = "Turn addresses into reverse names, prefixes into zones, and back",
	.argp = &reverse_argp,
	.run = run_reverse,
};

static const struct argp_option uid_options[] = {
	{ "encode", KEY_ENCODE, NULL, 0, "Make an id from CLIENT and FRONTEND, each an address with a port", 0 },
	{ 0 },
};

static const struct argp uid_argp = {
	.options = uid_options,
	.parser = parse,
	.args_doc = "[ID...]\n--encode CLIENT [FRONTEND]",
	.doc = "Reads HAProxy's unique ids, as unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid makes them.\v"
	       "An id may end before any '_'. IPv4 that came through a socket for both families (32 digits) is shown "
	       "as "
	       "IPv4. Without ID, or for '-', each line of standard input is one.",
	.children = children,
};

static void emit_endpoint(struct emit *e, const char *name, const struct endpoint *endpoint) {
	char text[ENDPOINT_TEXT_MAX];

	emit_object(e, name);
	(void)ip_format(endpoint->ip, text);
	emit_text(e, "address", text);
	emit_uint(e, "family", ip_family(endpoint->ip));
	emit_uint(e, "port", (uint64_t)endpoint->port);
	emit_end(e);
}

static void emit_time(struct emit *e, uint64_t seconds) {
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[64];

	emit_uint(e, "seconds", seconds);
	/* Years of more than four digits are nobody's request. */
	if (seconds < UINT64_C(253402300800) && gmtime_r(&t, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		emit_text(e, "time", text);
}

static int decode(struct job_input in, void *user) {
	struct job *j = user;
	struct uid uid;
	size_t at = 0;

	if (uid_parse(in.text.s, in.text.len, &uid, &at) < 0) {
		addr_wrong(j, in, at,
			   "8 or 32 hex digits, ':', 4 hex digits; the same again behind '_'; then '_' and numbers",
			   "a unique id of HAProxy");
		return 0;
	}
	emit_object(&j->emit, NULL);
	emit_str(&j->emit, "id", in.text);
	emit_endpoint(&j->emit, "client", &uid.client);
	if (uid.frontend.port >= 0)
		emit_endpoint(&j->emit, "frontend", &uid.frontend);
	if (uid.has_time)
		emit_time(&j->emit, uid.seconds);
	if (uid.has_request) {
		emit_uint(&j->emit, "request", uid.request);
		emit_uint(&j->emit, "pid", uid.pid);
	}
	emit_end(&j->emit);
	return 0;
}

/* An address with a port, as --encode needs it. */
static bool read_endpoint(struct job *j, int n, const char *text, struct endpoint *ret_e) {
	struct job_input in = job_argument(j, n, text);
	struct addr_item item;

	if (!addr_read(j, in, &item))
		return false;
	if (item.is != ADDR_IS_ADDRESS || item.endpoint.port < 0) {
		addr_wrong(j, in, in.text.len, ip_error_hint(IP_ERR_PORT), "an address with a port");
		return false;
	}
	*ret_e = item.endpoint;
	return true;
}

static void encode(struct job *j, const struct options *opt) {
	struct uid uid = { .frontend.port = -1 };
	char text[UID_TEXT_MAX];

	if (!read_endpoint(j, 0, opt->args[0], &uid.client) ||
	    (opt->n == 2 && !read_endpoint(j, 1, opt->args[1], &uid.frontend)))
		return;
	(void)uid_format(&uid, text);
	addr_line(j, text);
}

static int run_uid(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;
	int r = 0;

	command_parse(&uid_argp, argc, argv, &opt);
	job_init(&job, &opt.output);
	if (opt.encode) {
		encode(&job, &opt);
		return finish(&job, 0);
	}
	if (opt.n == 1 && strcmp(opt.args[0], "-") != 0) {
		r = decode(job_argument(&job, 0, opt.args[0]), &job);
	} else {
		addr_lines_begin(&job);
		r = job_each_input(&job, opt.args, opt.n, decode, &job);
		addr_lines_end(&job);
	}
	return finish(&job, r);
}

const struct command command_addr_uid = {
	.name = "uid",
	.summary = "Read and write HAProxy's hexadecimal unique ids",
	.argp = &uid_argp,
	.run = run_uid,
};
