/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "addr/arpa.h"
#include "addr/special.h"
#include "cmd/addr.h"

struct options {
	struct output_options output;
	char **args;
	int n;
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->output;
		return 0;
	case ARGP_KEY_ARGS:
		o->args = state->argv + state->next;
		o->n = state->argc - state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.parser = parse,
	.args_doc = "[TEXT...]",
	.doc = "Says everything about an address, a prefix or a range.\v"
	       "TEXT is 192.0.2.1, 2001:db8::1, fe80::1%eth0, 192.0.2.1:80, [2001:db8::1]:443, 2001:db8::/32 or "
	       "192.0.2.1-192.0.2.9. Without TEXT, or for '-', each line of standard input is one.",
	.children = children,
};

/* IPv4 addresses that transition mechanisms put into IPv6 ones. */
static void emit_ipv4(struct emit *e, const char *name, uint64_t v4) {
	char text[IP_TEXT_MAX];

	(void)ip_format(ip_from_v4((uint32_t)v4), text);
	emit_text(e, name, text);
}

static void emit_embedded(struct emit *e, struct ip ip, const char *kind) {
	bool is_6to4 = strcmp(kind, "6to4") == 0 && !ip_is_v4(ip), is_nat64 = strcmp(kind, "nat64") == 0;
	bool isatap = !ip_is_v4(ip) && (ip.lo >> 32 & 0xfdffffff) == 0x5efe;

	if (strcmp(kind, "teredo") == 0) {
		emit_object(e, "embedded");
		emit_text(e, "scheme", "teredo");
		emit_ipv4(e, "ipv4", ~ip.lo & UINT32_MAX);
		emit_uint(e, "port", ~ip.lo >> 32 & 0xffff);
		emit_ipv4(e, "server", ip.hi & UINT32_MAX);
		emit_end(e);
	} else if (is_6to4 || is_nat64 || isatap) {
		emit_object(e, "embedded");
		emit_text(e, "scheme", is_6to4 || is_nat64 ? kind : "isatap");
		emit_ipv4(e, "ipv4", is_6to4 ? ip.hi >> 16 & UINT32_MAX : ip.lo & UINT32_MAX);
		emit_end(e);
	}
}

/* The interface's MAC address, where RFC 4291 appendix A put it. */
static void emit_eui64(struct emit *e, struct ip ip) {
	uint64_t id = ip.lo ^ UINT64_C(1) << 57;
	char text[24];

	if (ip_is_v4(ip) || (ip.lo >> 24 & 0xffff) != 0xfffe)
		return;
	(void)snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", (unsigned)(id >> 56) & 255,
		       (unsigned)(id >> 48) & 255, (unsigned)(id >> 40) & 255, (unsigned)(id >> 16) & 255,
		       (unsigned)(id >> 8) & 255, (unsigned)id & 255);
	emit_text(e, "eui64", text);
}

static void emit_special(struct emit *e, const struct special *row) {
	char text[PREFIX_TEXT_MAX];

	if (!row)
		return;
	(void)prefix_format(row->prefix, text);
	emit_object(e, "special");
	emit_text(e, "prefix", text);
	emit_text(e, "name", row->name);
	emit_text(e, "reference", row->reference);
	emit_bool(e, "source", row->source);
	emit_bool(e, "destination", row->destination);
	emit_bool(e, "forwardable", row->forwardable);
	emit_bool(e, "global", row->global);
	emit_bool(e, "reserved", row->reserved);
	emit_end(e);
}

static void emit_ip(struct emit *e, const char *name, struct ip ip) {
	char text[IP_TEXT_MAX];

	(void)ip_format(ip, text);
	emit_text(e, name, text);
}

static void emit_full(struct emit *e, struct ip ip) {
	char text[64];

	(void)ip_format_full(ip, text);
	emit_text(e, "full", text);
	if (ip_is_v4(ip))
		(void)snprintf(text, sizeof(text), "%08" PRIx32, (uint32_t)ip.lo);
	else
		(void)snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64, ip.hi, ip.lo);
	emit_text(e, "hex", text);
}

static void emit_canonical(struct emit *e, const struct addr_item *item) {
	char text[2 * PREFIX_TEXT_MAX + 2], *end = text;
	struct endpoint bare = item->endpoint;

	switch (item->is) {
	case ADDR_IS_ADDRESS:
		bare.port = -1;
		*bare.zone = 0;
		(void)endpoint_format(&bare, text);
		break;
	case ADDR_IS_PREFIX:
		(void)prefix_format(item->prefix, text);
		break;
	case ADDR_IS_RANGE:
		end += ip_format(item->range.first, text);
		*end++ = '-';
		(void)ip_format(item->range.last, end);
		break;
	}
	emit_text(e, "canonical", text);
}

static int emit_one_prefix(struct prefix p, void *user) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(p, text);
	emit_text(user, NULL, text);
	return 0;
}

/* An IPv6 range that ends with the numbers of ::ffff:0:0/96 has its last IPv6 address before them. */
static struct ip last_of(struct range r) {
	return ip_family(r.first) == ip_family(r.last) ? r.last : ip_previous(ip_from_v4(0));
}

/* What only a network has, or only a single address. */
static void emit_extent(struct emit *e, const struct addr_item *item, const char *kind) {
	if (item->is == ADDR_IS_ADDRESS) {
		emit_full(e, item->endpoint.ip);
		if (*item->endpoint.zone)
			emit_text(e, "zone", item->endpoint.zone);
		if (item->endpoint.port >= 0)
			emit_uint(e, "port", (uint64_t)item->endpoint.port);
		emit_eui64(e, item->endpoint.ip);
		emit_embedded(e, item->endpoint.ip, kind);
		return;
	}
	emit_ip(e, "first", item->range.first);
	emit_ip(e, "last", last_of(item->range));
	if (item->is == ADDR_IS_PREFIX) {
		emit_ip(e, "network", item->prefix.ip);
		emit_full(e, item->prefix.ip);
		return;
	}
	emit_list(e, "prefixes");
	(void)range_each_prefix(item->range, emit_one_prefix, e);
	emit_end(e);
}

static void show(struct emit *e, struct str input, const struct addr_item *item) {
	const char *kind = special_kind(item->prefix);
	char name[ARPA_TEXT_MAX];

	(void)arpa_zone(item->prefix, name);
	emit_object(e, NULL);
	emit_str(e, "input", input);
	emit_canonical(e, item);
	emit_uint(e, "family", ip_family(item->range.first));
	if (item->is == ADDR_IS_RANGE) {
		emit_null(e, "length");
		emit_null(e, "reverse");
	} else {
		emit_uint(e, "length", prefix_text_len(item->prefix));
		emit_text(e, "reverse", name);
	}
	emit_text(e, "kind", kind);
	emit_extent(e, item, kind);
	emit_special(e, special_of_prefix(item->prefix));
	emit_end(e);
}

struct showing {
	struct job *job;
};

static int show_input(struct job_input in, void *user) {
	struct showing *s = user;
	struct addr_item item;

	if (addr_read(s->job, in, &item))
		show(&s->job->emit, in.text, &item);
	return 0;
}

static int run(int argc, char **argv) {
	struct options opt = { 0 };
	struct job job;
	struct showing s = { &job };
	bool list;
	int r;

	command_parse(&argp, argc, argv, &opt);
	job_init(&job, &opt.output);
	/* One argument gives one object; more, or lines, give an array. */
	list = opt.output.format == EMIT_JSON && (opt.n != 1 || strcmp(opt.args[0], "-") == 0);
	if (list)
		emit_list(&job.emit, NULL);
	r = job_each_input(&job, opt.args, opt.n, show_input, &s);
	if (list)
		emit_end(&job.emit);
	return job_finish(&job, r < 0 ? cannot("cannot read standard input: %s", strerror(-r)) : EXIT_DONE);
}

const struct command command_addr_show = {
	.name = "show",
	.summary = "Say everything about an address, a prefix or a range",
	.argp = &argp,
	.run = run,
};
