/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#include "cmd/job.h"
#include "cmd/unit.h"
#include "geo/fetch.h"

enum { KEY_EVERY = 0x200, KEY_RETRY, KEY_SHA256, KEY_CA, KEY_MAX, KEY_TIMEOUT, KEY_FORCE };
enum { RETRIES_MAX = 100, WAIT_FIRST_S = 1, WAIT_MAX_S = 300 };

struct options {
	struct output_options output;
	struct geo_fetch fetch;
	uint64_t every_s;
	unsigned retries;
};

static const struct argp_option option_rows[] = {
	{ "file", 'o', "FILE", 0, "Keep it here", 0 },
	{ "sha256", KEY_SHA256, "HEX", 0, "Take nothing but the file with this digest", 0 },
	{ "retry", KEY_RETRY, "COUNT", 0, "Try so often again when the server cannot be reached; default: 0", 0 },
	{ "every", KEY_EVERY, "TIME", 0, "Go on, and fetch again after this time", 0 },
	{ "timeout", KEY_TIMEOUT, "TIME", 0, "Give a transfer up after this time; default: 2m", 0 },
	{ "max-size", KEY_MAX, "SIZE", 0, "Refuse what is larger; default: 4G", 0 },
	{ "cacert", KEY_CA, "FILE", 0, "Trust the certificates in this file (PEM), not the system's", 0 },
	{ "ipv4", '4', NULL, 0, "Over IPv4 only", 0 },
	{ "ipv6", '6', NULL, 0, "Over IPv6 only", 0 },
	{ "force", KEY_FORCE, NULL, 0, "Fetch even if it did not change", 0 },
	{ 0 },
};

static unsigned parse_retries(const char *text, struct argp_state *state) {
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > RETRIES_MAX)
		argp_error(state, "--retry is a number up to %d, not '%s'", RETRIES_MAX, text);
	return (unsigned)n;
}

static void end_options(const struct options *o, struct argp_state *state) {
	if (!o->fetch.url)
		argp_error(state, "name the URL of the file");
	if (!o->fetch.output)
		argp_error(state, "say with -o where to keep the file");
}

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case 'o':
		o->fetch.output = arg;
		return 0;
	case '4':
	case '6':
		o->fetch.family = key - '0';
		return 0;
	case KEY_SHA256:
		o->fetch.sha256 = arg;
		return 0;
	case KEY_RETRY:
		o->retries = parse_retries(arg, state);
		return 0;
	case KEY_EVERY:
		o->every_s = unit_seconds(arg, "--every", state);
		return 0;
	case KEY_TIMEOUT:
		o->fetch.timeout_ms = (unsigned)MIN(unit_seconds(arg, "--timeout", state) * 1000, (uint64_t)INT32_MAX);
		return 0;
	case KEY_MAX:
		o->fetch.size_max = unit_bytes(arg, "--max-size", state);
		return 0;
	case KEY_CA:
		o->fetch.ca_file = arg;
		return 0;
	case KEY_FORCE:
		o->fetch.force = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->fetch.url)
			argp_error(state, "one URL at a time: '%s' is too much", arg);
		o->fetch.url = arg;
		return 0;
	case ARGP_KEY_END:
		end_options(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "URL",
	.doc = "Fetches a published geo file when it changed, verifies it, and puts it in place in one step.",
	.children = children,
};

static void print(const struct options *o, struct job *j, const struct geo_fetched *g) {
	struct emit *e = &j->emit;

	(void)fprintf(stderr, "%s: %s (%u)\n", o->fetch.output, g->changed ? "new" : "unchanged", g->status);
	if (g->changed && !g->digest_checked)
		(void)fprintf(stderr, "%s: the server publishes no digest; only its form was verified\n",
			      o->fetch.output);
	if (o->output.format == EMIT_TEXT)
		return;
	emit_object(e, NULL);
	emit_bool(e, "changed", g->changed);
	emit_uint(e, "status", g->status);
	emit_text(e, "file", o->fetch.output);
	emit_text(e, "sha256", g->sha256);
	emit_uint(e, "bytes", g->bytes);
	if (g->changed)
		emit_uint(e, "networks", g->networks);
	emit_end(e);
	(void)fflush(e->out);
}

/* Sleeps; a signal ends the program meanwhile, as always. Nothing is left behind: the new file has no name yet. */
static void pause_s(uint64_t seconds) {
	struct timespec left = { .tv_sec = (time_t)seconds };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* What was said of one try is printed at once, and forgotten. */
static void print_diags(struct job *j, struct arena_mark before) {
	diags_print(&j->diags, stderr, output_colour(&j->output, stderr));
	(void)fflush(stderr);
	diags_done(&j->diags);
	arena_release(&j->arena, before);
	diags_init(&j->diags, &j->arena, &j->sources);
}

/* A second, then twice as long each time; half of it by chance, so that a thousand machines do not come back as one. */
static uint64_t wait_before(unsigned try, uint64_t retry_after_s) {
	uint64_t s = (uint64_t)WAIT_FIRST_S << MIN(try, 16U);

	s = MIN(s, (uint64_t)WAIT_MAX_S);
	return MAX(s - randombytes_uniform((uint32_t)(s / 2 + 1)), MIN(retry_after_s, (uint64_t)WAIT_MAX_S));
}

static int fetch(const struct options *o, struct job *j) {
	for (unsigned try = 0;; try++) {
		struct arena_mark before = arena_mark(&j->arena);
		struct geo_fetched got = { 0 };
		int r = geo_fetch(&o->fetch, &j->diags, &got);
		uint64_t wait_s;

		print_diags(j, before);
		if (r >= 0) {
			print(o, j, &got);
			return EXIT_DONE;
		}
		if (try >= o->retries || !geo_fetch_is_temporary(r))
			return r == -EBADMSG ? EXIT_NO : r == -EINVAL ? EXIT_USAGE : EXIT_CANNOT;
		wait_s = wait_before(try, got.retry_after_s);
		(void)fprintf(stderr, "%s: trying again in %" PRIu64 " s\n", o->fetch.output, wait_s);
		pause_s(wait_s);
	}
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;
	int r;

	command_parse(&argp, argc, argv, &opt);
	(void)signal(SIGPIPE, SIG_IGN); /* a server that leaves is an error like others */
	job_init(&job, &opt.output);
	r = fetch(&opt, &job);
	while (opt.every_s && r != EXIT_USAGE) {
		pause_s(opt.every_s - randombytes_uniform((uint32_t)MIN(opt.every_s / 10 + 1, (uint64_t)UINT32_MAX)));
		r = fetch(&opt, &job);
	}
	return job_finish(&job, r);
}

const struct command command_geo_fetch = {
	.name = "fetch",
	.summary = "Fetch a published file when it changed",
	.argp = &argp,
	.run = run,
};
