/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the firewalls of the estates named let through exactly what the policy means: renders each machine's in
 * memory, reads it back, and subtracts the flows of either side from the other's. Prints a line for each box that one
 * side has too much, and at the end {"machines", "boxes"}. Exit code 1 when there was one.
 */
#include <netinet/in.h>
#include <string.h>

#include "base/emit.h"
#include "render/nft_read.h"
#include "render/policy_flows.h"
#include "render/render.h"

struct compare {
	struct policy_model *model;
	struct emit e;
	uint64_t machines, boxes, wrong;
};

static void emit_set(struct emit *e, const char *name, const struct prefix_set *s) {
	emit_list(e, name);
	for (size_t i = 0; i < s->ranges.n; i++) {
		char first[IP_TEXT_MAX], last[IP_TEXT_MAX], both[2 * IP_TEXT_MAX + 1];

		(void)ip_format(s->ranges.v[i].first, first);
		(void)ip_format(s->ranges.v[i].last, last);
		(void)snprintf(both, sizeof(both), "%s-%s", first, last);
		emit_text(e, NULL, both);
	}
	emit_end(e);
}

/* What `more` has and `less` has not is printed under a name. */
static void report(struct compare *c, const struct machine *m, const char *name, const struct flows *more,
		   const struct flows *less, struct arena *a) {
	struct flows rest;

	flows_init(&rest, a);
	flows_subtract(more, less, &rest);
	for (size_t i = 0; i < rest.boxes.n; i++) {
		const struct flow_box *b = &rest.boxes.v[i];

		emit_object(&c->e, NULL);
		emit_text(&c->e, "only", name);
		emit_text(&c->e, "machine", m->name.s);
		emit_text(&c->e, "chain", flow_chain_to_str(b->chain));
		emit_uint(&c->e, "protocol", b->protocol);
		emit_uint(&c->e, "port_first", b->port_first);
		emit_uint(&c->e, "port_last", b->port_last);
		emit_bool(&c->e, "translated", b->translated);
		emit_set(&c->e, "from", &b->from);
		emit_set(&c->e, "to", &b->to);
		emit_end(&c->e);
	}
	c->wrong += rest.boxes.n;
	flows_done(&rest);
}

/* "forward: ip6 saddr P ip6 daddr P accept": members of one link reach each other, whatever they say. */
static void add_link(struct flows *f, struct str statement, struct arena *a) {
	struct str word[8] = { 0 };
	struct prefix_set set = PREFIX_SET_INIT;
	struct flow_box box = { .chain = FLOW_FORWARD, .port_last = UINT16_MAX };
	struct prefix p;
	size_t n = 0;

	while (n < ARRAY_LEN(word) && str_split(&statement, ' ', &word[n]))
		n++;
	if (n != 8 || !str_is(word[0], "forward:") || !str_is(word[2], "saddr") || !str_is(word[5], "daddr") ||
	    prefix_parse(word[3].s, word[3].len, &p, NULL) < 0 || !str_eq(word[3], word[6]))
		return;
	prefix_set_add(&set, p);
	box.family = prefix_family(p);
	box.from = (struct prefix_set){ .ranges = { .v = arena_new(a, struct range), .n = 1, .cap = 1 } };
	box.from.ranges.v[0] = set.ranges.v[0];
	box.to = box.from;
	prefix_set_done(&set);
	for (unsigned udp = 0; udp < 2; udp++) {
		box.protocol = udp ? IPPROTO_UDP : IPPROTO_TCP;
		flows_add(f, &box);
	}
}

static int compare(struct output_file *files, size_t n, unsigned worker, struct diags *d, void *user) {
	struct compare *c = user;

	(void)worker;
	(void)d;
	for (size_t i = 0; i < n; i++) {
		struct arena a = { 0 };
		struct nft_text text;
		struct flows means;

		flows_init(&means, &a);
		if (nft_read(files[i].text, &a, &text) < 0) {
			(void)fprintf(stderr, "%s:%u: %s\n", files[i].path, text.error_line, text.error);
			c->wrong++;
		}
		for (size_t k = 0; k < text.other.n; k++)
			add_link(&text.flows, text.other.v[k], &a);
		policy_flows(c->model, files[i].machine, &means);
		report(c, files[i].machine, "firewall", &text.flows, &means, &a);
		report(c, files[i].machine, "policy", &means, &text.flows, &a);
		c->machines++;
		c->boxes += text.flows.boxes.n;
		flows_done(&means);
		nft_text_done(&text);
		arena_done(&a);
	}
	return 0;
}

static int run(struct compare *c, const char *folder) {
	const struct render_options options = { .target = "nftables", .threads = 1 };
	struct arena a = { 0 };
	struct sources sources;
	struct diags diags;
	struct estate *e = NULL;
	struct render r;
	int result;

	sources_init(&sources, &a);
	diags_init(&diags, &a, &sources);
	result = estate_load(&a, &sources, &diags, folder, &e);
	if (result == 0 && !e->loaded) {
		diags_print(&diags, stderr, false);
		result = -1;
	}
	if (result == 0) {
		c->model = policy_model_new(e, &a);
		result = render_init(&r, &a, &sources, &diags, e, &options);
		if (result == 0)
			result = render_run(&r, compare, c);
		render_done(&r);
		policy_model_done(c->model);
	}
	if (e)
		estate_done(e);
	diags_done(&diags);
	sources_done(&sources);
	arena_done(&a);
	return result;
}

int main(int argc, char **argv) {
	struct compare c = { 0 };

	emit_init(&c.e, stdout, EMIT_JSON_LINES);
	for (int i = 1; i < argc; i++)
		if (run(&c, argv[i]) != 0)
			return 3;
	emit_object(&c.e, NULL);
	emit_uint(&c.e, "machines", c.machines);
	emit_uint(&c.e, "boxes", c.boxes);
	emit_end(&c.e);
	return emit_done(&c.e) < 0 ? 3 : c.wrong != 0;
}
