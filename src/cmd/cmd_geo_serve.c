/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "cmd/geo.h"
#include "cmd/unit.h"
#include "geo/publish.h"

enum { KEY_LISTEN = 0x200, KEY_PATH, KEY_EVERY, KEY_CERT, KEY_KEY, KEY_EMPTY, KEY_FORCE, KEY_LIMIT };
enum { LISTEN_MAX = 16, PORT = 8053 };

struct options {
	struct geo_options geo;
	struct geo_publish_config publish;
	struct endpoint listen[LISTEN_MAX];
	size_t listen_count;
};

static const struct argp_option option_rows[] = {
	{ "file", 'o', "FILE", 0, "Keep the published file here; by default /var/lib/hextet/ and the path's name", 0 },
	{ "listen", KEY_LISTEN, "ADDRESS:PORT", 0,
	  "Listen here; may be repeated. Default: the estate's, else [::]:8053, which is both families", 0 },
	{ "path", KEY_PATH, "PATH", 0, "Publish it as this path of the URL; default: /geo-exceptions.mmdb", 0 },
	{ "every", KEY_EVERY, "TIME", 0, "Build at the latest after this time; default: 5m", 0 },
	{ "tls-cert", KEY_CERT, "FILE", 0, "Speak HTTPS with this certificate and its chain (PEM)", 0 },
	{ "tls-key", KEY_KEY, "FILE", 0, "The certificate's key (PEM)", 0 },
	{ "build-timeout", KEY_LIMIT, "TIME", 0, "Give a build up after this time; default: 10m", 0 },
	{ "allow-empty", KEY_EMPTY, NULL, 0, "Publish a table without rows too", 0 },
	{ "force", KEY_FORCE, NULL, 0, "Publish even if more than half of the rows are gone", 0 },
	{ 0 },
};

static void add_listen(struct options *o, const char *text, struct argp_state *state) {
	struct ip_fault fault;
	struct endpoint *e = &o->listen[o->listen_count];

	if (o->listen_count == LISTEN_MAX)
		argp_error(state, "at most %d addresses to listen on", LISTEN_MAX);
	if (endpoint_parse(text, strlen(text), e, &fault) < 0)
		argp_error(state, "--listen takes 192.0.2.1:8053 or [2001:db8::1]:8053, not '%s': %s", text,
			   ip_error_hint(fault.error));
	if (e->port < 0)
		e->port = PORT;
	o->listen_count++;
}

static void check_options(const struct options *o, struct argp_state *state) {
	if (!o->publish.http.tls_cert != !o->publish.http.tls_key)
		argp_error(state, "--tls-cert and --tls-key go together");
}

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->geo;
		return 0;
	case 'o':
		o->publish.build.output = arg;
		return 0;
	case KEY_LISTEN:
		add_listen(o, arg, state);
		return 0;
	case KEY_PATH:
		o->publish.url_path = arg;
		return 0;
	case KEY_EVERY:
		o->publish.every_s = unit_seconds(arg, "--every", state);
		return 0;
	case KEY_CERT:
		o->publish.http.tls_cert = arg;
		return 0;
	case KEY_KEY:
		o->publish.http.tls_key = arg;
		return 0;
	case KEY_LIMIT:
		o->publish.build_limit_s = (unsigned)unit_seconds(arg, "--build-timeout", state);
		return 0;
	case KEY_EMPTY:
		o->publish.build.allow_empty = true;
		return 0;
	case KEY_FORCE:
		o->publish.build.force = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->geo.estate)
			argp_error(state, "one estate at a time: '%s' is too much", arg);
		o->geo.estate = arg;
		return 0;
	case ARGP_KEY_END:
		check_options(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &geo_source_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "[ESTATE]",
	.doc = "Builds a geo file whenever its rows change, and publishes it over HTTP.",
	.children = children,
};

/* One line of talk; the journal gets its level. */
static void log_line(enum severity severity, struct str line) {
	static const char *const prefix[_SEVERITY_MAX] = {
		[SEVERITY_IGNORE] = SD_DEBUG,
		[SEVERITY_NOTE] = SD_INFO,
		[SEVERITY_WARNING] = SD_WARNING,
		[SEVERITY_ERROR] = SD_ERR,
	};

	(void)fprintf(stderr, "%s%.*s\n", getenv("JOURNAL_STREAM") ? prefix[severity] : "hextet: ", (int)line.len,
		      line.s);
}

static void on_log(enum severity severity, const char *text, void *user) {
	struct str rest = str_trim(str_of(text)), line;

	(void)user;
	while (str_split(&rest, '\n', &line))
		log_line(severity, line);
}

static int on_end(int signal, void *user) {
	(void)signal;
	loop_stop(user);
	return 0;
}

static int on_hangup(int signal, void *user) {
	(void)signal;
	geo_publish_rebuild(*(struct geo_publish **)user);
	return 0;
}

static void say_where(const struct geo_publish *p, const struct options *o) {
	char text[ENDPOINT_TEXT_MAX];

	for (size_t i = 0; i < o->listen_count; i++) {
		struct endpoint e = geo_publish_bound(p, i);

		(void)endpoint_format(&e, text);
		(void)fprintf(stderr, "hextet: listening on %s://%s%s\n", o->publish.http.tls_cert ? "https" : "http",
			      text, o->publish.url_path);
	}
	(void)fflush(stderr);
}

static int serve(const struct options *o) {
	struct geo_publish *publish = NULL;
	struct loop *loop = NULL;
	char *why = NULL;
	int r = loop_new(&loop);

	(void)signal(SIGPIPE, SIG_IGN); /* whoever read our talk, or an answer, may leave */
	if (r >= 0)
		r = loop_add_signal(loop, SIGTERM, on_end, loop, NULL);
	if (r >= 0)
		r = loop_add_signal(loop, SIGINT, on_end, loop, NULL);
	if (r >= 0)
		r = loop_add_signal(loop, SIGHUP, on_hangup, &publish, NULL);
	if (r >= 0)
		r = geo_publish_open(loop, &o->publish, &publish, &why);
	if (r >= 0) {
		say_where(publish, o);
		loop_notify_ready("the first build is running");
		r = loop_run(loop);
	}
	if (r < 0)
		(void)cannot("cannot serve: %s", why ? why : strerror(-r));
	free(why);
	geo_publish_close(publish);
	loop_free(loop);
	return r < 0 ? EXIT_CANNOT : EXIT_DONE;
}

/* Built on what was built, no exception would ever go away. */
static bool is_own_base(const struct geo_build *b) {
	struct stat base, output;

	if (!b->base || strcmp(b->base->source->name, "mmdb") != 0)
		return false;
	return strcmp(b->base->place, b->output) == 0 ||
	       (stat(b->base->place, &base) == 0 && stat(b->output, &output) == 0 && base.st_dev == output.st_dev &&
		base.st_ino == output.st_ino);
}

/* What can be built once only, or published nowhere. */
static int check_setup(const struct geo_publish_config *c) {
	const char *fault = geo_publish_path_fault(c->url_path);

	if (fault)
		return usage_error("%s cannot be the path that is published: %s", c->url_path, fault);
	if (is_own_base(&c->build))
		return usage_error("%s is the base and the file that is published: keep them in two files",
				   c->build.output);
	for (size_t i = 0; i <= c->build.from_count; i++) {
		const struct geo_spec *spec = i < c->build.from_count ? &c->build.from[i] : c->build.base;

		if (spec && strcmp(spec->place, "-") == 0)
			return usage_error("serve reads its sources again and again, standard input can be read once: "
					   "name a file");
	}
	return 0;
}

/* What the command line leaves open is the estate's, or usual. */
static int fill_in(struct job *job, struct options *o) {
	struct geo_publish_config *c = &o->publish;
	struct geo_setup setup;
	int r = geo_setup(job, &o->geo, &setup);

	if (r)
		return r;
	c->build.from = setup.from;
	c->build.from_count = setup.from_count;
	c->build.base = setup.base;
	if (!c->url_path)
		c->url_path = setup.url_path ? setup.url_path : "/geo-exceptions.mmdb";
	if (!c->build.output)
		c->build.output = setup.output;
	if (!c->build.output)
		return usage_error("say with -o where to keep the file");
	if (!c->every_s)
		c->every_s = setup.every_s;
	if (!o->listen_count)
		o->listen[o->listen_count++] = (struct endpoint){
			.ip = setup.url_path ? setup.listen_ip : (struct ip){ 0, 0 },
			.port = setup.url_path ? setup.listen_port : PORT,
		};
	c->http.listen = o->listen;
	c->http.listen_count = o->listen_count;
	c->log = on_log;
	return check_setup(c);
}

static int run(int argc, char **argv) {
	static const struct output_options output = { 0 };
	struct options opt = { 0 };
	struct job job;
	int r;

	command_parse(&argp, argc, argv, &opt);
	job_init(&job, &output);
	r = fill_in(&job, &opt);
	return job_finish(&job, r ? r : serve(&opt));
}

const struct command command_geo_serve = {
	.name = "serve",
	.summary = "Build a file whenever its rows change, and publish it over HTTP",
	.argp = &argp,
	.run = run,
};
