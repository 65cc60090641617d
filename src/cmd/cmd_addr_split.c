/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "addr/digit.h"
#include "addr/plan.h"
#include "addr/wide.h"
#include "cmd/addr.h"

enum { KEY_NTH = 0x200, KEY_FIRST_FREE, KEY_TAKEN, KEY_SPARSE, KEY_LIMIT };

enum { LIMIT_DEFAULT = 65536 };

struct options {
	struct output_options output;
	char *args[2];
	int n;
	const char *taken;
	bool nth, limited, first_free, sparse;
	struct ip nth_number;
	uint64_t limit;
};

static const struct argp_option option_rows[] = {
	{ "nth", KEY_NTH, "N", 0, "Only subnet number N, counted from 0", 0 },
	{ "first-free", KEY_FIRST_FREE, NULL, 0, "Only the first subnet that touches nothing taken", 0 },
	{ "taken", KEY_TAKEN, "FILE", 0, "What is taken: addresses, prefixes, ranges, one a line ('-': standard input)",
	  0 },
	{ "sparse", KEY_SPARSE, NULL, 0, "In the order of RFC 3531, which leaves each subnet the most room to grow",
	  0 },
	{ "limit", KEY_LIMIT, "N", 0, "Print at most N subnets", 0 },
	{ 0 },
};

/* A decimal number of up to 128 bits. */
static bool parse_number(const char *text, struct ip *ret_n) {
	const wide max = wide_ones(128);
	wide n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit = (unsigned char)*text - '0';

		if (digit > 9 || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*ret_n = wide_ip(n);
	return true;
}

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;
	struct ip n = { 0 };

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case KEY_NTH:
		if (!parse_number(arg, &o->nth_number))
			argp_error(state, "--nth is a number from 0, not '%s'", arg);
		o->nth = true;
		return 0;
	case KEY_LIMIT:
		if (!parse_number(arg, &n))
			argp_error(state, "--limit is a number, not '%s'", arg);
		o->limit = n.hi ? UINT64_MAX : n.lo;
		o->limited = true;
		return 0;
	case KEY_FIRST_FREE:
		o->first_free = true;
		return 0;
	case KEY_TAKEN:
		o->taken = arg;
		return 0;
	case KEY_SPARSE:
		o->sparse = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->n == 2)
			argp_error(state, "one prefix and one length: '%s' is too much", arg);
		o->args[o->n++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (o->n < 2)
			argp_error(state, "name the prefix and the length of its subnets");
		if (o->nth && o->first_free)
			argp_error(state, "--nth and --first-free answer different questions");
		if (o->taken && !o->first_free)
			argp_error(state, "--taken goes with --first-free");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "PREFIX LENGTH",
	.doc = "Cuts a prefix into subnets of one length. Nothing is enumerated that is not printed.",
	.children = children,
};

struct split {
	struct prefix prefix;
	unsigned len; /* in the 128-bit space */
	int (*nth)(struct prefix, unsigned, struct ip, struct prefix *);
};

static bool read_length(struct job *j, struct job_input in, struct split *s) {
	struct str text = in.text;
	unsigned above = prefix_family(s->prefix) == FAMILY_4 ? 96 : 0;
	uint32_t len;

	if (text.len && text.s[0] == '/') {
		text.s++;
		text.len--;
	}
	if (digit_number(text.s, text.len, 128 - above, &len) != text.len || !text.len) {
		addr_wrong(j, in, 0, ip_error_hint(IP_ERR_LENGTH), "a prefix length");
		return false;
	}
	if (len + above < s->prefix.len) {
		addr_wrong(j, in, 0,
			   arena_printf(&j->arena, "subnets are at least as long as the prefix: /%u or more",
					prefix_text_len(s->prefix)),
			   "the length of a subnet");
		return false;
	}
	s->len = len + above;
	return true;
}

static void print_subnet(struct job *j, struct prefix p) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(p, text);
	addr_line(j, text);
}

static int print_nth(struct job *j, const struct split *s, struct ip n) {
	char count[PLAN_COUNT_TEXT_MAX], text[PREFIX_TEXT_MAX];
	struct prefix p;

	if (s->nth(s->prefix, s->len, n, &p) == 0) {
		print_subnet(j, p);
		return EXIT_DONE;
	}
	(void)plan_count(s->prefix, s->len, count);
	(void)prefix_format(s->prefix, text);
	(void)fprintf(stderr, "hextet: %s has no such subnet: there are %s, counted from 0\n", text, count);
	return EXIT_NO;
}

static int print_first_free(struct job *j, const struct split *s, const struct options *opt) {
	struct prefix_set taken = PREFIX_SET_INIT;
	char text[PREFIX_TEXT_MAX];
	struct prefix p = { .len = 0 };
	int r = opt->taken ? addr_read_set(j, opt->taken, &taken) : 0, code = EXIT_DONE;

	if (r < 0) {
		code = cannot("cannot read %s: %s", opt->taken, strerror(-r));
	} else if (!j->diags.count[SEVERITY_ERROR]) {
		/* With a line that cannot be read, an answer could be a subnet that is taken. */
		r = (opt->sparse ? plan_first_free_sparse : plan_first_free)(s->prefix, s->len, &taken, &p);
		if (r == 0) {
			print_subnet(j, p);
		} else {
			(void)prefix_format(s->prefix, text);
			(void)fprintf(stderr, "hextet: all subnets of %s of this length are taken\n", text);
			code = EXIT_NO;
		}
	}
	prefix_set_done(&taken);
	return code;
}

/* Whether there are more subnets than anybody wants by accident; says so. */
static bool too_many(const struct split *s, const struct options *opt) {
	char count[PLAN_COUNT_TEXT_MAX], text[PREFIX_TEXT_MAX];
	struct prefix p;

	if (opt->limited || opt->nth || opt->first_free ||
	    s->nth(s->prefix, s->len, (struct ip){ 0, LIMIT_DEFAULT }, &p) < 0)
		return false;
	(void)plan_count(s->prefix, s->len, count);
	(void)prefix_format(s->prefix, text);
	(void)usage_error(
		"%s has %s such subnets, more than %d; say how many with --limit, or ask for one with --nth or "
		"--first-free",
		text, count, LIMIT_DEFAULT);
	return true;
}

static int print_all(struct job *j, const struct split *s, const struct options *opt) {
	uint64_t limit = opt->limited ? opt->limit : LIMIT_DEFAULT;
	struct prefix p;

	for (struct ip n = { 0, 0 }; n.lo < limit && !ferror(stdout); n.lo++) {
		/* The one subnet of an IPv6 prefix that is IPv4's is left out. */
		if (s->nth(s->prefix, s->len, n, &p) == 0)
			print_subnet(j, p);
		else if (wide_of(n) > wide_ones(s->len - s->prefix.len))
			break;
	}
	return EXIT_DONE;
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;
	struct split s = { .nth = plan_subnet };
	int code = EXIT_DONE;

	command_parse(&argp, argc, argv, &opt);
	job_init(&job, &opt.output);
	if (opt.sparse)
		s.nth = plan_subnet_sparse;
	if (addr_read_prefix(&job, job_argument(&job, 0, opt.args[0]), &s.prefix) &&
	    read_length(&job, job_argument(&job, 1, opt.args[1]), &s)) {
		if (too_many(&s, &opt))
			return job_finish(&job, EXIT_USAGE);
		addr_lines_begin(&job);
		if (opt.nth)
			code = print_nth(&job, &s, opt.nth_number);
		else if (opt.first_free)
			code = print_first_free(&job, &s, &opt);
		else
			code = print_all(&job, &s, &opt);
		addr_lines_end(&job);
	}
	return job_finish(&job, code);
}

const struct command command_addr_split = {
	.name = "split",
	.summary = "Cut a prefix into subnets, or find the n-th or the first free one",
	.argp = &argp,
	.run = run,
};
