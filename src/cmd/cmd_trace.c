/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

#include "cmd/trace_report.h"

enum { KEY_FROM = 0x200, KEY_TO, KEY_SERVICE, KEY_FAMILY, KEY_BATCH };
enum { BATCH_LINE_MAX = 4096 };

struct options {
	struct output_options output;
	const char *folder, *from, *to, *service, *batch;
	enum family family; /* 0: both */
};

static const struct argp_option option_rows[] = {
	{ "from", KEY_FROM, "WHO", 0,
	  "Who asks: an address, a prefix, any, all, a group, a machine, a failover entry or a public name", 0 },
	{ "to", KEY_TO, "WHO", 0, "Who is asked, in the same words", 0 },
	{ "service", KEY_SERVICE, "SERVICE", 0, "A service of the estate, or tcp/PORT or udp/PORT", 0 },
	{ "family", KEY_FAMILY, "4|6", 0, "Ask in this family only", 0 },
	{ "batch", KEY_BATCH, "FILE", 0,
	  "Answer each line \"FROM TO SERVICE\" of the file (-: standard input) as lines of JSON", 0 },
	{ 0 },
};

static void require_question(const struct options *o, struct argp_state *state) {
	if (!o->folder)
		argp_error(state, "name the estate's folder");
	if (o->batch && (o->from || o->to || o->service))
		argp_error(state, "--batch brings its own --from, --to and --service");
	if (!o->batch && (!o->from || !o->to || !o->service))
		argp_error(state, "--from, --to and --service are needed");
}

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case KEY_FROM:
		o->from = arg;
		return 0;
	case KEY_TO:
		o->to = arg;
		return 0;
	case KEY_SERVICE:
		o->service = arg;
		return 0;
	case KEY_BATCH:
		o->batch = arg;
		return 0;
	case KEY_FAMILY:
		if (strcmp(arg, "4") != 0 && strcmp(arg, "6") != 0)
			argp_error(state, "--family is 4 or 6, not '%s'", arg);
		o->family = arg[0] == '4' ? FAMILY_4 : FAMILY_6;
		return 0;
	case ARGP_KEY_ARG:
		if (o->folder)
			argp_error(state, "one estate at a time: '%s' is too much", arg);
		o->folder = arg;
		return 0;
	case ARGP_KEY_END:
		require_question(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "ESTATE --from WHO --to WHO --service SERVICE\nESTATE --batch FILE",
	.doc = "Says for each address family whether the policy lets one party reach another, on which machine and "
	       "chain "
	       "that is decided, by which line, and what is missing if it is not.",
	.children = children,
};

/* A question as words; what is wrong with them goes to `error`, in the arena. */
struct words {
	const char *from, *to, *service;
};

struct asking {
	const struct options *opt;
	struct opened_estate *estate;
	struct tracer *tracer;
	struct arena arena; /* of one question */
	const char *error;
};

static bool find_end(struct asking *k, const char *option, const char *text, struct trace_end *ret) {
	const char *near = NULL;
	int r = trace_end_find(k->tracer, text, ret, &near);

	if (r == -EINVAL)
		k->error = arena_printf(&k->arena, "--%s %s: bits are set behind the prefix length", option, text);
	else if (r < 0 && near)
		k->error =
			arena_printf(&k->arena, "--%s: the estate has no '%s'; did you mean '%s'?", option, text, near);
	else if (r < 0)
		k->error = arena_printf(&k->arena,
					"--%s: '%s' is no address and no group, machine or public name of the estate",
					option, text);
	return r == 0;
}

static bool parse_port(const char *text, struct trace_port *ret) {
	char *end;
	unsigned long n;

	if (strncmp(text, "tcp/", 4) != 0 && strncmp(text, "udp/", 4) != 0)
		return false;
	if (text[4] < '1' || text[4] > '9')
		return false;
	n = strtoul(text + 4, &end, 10);
	if (*end || n > UINT16_MAX)
		return false;
	*ret = (struct trace_port){ text[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP, (uint16_t)n };
	return true;
}

static bool unknown_service(struct asking *k, const char *text) {
	const char *near = NULL;
	unsigned best = UINT_MAX;

	LIST_EACH (struct service, s, &k->estate->estate->services)
		if (suggest_better(str_of(text), str_of(s->name.s), &best))
			near = s->name.s;
	if (near)
		k->error = arena_printf(&k->arena, "--service: the estate has no '%s'; did you mean '%s'?", text, near);
	else
		k->error = arena_printf(&k->arena,
					"--service: '%s' is no service of the estate, nor tcp/PORT, udp/PORT", text);
	return false;
}

static bool find_ports(struct asking *k, const char *text, struct trace_question *q) {
	const struct service *s = map_get(&k->estate->estate->service_by_name, text, strlen(text));
	struct trace_port *ports;
	size_t n = 0;

	if (!s) {
		ports = arena_new(&k->arena, struct trace_port);
		q->ports = ports;
		q->n_ports = 1;
		return parse_port(text, ports) || unknown_service(k, text);
	}
	ports = arena_array(&k->arena, struct trace_port, (size_t)s->tcp.n + s->udp.n);
	LIST_EACH (struct number, port, &s->tcp)
		ports[n++] = (struct trace_port){ IPPROTO_TCP, (uint16_t)port->n };
	LIST_EACH (struct number, port, &s->udp)
		ports[n++] = (struct trace_port){ IPPROTO_UDP, (uint16_t)port->n };
	q->ports = ports;
	q->n_ports = n;
	return true;
}

/* The families to ask in: those that both ends can be asked for in, unless one is wanted. */
static unsigned families(const struct options *o, const struct trace_question *q) {
	unsigned both = q->from.families & q->to.families;

	if (o->family)
		return 1U << o->family;
	return both ? both : q->from.families | q->to.families;
}

/* 0 or 1 (some family drops) with the report filled; -EINVAL with k->error. */
static int ask(struct asking *k, const struct words *w, struct trace_question *q, struct trace_report *ret) {
	struct trace_answer *answers = arena_array(&k->arena, struct trace_answer, 2);
	int code = EXIT_DONE;
	unsigned wanted;

	if (!find_end(k, "from", w->from, &q->from) || !find_end(k, "to", w->to, &q->to) ||
	    !find_ports(k, w->service, q))
		return -EINVAL;
	*ret = (struct trace_report){
		.estate = k->estate,
		.tracer = k->tracer,
		.question = q,
		.service = w->service,
		.answers = answers,
		.arena = &k->arena,
	};
	wanted = families(k->opt, q);
	for (enum family f = FAMILY_4; f <= FAMILY_6; f += FAMILY_6 - FAMILY_4)
		if (wanted >> f & 1) {
			trace_ask(k->tracer, q, f, &k->arena, &answers[ret->n]);
			if (!answers[ret->n++].accepts)
				code = EXIT_NO;
		}
	return code;
}

static int ask_once(struct asking *k) {
	const struct options *o = k->opt;
	struct words words = { o->from, o->to, o->service };
	struct trace_question q = { 0 };
	struct trace_report report;
	struct emit e;
	int code = ask(k, &words, &q, &report);

	if (code < 0)
		return usage_error("%s", k->error);
	emit_init(&e, stdout, o->output.format);
	if (o->output.format == EMIT_TEXT)
		trace_report_print(&report, stdout, output_colour(&o->output, stdout));
	else {
		emit_list(&e, NULL);
		trace_report_emit(&report, &e, false);
		emit_end(&e);
	}
	return output_finish(&e, code);
}

/* The next word of a line, ended in place; NULL: there is none. */
static char *take_word(char **line) {
	char *word = *line + strspn(*line, " \t\r\n"), *end = word + strcspn(word, " \t\r\n");

	*line = *end ? end + 1 : end;
	*end = 0;
	return *word ? word : NULL;
}

static int ask_line(struct asking *k, char *line, unsigned long number, struct emit *e) {
	struct words w = { 0 };
	struct trace_question q = { 0 };
	struct trace_report report;
	int code = -EINVAL;

	w.from = take_word(&line);
	if (!w.from || w.from[0] == '#')
		return EXIT_DONE;
	w.to = take_word(&line);
	w.service = take_word(&line);
	if (!w.service || take_word(&line))
		k->error = "a line is FROM TO SERVICE";
	else
		code = ask(k, &w, &q, &report);
	if (code >= 0)
		trace_report_emit(&report, e, true);
	else {
		emit_object(e, NULL);
		emit_uint(e, "question", number);
		emit_text(e, "error", k->error);
		emit_end(e);
	}
	return code < 0 ? EXIT_USAGE : code;
}

static int ask_batch(struct asking *k) {
	const char *path = k->opt->batch;
	_cleanup_(filep_close) FILE *in = strcmp(path, "-") == 0 ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "re");
	char line[BATCH_LINE_MAX];
	struct emit e;
	int code = EXIT_DONE;

	if (!in)
		return cannot("cannot read %s: %s", path, strerror(errno));
	emit_init(&e, stdout, EMIT_JSON_LINES);
	for (unsigned long n = 1; fgets(line, sizeof(line), in); n++) {
		const struct arena_mark mark = arena_mark(&k->arena);
		int one = ask_line(k, line, n, &e);

		code = MAX(code, one);
		arena_release(&k->arena, mark);
	}
	if (ferror(in))
		code = cannot("cannot read %s: %s", path, strerror(errno));
	return output_finish(&e, code);
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct opened_estate o;
	struct asking k = { .opt = &opt, .estate = &o };
	int code;

	command_parse(&argp, argc, argv, &opt);
	code = opened_estate_open(&o, opt.folder);
	if (code)
		return code;
	if (!o.estate->loaded) {
		diags_sort(&o.diags);
		diags_print(&o.diags, stderr, output_colour(&opt.output, stderr));
		code = cannot("%s cannot be read without mistakes: the answer would be about another policy",
			      opt.folder);
	} else {
		k.tracer = tracer_new(o.estate, &o.arena);
		code = opt.batch ? ask_batch(&k) : ask_once(&k);
		tracer_done(k.tracer);
	}
	arena_done(&k.arena);
	opened_estate_close(&o);
	return code;
}

const struct command command_trace = {
	.name = "trace",
	.summary = "Say whether the policy lets one party reach another",
	.argp = &argp,
	.run = run,
};
