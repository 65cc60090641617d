/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "cmd/progress.h"
#include "cmd/trial_targets.h"
#include "cmd/unit.h"

enum {
	KEY_DIRECT = 0x200,
	KEY_REPEAT,
	KEY_PARALLEL,
	KEY_RATE,
	KEY_RETRY,
	KEY_MAX_BODY,
	KEY_TIMEOUT,
	KEY_CONNECT_TIMEOUT,
	KEY_STALL,
	KEY_INSECURE,
	KEY_CA_FILE,
	KEY_IGNORE,
	KEY_FILTER,
	KEY_JSON_BODIES,
	KEY_SIMULATE,
	KEY_PROXY_V2,
	KEY_HAPPY,
	KEY_PATH_MTU,
	KEY_JUNIT,
	KEY_HTML,
};
enum { REPEAT_MAX = 10000, PARALLEL_MAX = 10000, RETRY_MAX = 100 };

struct options {
	struct output_options output;
	struct trial_options trial;
	bool direct;
	VEC(const char *) arguments, ignore, filters;
	const char *junit, *html;
};

static const struct argp_option option_rows[] = {
	{ "direct", KEY_DIRECT, NULL, 0, "Connect to the addresses of the machine database, not what DNS says", 0 },
	{ "repeat", KEY_REPEAT, "N", 0, "Fetch so often, and compare the medians of the times; default: 1", 0 },
	{ "parallel", KEY_PARALLEL, "N", 0, "So many fetches at a time; default: 64", 0 },
	{ "rate", KEY_RATE, "N", 0, "At most so many fetches a second for each host and family", 0 },
	{ "retry", KEY_RETRY, "N", 0, "Try again what gave no answer; default: 0", 0 },
	{ "max-body", KEY_MAX_BODY, "SIZE", 0, "Take no more of a body; default: 16M", 0 },
	{ "timeout", KEY_TIMEOUT, "TIME", 0, "Give a fetch up after this time; default: 30s", 0 },
	{ "connect-timeout", KEY_CONNECT_TIMEOUT, "TIME", 0, "Wait so long for a connection and TLS; default: 5s", 0 },
	{ "stall", KEY_STALL, "TIME", 0, "Give a connection up that is silent so long; default: 5s", 0 },
	{ "insecure", KEY_INSECURE, NULL, 0, "Take any certificate; they are still compared", 0 },
	{ "ca-file", KEY_CA_FILE, "FILE", 0, "Trust the certificates in this file (PEM), not the system's", 0 },
	{ "ignore", KEY_IGNORE, "HEADER", 0, "A header that may differ, \"X-Trace-*\" for several", 0 },
	{ "filter", KEY_FILTER, "s/RE/TEXT/", 0, "Rewrite bodies before they are compared", 0 },
	{ "json-bodies", KEY_JSON_BODIES, NULL, 0, "Compare JSON as JSON: order and blanks do not count", 0 },
	{ "simulate-client", KEY_SIMULATE, NULL, 0, "Fetch again with each form of a client address", 0 },
	{ "happy-eyeballs", KEY_HAPPY, NULL, 0, "Measure too what a dual-stack client gets (RFC 8305)", 0 },
	{ "path-mtu", KEY_PATH_MTU, NULL, 0, "Try too whether large packets arrive in each family", 0 },
	{ "junit", KEY_JUNIT, "FILE", 0, "Write a JUnit report too, a case for each URL", 0 },
	{ "html", KEY_HTML, "FILE", 0, "Write one HTML page too, with the times drawn", 0 },
	{ "proxy-v2", KEY_PROXY_V2, NULL, 0, "Begin each connection with a PROXY protocol header, version 2", 0 },
	{ 0 },
};

static unsigned number(const char *text, const char *option, unsigned min, unsigned max, struct argp_state *state) {
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < min || n > max)
		argp_error(state, "%s is a number from %u to %u, not '%s'", option, min, max, text);
	return (unsigned)n;
}

static double rate(const char *text, struct argp_state *state) {
	char *end;
	double x = strtod(text, &end);

	if (*end || !isfinite(x) || x < 0.01 || x > 1e6)
		argp_error(state, "--rate is fetches a second, 0.01 to 1000000, not '%s'", text);
	return x;
}

static unsigned milliseconds(const char *text, const char *option, struct argp_state *state) {
	return (unsigned)MIN(unit_seconds(text, option, state) * 1000, (uint64_t)86400 * 1000);
}

static error_t parse_limit(int key, char *arg, struct argp_state *state, struct fetcher_options *f) {
	switch (key) {
	case KEY_PARALLEL:
		f->parallel = number(arg, "--parallel", 1, PARALLEL_MAX, state);
		return 0;
	case KEY_RATE:
		f->host_rate = rate(arg, state);
		return 0;
	case KEY_RETRY:
		f->retry = number(arg, "--retry", 0, RETRY_MAX, state);
		return 0;
	case KEY_MAX_BODY:
		f->body_max = unit_bytes(arg, "--max-body", state);
		return 0;
	case KEY_TIMEOUT:
		f->total_ms = milliseconds(arg, "--timeout", state);
		return 0;
	case KEY_CONNECT_TIMEOUT:
		f->connect_ms = milliseconds(arg, "--connect-timeout", state);
		return 0;
	case KEY_STALL:
		f->stall_ms = milliseconds(arg, "--stall", state);
		return 0;
	case KEY_INSECURE:
		f->insecure = true;
		return 0;
	case KEY_CA_FILE:
		f->ca_file = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case KEY_DIRECT:
		o->direct = true;
		return 0;
	case KEY_REPEAT:
		o->trial.repeat = number(arg, "--repeat", 1, REPEAT_MAX, state);
		return 0;
	case KEY_IGNORE:
		vec_push(&o->ignore, arg);
		return 0;
	case KEY_FILTER:
		vec_push(&o->filters, arg);
		return 0;
	case KEY_JSON_BODIES:
		o->trial.compare.json = true;
		return 0;
	case KEY_SIMULATE:
		o->trial.simulate_client = true;
		return 0;
	case KEY_PROXY_V2:
		o->trial.proxy_v2 = true;
		return 0;
	case KEY_HAPPY:
		o->trial.happy_eyeballs = true;
		return 0;
	case KEY_PATH_MTU:
		o->trial.path_mtu = true;
		return 0;
	case KEY_JUNIT:
		o->junit = arg;
		return 0;
	case KEY_HTML:
		o->html = arg;
		return 0;
	case ARGP_KEY_ARG:
		vec_push(&o->arguments, arg);
		return 0;
	default:
		return parse_limit(key, arg, state, &o->trial.fetch);
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "[ESTATE|URL...]",
	.doc = "Fetches URLs, or all endpoints of an estate, over IPv4 and over IPv6, and compares the answers.",
	.children = children,
};

static volatile int stop;

static void on_signal(int number_) {
	(void)number_;
	stop = 1;
}

static void on_progress(uint64_t done, uint64_t all, void *user) {
	progress_show(user, done, all);
}

static int prepare_compare(struct options *o, struct job *j) {
	struct body_filter **filters = arena_array(&j->arena, struct body_filter *, o->filters.n + 1);
	const char *why = NULL;

	for (size_t i = 0; i < o->filters.n; i++)
		if (body_filter_new(o->filters.v[i], &j->arena, &filters[i], &why) < 0)
			return usage_error("--filter %s: %s", o->filters.v[i], why);
	vec_push(&o->ignore, NULL);
	o->trial.compare.filters = filters;
	o->trial.compare.ignore = o->ignore.v;
	o->trial.compare.now = time(NULL);
	if (o->trial.fetch.ca_file && access(o->trial.fetch.ca_file, R_OK) < 0)
		return cannot("cannot read --ca-file %s: %s", o->trial.fetch.ca_file, strerror(errno));
	return 0;
}

/* A report as a file of its own. 0, or an exit code after a message. */
static int write_file(const char *path, void (*report_fn)(const struct trial *t, FILE *out), const struct trial *t) {
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;
	FILE *out = path ? open_memstream(&text, &len) : NULL;
	int r;

	if (!path)
		return 0;
	if (!out)
		return cannot("out of memory");
	report_fn(t, out);
	if (fclose(out) != 0)
		return cannot("out of memory");
	r = file_write_atomic(path, text, len, 0644);
	return r < 0 ? cannot("cannot write %s: %s", path, strerror(-r)) : 0;
}

static int report(struct options *o, struct job *j, const struct trial *t) {
	uint64_t found = 0;

	for (uint32_t i = 0; i < t->n; i++)
		found += t->results[i].findings.list.n;
	if (o->output.format == EMIT_TEXT)
		trial_report_text(t, output_colour(&o->output, stdout), stdout);
	else
		trial_report_emit(t, &j->emit);
	if (write_file(o->junit, trial_report_junit, t) != 0 || write_file(o->html, trial_report_html, t) != 0)
		return EXIT_CANNOT;
	return found ? EXIT_NO : EXIT_DONE;
}

static int try_all(struct options *o, struct job *j, const struct trial_targets *targets) {
	const struct sigaction on_stop = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };
	struct progress progress = { .word = "fetched" };
	const char *why = NULL;
	struct trial t;
	int r;

	o->trial.progress = on_progress;
	o->trial.user = &progress;
	o->trial.fetch.stop = &stop;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigaction(SIGINT, &on_stop, NULL);
	(void)sigaction(SIGTERM, &on_stop, NULL);
	r = trial_run(&o->trial, targets->list.v, (uint32_t)targets->list.n, &j->arena, &t, &why);
	progress_end(&progress);
	if (r < 0)
		return cannot("%s", why);
	r = report(o, j, &t);
	if (t.n < targets->list.n)
		r = cannot("stopped: %zu of %zu URLs were not tried", targets->list.n - t.n, targets->list.n);
	else if (stop && (o->trial.happy_eyeballs || o->trial.path_mtu))
		r = cannot("stopped: what clients get was not measured to the end");
	trial_done(&t);
	return r;
}

static int run(int argc, char **argv) {
	struct options o = { 0 };
	struct trial_targets targets = { 0 };
	struct job job;
	int r = 0;

	command_parse(&argp, argc, argv, &o);
	job_init(&job, &o.output);
	if (!o.arguments.n)
		vec_push(&o.arguments, ".");
	for (size_t i = 0; i < o.arguments.n && r == 0; i++)
		r = trial_targets_add(&job, &targets, o.arguments.v[i], o.direct);
	if (r == 0)
		r = prepare_compare(&o, &job);
	if (r == 0)
		r = try_all(&o, &job, &targets);
	for (size_t i = 0; o.trial.compare.filters && i < o.filters.n; i++)
		body_filter_free(o.trial.compare.filters[i]);
	vec_done(&targets.list);
	vec_done(&o.arguments);
	vec_done(&o.ignore);
	vec_done(&o.filters);
	return job_finish(&job, r);
}

const struct command command_trial_run = {
	.name = "run",
	.summary = "Fetch over both families and compare",
	.argp = &argp,
	.run = run,
};
