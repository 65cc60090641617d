/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random estates of four machines, each with a public and a NATted network, against a search that knows nothing of sets
 * and parties: it asks of every address there is whether some line lets it in.
 */
#include "unit.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "render/allowed.h"

enum { MACHINES = 4, GROUPS = 3, LINES = 4, ROUNDS = 400, PORT = 80, OTHER_PORT = 81 };

/* Address number n of a family: the machine n, or the hosts 2n and 2n + 1 of a network behind machine n. */
static struct ip own_ip(unsigned m, enum family f) {
	return f == FAMILY_4 ? ip_from_v4(0xc0000200 + m) : (struct ip){ UINT64_C(0x20010db800000000), m };
}

static struct ip public_ip(unsigned m, unsigned host, enum family f) {
	return f == FAMILY_4 ? ip_from_v4(0xc6336400 + 2 * m + host)
			     : (struct ip){ UINT64_C(0x20010db800010000), 2 * m + host };
}

static struct ip private_ip(unsigned m, unsigned host) {
	return ip_from_v4(0x0a000000 + 2 * m + host);
}

struct box {
	bool has4, has6;
	unsigned groups;         /* of the machine */
	unsigned public_groups;  /* of its public networks, IPv4 and IPv6; the latter has NAT in IPv4 */
	unsigned private_groups; /* of its NATted IPv4 network */
};

enum party { ANY, ALL, GROUP, MACHINE = GROUP + GROUPS, LITERAL = MACHINE + MACHINES, _PARTIES = LITERAL + MACHINES };

struct line {
	enum party from, to;
	unsigned port;
};

struct world {
	struct box box[MACHINES];
	struct line line[LINES];
};

static void fill(struct world *w, uint64_t *seed) {
	for (unsigned m = 0; m < MACHINES; m++)
		w->box[m] = (struct box){
			.has4 = random_below(seed, 4),
			.has6 = random_below(seed, 4),
			.groups = random_below(seed, 1 << GROUPS),
			.public_groups = random_below(seed, 1 << GROUPS),
			.private_groups = random_below(seed, 1 << GROUPS),
		};
	for (unsigned i = 0; i < LINES; i++)
		w->line[i] = (struct line){ random_below(seed, _PARTIES), random_below(seed, _PARTIES),
					    random_below(seed, 3) ? PORT : OTHER_PORT };
}

static void put_groups(FILE *f, unsigned bits) {
	const char *separator = "";

	(void)fprintf(f, "groups: [");
	for (unsigned g = 0; g < GROUPS; g++)
		if (bits >> g & 1) {
			(void)fprintf(f, "%sg%u", separator, g);
			separator = ", ";
		}
	(void)fprintf(f, "]");
}

static void put_party(FILE *f, const char *key, enum party p) {
	if (p == ANY || p == ALL)
		(void)fprintf(f, "%s: %s, ", key, p == ANY ? "any" : "all");
	else if (p >= LITERAL)
		(void)fprintf(f, "%s: [192.0.2.%u, \"2001:db8::%u\"], ", key, p - LITERAL, p - LITERAL);
	else
		(void)fprintf(f, "%s: %s%u, ", key, p >= MACHINE ? "m" : "g", p - (p >= MACHINE ? MACHINE : GROUP));
}

static void put_machine(FILE *f, unsigned m, const struct box *b) {
	(void)fprintf(f, "  m%u:\n    ", m);
	put_groups(f, b->groups);
	if (b->has4) {
		(void)fprintf(f, "\n    ip: 192.0.2.%u\n    routed_networks:\n      10.0.0.%u/31: { ", m, 2 * m);
		put_groups(f, b->private_groups);
		(void)fprintf(f, " }\n      198.51.100.%u/31: { ", 2 * m);
		put_groups(f, b->public_groups);
		(void)fprintf(f, " }");
	}
	if (b->has6) {
		(void)fprintf(f,
			      "\n    ipv6: \"2001:db8::%u\"\n    routed_networks6:\n      \"2001:db8:1::%x/127\": { ",
			      m, 2 * m);
		put_groups(f, b->public_groups);
		(void)fprintf(f, " }");
	}
	(void)fprintf(f, "\n");
}

static char *yaml_of(const struct world *w, size_t *ret_len) {
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);

	(void)fprintf(f, "services: { s%d: { tcp: %d }, s%d: { tcp: %d } }\ngroups: { g0: {}, g1: {}, g2: {} }\n", PORT,
		      PORT, OTHER_PORT, OTHER_PORT);
	(void)fprintf(f, "policy:\n");
	for (unsigned i = 0; i < LINES; i++) {
		(void)fprintf(f, "  - { name: l%u, ", i);
		put_party(f, "from", w->line[i].from);
		put_party(f, "to", w->line[i].to);
		(void)fprintf(f, "allow: s%u }\n", w->line[i].port);
	}
	(void)fprintf(f, "machines:\n");
	for (unsigned m = 0; m < MACHINES; m++)
		put_machine(f, m, &w->box[m]);
	(void)fclose(f);
	return text;
}

static bool in_group(enum party p, unsigned bits) {
	return p >= GROUP && p < MACHINE && bits >> (p - GROUP) & 1;
}

static bool is_machine(enum party p, unsigned m, const struct box *b) {
	return p == ALL || in_group(p, b->groups) || p == MACHINE + m;
}

/* Whether somebody with this address, as machine `at` sees it, may be the party. */
static bool is_party(const struct world *w, enum party p, struct ip ip, enum family f, unsigned at) {
	for (unsigned m = 0; m < MACHINES; m++) {
		const struct box *b = &w->box[m];
		const bool has = f == FAMILY_4 ? b->has4 : b->has6;
		const unsigned hidden = b->private_groups | (b->has6 ? b->public_groups : 0);
		const bool translated = f == FAMILY_4 && m != at && (p == ALL || in_group(p, hidden));

		if (p == LITERAL + m && ip_equal(ip, own_ip(m, f)))
			return true;
		if (has && ip_equal(ip, own_ip(m, f)) && (is_machine(p, m, b) || translated))
			return true;
		for (unsigned host = 0; has && host < 2; host++)
			if ((ip_equal(ip, public_ip(m, host, f)) && (p == ALL || in_group(p, b->public_groups))) ||
			    (f == FAMILY_4 && m == at && ip_equal(ip, private_ip(m, host)) &&
			     (p == ALL || in_group(p, b->private_groups))))
				return true;
	}
	return false;
}

static bool lets_in(const struct world *w, const struct line *l, unsigned m, enum family f) {
	return l->port == PORT && (f == FAMILY_4 ? w->box[m].has4 : w->box[m].has6) &&
	       (l->to == ANY || l->to == LITERAL + m || is_machine(l->to, m, &w->box[m]));
}

static bool expected(const struct world *w, unsigned m, struct ip ip, enum family f) {
	for (unsigned i = 0; i < LINES; i++)
		if (lets_in(w, &w->line[i], m, f) && (w->line[i].from == ANY || is_party(w, w->line[i].from, ip, f, m)))
			return true;
	return false;
}

static unsigned compare(const struct world *w, const struct estate *e, unsigned m, enum family f) {
	const struct machine *machine = (const struct machine *)e->machines.items + m;
	struct allowed all, line;
	unsigned seen = 0;

	allowed_sources(e, machine, f, IPPROTO_TCP, PORT, &all);
	for (unsigned i = 0; i < 6 * MACHINES; i++) {
		struct ip ip = i < MACHINES                        ? own_ip(i, f)
			       : i < 3 * MACHINES                  ? public_ip((i - MACHINES) / 2, i % 2, f)
			       : i < 5 * MACHINES && f == FAMILY_4 ? private_ip((i - 3 * MACHINES) / 2, i % 2)
								   : own_ip(100 + i, f);
		bool by_line = false, yes = all.any || prefix_set_has_ip(&all.from, ip);

		LIST_EACH (struct policy, p, &e->policy) {
			allowed_by_line(e, machine, f, IPPROTO_TCP, PORT, p, &line);
			by_line |= line.any || prefix_set_has_ip(&line.from, ip);
			prefix_set_done(&line.from);
		}
		assert_int_equal(yes, expected(w, m, ip, f));
		assert_int_equal(by_line, yes);
		seen += yes && !all.any;
	}
	assert_int_equal(all.line != NULL, all.any || !prefix_set_is_empty(&all.from));
	assert_true(!all.any || prefix_set_is_empty(&all.from));
	prefix_set_done(&all.from);
	return seen;
}

static unsigned round_of(uint64_t *seed) {
	struct arena arena = { 0 };
	struct sources sources;
	struct diags diags;
	struct estate *e;
	struct world w;
	unsigned seen = 0;
	size_t len;
	char *text;

	fill(&w, seed);
	text = yaml_of(&w, &len);
	sources_init(&sources, &arena);
	diags_init(&diags, &arena, &sources);
	estate_load_text(&arena, &sources, &diags, "x.yaml", text, len, &e);
	if (!e->loaded || e->machines.n != MACHINES)
		print_message("%s", text);
	assert_true(e->loaded);
	assert_int_equal(e->machines.n, MACHINES);
	for (unsigned m = 0; m < MACHINES; m++)
		seen += compare(&w, e, m, FAMILY_4) + compare(&w, e, m, FAMILY_6);
	estate_done(e);
	diags_done(&diags);
	sources_done(&sources);
	arena_done(&arena);
	free(text);
	return seen;
}

static void test_brute_force(void **state) {
	uint64_t seed = 5;
	unsigned seen = 0;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++)
		seen += round_of(&seed);
	assert_true(seen > ROUNDS);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_brute_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
