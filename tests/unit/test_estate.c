/* SPDX-License-Identifier: Apache-2.0 */
/* Sections joined over files, names resolved, and what is derived from both. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "estate/check.h"

struct world {
	struct arena arena;
	struct sources sources;
	struct diags diags;
	struct estate *estate;
};

static void begin(struct world *w) {
	*w = (struct world){ 0 };
	sources_init(&w->sources, &w->arena);
	diags_init(&w->diags, &w->arena, &w->sources);
}

static void parse(struct world *w, const char *text) {
	begin(w);
	estate_load_text(&w->arena, &w->sources, &w->diags, "x.yaml", text, strlen(text), &w->estate);
	diags_sort(&w->diags);
}

static void done(struct world *w) {
	if (w->estate)
		estate_done(w->estate);
	diags_done(&w->diags);
	sources_done(&w->sources);
	arena_done(&w->arena);
}

/* A folder with these files, loaded; the text ends with a NULL name. */
static int load_files(struct world *w, const char *const files[][2]) {
	char folder[] = "/tmp/hextet-test-XXXXXX", command[64];
	int r;

	begin(w);
	assert_non_null(mkdtemp(folder));
	assert_int_equal(file_make_dirs(arena_printf(&w->arena, "%s/machines", folder), 0755), 0);
	for (; (*files)[0]; files++) {
		const char *path = arena_printf(&w->arena, "%s/%s", folder, (*files)[0]);

		assert_int_equal(file_write_atomic(path, (*files)[1], strlen((*files)[1]), 0644), 0);
	}
	r = estate_load(&w->arena, &w->sources, &w->diags, folder, &w->estate);
	diags_sort(&w->diags);
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	return r;
}

static void test_sections_over_files(void **state) {
	static const char *const files[][2] = {
		{ "a.yaml", "groups: { a: {} }\npolicy:\n  - { name: one, from: any, to: a, allow: s }\n" },
		{ "b.yaml", "policy:\n  - { name: two, from: any, to: b, allow: s }\nservices: { s: { tcp: 1 } }\n" },
		{ "c.yaml", "groups: { b: {}, c: {} }\n" },
		{ "machines/1.yaml", "m1: { groups: [a, b] }\n" },
		{ "machines/2.yaml", "m2: { groups: [b] }\nm3: {}\n" },
		{ NULL, NULL },
	};
	struct world w;
	const struct policy *p;
	const struct group *g;

	(void)state;
	assert_int_equal(load_files(&w, files), 0);
	assert_int_equal(w.diags.list.n, 0);
	assert_true(w.estate->loaded);
	assert_int_equal(w.estate->groups.n, 3);
	assert_int_equal(w.estate->machines.n, 3);
	assert_int_equal(w.estate->policy.n, 2);
	p = w.estate->policy.items;
	assert_string_equal(p[1].name.s, "two");
	assert_int_equal(p[1].name.at->loc.file, 2);
	g = map_get(&w.estate->group_by_name, "b", 1);
	assert_int_equal(g->machine_count, 2);
	assert_string_equal(g->machines[0]->name.s, "m1");
	done(&w);
}

static void test_a_key_in_two_files(void **state) {
	static const char *const files[][2] = {
		{ "a.yaml", "groups: { a: {} }\nestate: one\n" },
		{ "b.yaml", "groups:\n  b: {}\n  a: {}\nestate: two\n" },
		{ NULL, NULL },
	};
	struct world w;

	(void)state;
	assert_int_equal(load_files(&w, files), 0);
	assert_int_equal(w.diags.count[SEVERITY_ERROR], 2);
	assert_int_equal(w.diags.count[SEVERITY_NOTE], 2);
	assert_int_equal(w.diags.list.v[0].loc.file, 2);
	assert_int_equal(w.diags.list.v[0].loc.line, 3);
	assert_int_equal(w.diags.list.v[1].severity, SEVERITY_NOTE);
	assert_int_equal(w.diags.list.v[1].loc.file, 1);
	assert_false(w.estate->loaded);
	assert_int_equal(w.estate->groups.n, 2);
	assert_string_equal(w.estate->name.s, "one");
	done(&w);
}

static void test_no_estate(void **state) {
	static const char *const files[][2] = { { "a.txt", "x" }, { NULL, NULL } };
	struct world w;

	(void)state;
	assert_int_equal(load_files(&w, files), -ENODATA);
	assert_int_equal(w.diags.list.n, 0);
	done(&w);
}

static const char linked[] =
	"groups:\n  web: { roles: [nginx, haproxy] }\n  nets: {}\n"
	"prefixes:\n  2001:db8::/32: {}\n  2001:db8:1::/48: { per_machine: 64 }\n"
	"  192.0.2.0/24: {}\n"
	"services: { https: { tcp: 443 } }\n"
	"failover: { vip: { machines: [m1], interface: e, vrid: 1, ipv4: 192.0.2.9/32 } }\n"
	"endpoints: { www: { to: [vip, web, m1], service: https } }\n"
	"policy:\n  - { name: p, from: [any, '2001:db8:1::1', 2001:db8:1::/48], to: all, allow: https }\n"
	"machines:\n  m1:\n    groups: web\n    ip: 192.0.2.1\n    ipv6: 2001:db8:1:2:b:c:d:e\n"
	"    routed_networks6: { 2001:db8:1:2:f::/80: { groups: nets } }\n"
	"  m2: { ipv6: 2001:db8:2::1 }\n  m3: {}\n";

static void test_links(void **state) {
	struct world w;
	const struct machine *m;
	const struct ref *r;
	const struct group *nets;
	char text[PREFIX_TEXT_MAX];

	(void)state;
	parse(&w, linked);
	assert_int_equal(w.diags.list.n, 0);
	m = w.estate->machines.items;
	assert_true(machine_has_role(&m[0], ROLE_NGINX) && machine_has_role(&m[0], ROLE_HAPROXY));
	assert_false(machine_has_role(&m[0], ROLE_KNOT));
	(void)prefix_format(m[0].given6->network.prefix, text);
	assert_string_equal(text, "2001:db8:1::/48");
	(void)prefix_format(m[0].subnet6, text);
	assert_string_equal(text, "2001:db8:1:2::/64");
	(void)prefix_format(m[1].subnet6, text);
	assert_string_equal(text, "2001:db8:2::1/128");
	assert_null(m[2].given4);
	nets = map_get(&w.estate->group_by_name, "nets", 4);
	assert_int_equal(nets->network_count, 1);
	assert_ptr_equal(nets->networks[0]->machine, &m[0]);
	r = ((const struct endpoint_name *)w.estate->endpoints.items)->to.items;
	assert_int_equal(r[0].kind, REF_FAILOVER);
	assert_int_equal(r[1].kind, REF_GROUP);
	assert_ptr_equal(r[2].to, &m[0]);
	r = ((const struct policy *)w.estate->policy.items)->from.items;
	assert_int_equal(r[0].kind, REF_ANY);
	assert_int_equal(r[1].kind, REF_ADDRESS);
	assert_int_equal(r[2].kind, REF_PREFIX);
	/* every use of address space: 3 prefixes, 1 virtual, 3 of machines, 1 routed */
	assert_int_equal(w.estate->claim_count, 8);
	done(&w);
}

static void test_wrong_names(void **state) {
	static const struct {
		const char *text, *message, *hint;
	} rows[] = {
		{ "groups: { frontend: {} }\nmachines: { m: { groups: frontent } }",
		  "there is no group called \"frontent\"", "did you mean frontend?" },
		{ "machines: { m: { groups: x } }", "there is no group called \"x\"",
		  "name one that is there, or define it below \"groups:\"" },
		{ "guard: { never: [2001:db8::1/64] }", "\"2001:db8::1/64\" has bits set to the right of its length",
		  "the network is 2001:db8::/64" },
		{ "guard: { never: [300.0.0.1] }", "\"300.0.0.1\" is not an address or a prefix",
		  "each of the four numbers is 0 to 255" },
		{ "endpoints: { w: { to: [any] } }", "nothing is called \"any\"",
		  "name one of: a group, a machine, a failover entry" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;

		parse(&w, rows[i].text);
		assert_int_equal(w.diags.list.n, 1);
		assert_string_equal(w.diags.list.v[0].message, rows[i].message);
		assert_string_equal(w.diags.list.v[0].hint, rows[i].hint);
		assert_false(w.estate->loaded);
		done(&w);
	}
}

/* Items that an alias shares are two groups, each with its own members. */
static void test_aliases(void **state) {
	struct world w;
	const struct group *g;

	(void)state;
	parse(&w, "groups: { a: &x { roles: [nginx] }, b: *x }\nmachines: { m1: { groups: &g [a] }, m2: { groups: *g } "
		  "}\n");
	assert_int_equal(w.diags.list.n, 0);
	g = w.estate->groups.items;
	assert_int_equal(g[0].machine_count, 2);
	assert_int_equal(g[1].machine_count, 0);
	assert_int_equal(g[1].role_bits, 1U << ROLE_NGINX);
	done(&w);
}

static void test_severities(void **state) {
	static const char machine[] = "machines: { m.example.net: { ip: 198.18.0.1 } }\n";
	struct world w;

	(void)state;
	parse(&w, machine);
	assert_int_equal(checks_run(w.estate, "single-family", &w.arena, &w.diags), 0);
	assert_int_equal(w.diags.count[SEVERITY_WARNING], 1);
	assert_int_equal(checks_run(w.estate, "no-such-check", &w.arena, &w.diags), -ENOENT);
	done(&w);
	parse(&w, "checks: { single-family: error }\nmachines: { m.example.net: { ip: 198.18.0.1 } }\n");
	assert_int_equal(checks_run(w.estate, "single-family", &w.arena, &w.diags), 0);
	assert_int_equal(w.diags.count[SEVERITY_ERROR], 1);
	done(&w);
	parse(&w, "machines:\n  # hextet: ignore no-such, single-family\n  m: { ip: 198.18.0.1 }\n");
	assert_int_equal(checks_run(w.estate, "single-family", &w.arena, &w.diags), 0);
	assert_int_equal(w.diags.list.n, 0);
	done(&w);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections_over_files), cmocka_unit_test(test_a_key_in_two_files),
		cmocka_unit_test(test_no_estate),           cmocka_unit_test(test_links),
		cmocka_unit_test(test_wrong_names),         cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_severities),
	};

	return cmocka_run_group_tests_name("estate", tests, NULL, NULL);
}
