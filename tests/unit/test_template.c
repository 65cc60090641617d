/* SPDX-License-Identifier: Apache-2.0 */
/* Values, JSON with places, templates: what the comparison with Jinja2 (cli/test_template.py) cannot see. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "render/json.h"
#include "render/template.h"

/* Everything one test needs. */
struct bench {
	struct arena arena;
	struct sources sources;
	struct diags diags;
	struct template_set set;
	struct text out;
};

static int setup(void **state) {
	struct bench *b = calloc(1, sizeof(*b));

	sources_init(&b->sources, &b->arena);
	diags_init(&b->diags, &b->arena, &b->sources);
	template_set_init(&b->set, &b->arena, &b->sources, TEMPLATE_OURS);
	*state = b;
	return 0;
}

static int teardown(void **state) {
	struct bench *b = *state;

	text_done(&b->out);
	template_set_done(&b->set);
	diags_done(&b->diags);
	sources_done(&b->sources);
	arena_done(&b->arena);
	free(b);
	return 0;
}

static const struct value *parse_json(struct bench *b, const char *text) {
	const struct value *v = NULL;

	assert_int_equal(json_parse(&b->arena, sources_add(&b->sources, "data.json", text, strlen(text)), text,
				    strlen(text), &b->diags, &v),
			 0);
	return v;
}

static int render_map(struct bench *b, const struct value *data, const char *text, struct line_map *map) {
	struct scope scope = { .dict = data };
	struct template_run run = { .data = data ? &scope : NULL, .arena = &b->arena, .diags = &b->diags, .map = map };
	const struct template *t = template_set_text(&b->set, "t", "t.j2", text, strlen(text), &b->diags);

	return t ? template_render(t, &run, &b->out) : -1;
}

static int render(struct bench *b, const struct value *data, const char *text) {
	return render_map(b, data, text, NULL);
}

static void assert_out(const struct bench *b, const char *wanted) {
	assert_int_equal(b->out.n, strlen(wanted));
	assert_memory_equal(b->out.v, wanted, b->out.n);
}

static void assert_diag(const struct bench *b, size_t i, const char *path, uint32_t line, uint32_t col,
			const char *part) {
	const struct diag *d;

	assert_true(i < b->diags.list.n);
	d = &b->diags.list.v[i];
	if (!strstr(d->message, part))
		fail_msg("'%s' is not in '%s'", part, d->message);
	assert_string_equal(sources_get(&b->sources, d->loc.file)->path, path);
	assert_int_equal(d->loc.line, line);
	assert_int_equal(d->loc.col, col);
}

static void test_dict(void **state) {
	struct bench *b = *state;
	struct value *d = value_dict(&b->arena, NO_LOC);

	for (int i = 0; i < 1000; i++) {
		value_dict_set(&b->arena, d, arena_printf(&b->arena, "key%d", i), value_int(&b->arena, i, NO_LOC));
		assert_int_equal(value_get(d, key_of("key0", 4))->integer, 0);
	}
	value_dict_set(&b->arena, d, "key500", value_int(&b->arena, -1, NO_LOC));
	assert_int_equal(d->dict.n, 1000);
	assert_int_equal(d->dict.v[500].value->integer, -1);
	for (int i = 0; i < 1000; i++) {
		char *key = arena_printf(&b->arena, "key%d", i);

		assert_int_equal(value_get(d, key_of(key, strlen(key)))->integer, i == 500 ? -1 : i);
	}
	assert_null(value_get(d, key_of("key1000", 7)));
}

static void test_scopes(void **state) {
	struct bench *b = *state;
	struct scope estate = { .dict = parse_json(b, "{\"a\": 1, \"b\": 2}") };
	struct scope machine = { .dict = parse_json(b, "{\"b\": 3}"), .parent = &estate };
	struct template_run run = { .data = &machine, .arena = &b->arena, .diags = &b->diags };
	const struct template *t = template_set_text(&b->set, "t", "t", "{{ a }}{{ b }}", 14, &b->diags);

	assert_int_equal(template_render(t, &run, &b->out), 0);
	assert_out(b, "13");
}

static void test_typed_addresses_are_texts(void **state) {
	struct bench *b = *state;
	struct value *d = value_dict(&b->arena, NO_LOC);
	struct prefix p;

	assert_int_equal(prefix_parse("2001:db8::/32", 13, &p, NULL), 0);
	value_dict_set(&b->arena, d, "ip", value_ip(&b->arena, ip_from_v4(0x0a000001), NO_LOC));
	value_dict_set(&b->arena, d, "net", value_prefix(&b->arena, p, NO_LOC));
	assert_int_equal(
		render(b, d,
		       "{{ ip }} {{ ip | cidr }} {{ net }} {{ net | network | bracket }} {{ ip == '10.0.0.1' }} "
		       "{{ ip is string }} {{ net | length }} {{ [ip, net] | ipv6 | nft_set }} {{ net | prefixlen }} "
		       "{{ [ip] }}"),
		0);
	assert_out(b, "10.0.0.1 10.0.0.1/32 2001:db8::/32 [2001:db8::] True True 13 { 2001:db8::/32 } 32 ['10.0.0.1']");
}

static void test_json_places(void **state) {
	struct bench *b = *state;
	const struct value *v =
		parse_json(b, "{\"a\": [1,\n  \"\\u00e9\\\"]\", {\"b\" : null}],\n \"\xc3\xa9\": -2.5e1 , \"t\":true}");
	static const struct { uint32_t line, col, len; } places[] = { { 1, 8, 1 }, { 2, 3, 11 }, { 2, 16, 1 } };
	const struct value *list = value_get(v, key_of("a", 1)), *real = value_get(v, key_of("\xc3\xa9", 2));

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		assert_int_equal(list->list.v[i]->loc.line, places[i].line);
		assert_int_equal(list->list.v[i]->loc.col, places[i].col);
		assert_int_equal(list->list.v[i]->loc.len, places[i].len);
	}
	assert_int_equal(list->list.v[2]->dict.v[0].key->loc.col, 17);
	assert_int_equal(list->list.v[2]->dict.v[0].value->loc.col, 23);
	assert_int_equal(real->loc.line, 3);
	assert_int_equal(real->loc.col, 7);
	assert_int_equal(real->loc.len, 6);
	assert_int_equal(value_get(v, key_of("t", 1))->loc.col, 20);
}

static void test_json_mistakes(void **state) {
	static const struct {
		const char *text;
		uint32_t line;
	} rows[] = { { "{\"a\": 1,\n\"a\": 2}", 2 },
		     { "[1,\n\n2", 3 },
		     { "", 1 },
		     { "{\"a\": 99999999999999999999}", 1 },
		     { "nul", 1 } };
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct value *v;
		uint32_t file = sources_add(&b->sources, "d", rows[i].text, strlen(rows[i].text));

		assert_true(json_parse(&b->arena, file, rows[i].text, strlen(rows[i].text), &b->diags, &v) < 0);
		assert_int_equal(b->diags.list.n, i + 1);
		assert_int_equal(b->diags.list.v[i].loc.line, rows[i].line);
	}
}

static void test_undefined_names_both_places(void **state) {
	struct bench *b = *state;
	const struct value *d = parse_json(b, "{\"machines\": [\n  {\"name\": \"fe01\"}]}");

	assert_int_equal(render(b, d, "one\n{% for m in machines %}\n  {{ m.nmae }}\n{% endfor %}\n"), -EINVAL);
	assert_int_equal(b->out.n, 0);
	assert_diag(b, 0, "t.j2", 3, 8, "has no 'nmae'");
	assert_string_equal(b->diags.list.v[0].hint, "did you mean 'name'?");
	assert_diag(b, 1, "data.json", 2, 3, "was written here");
	assert_int_equal(b->diags.list.v[1].severity, SEVERITY_NOTE);
}

static void test_empty_set_names_the_datum(void **state) {
	struct bench *b = *state;
	const struct value *d = parse_json(b, "{\"ips\":\n   [\"10.0.0.1\"]}");

	assert_int_equal(render(b, d, "{{ ips | ipv6 | nft_set }}"), -EINVAL);
	assert_diag(b, 0, "t.j2", 1, 17, "the set is empty");
	assert_diag(b, 1, "data.json", 2, 4, "the value was written here");
}

static void test_bad_address_names_the_datum(void **state) {
	struct bench *b = *state;
	const struct value *d = parse_json(b, "{\"ip\":   \"10.0.0.1/8\"}");

	assert_int_equal(render(b, d, "{{ ip | cidr }}"), -EINVAL);
	assert_string_equal(b->diags.list.v[0].hint, "the prefix is 10.0.0.0/8");
	assert_diag(b, 1, "data.json", 1, 10, "the value was written here");
}

static void test_notes_lead_back(void **state) {
	struct bench *b = *state;

	template_set_put(&b->set, "part", "a\n{{ missing }}", 15);
	assert_int_equal(render(b, NULL, "\n {% macro m() %}{% include 'part' %}{% endmacro %}\n{{ m() }}"), -EINVAL);
	assert_diag(b, 0, "part", 2, 4, "'missing' is undefined");
	assert_diag(b, 1, "t.j2", 2, 20, "included from here");
	assert_diag(b, 2, "t.j2", 3, 4, "called from here");
}

static void test_line_map(void **state) {
	static const char text[] = "first\nsecond\n{% for ip in ips %}\nlisten {{ ip | bracket }};\n{% endfor %}\n"
				   "{% macro m(x) %}<{{ x }}>{% endmacro %}\n{{ m(ips[1]) }} end\nlast\n";
	struct bench *b = *state;
	const struct value *d = parse_json(b, "{\"ips\": [\"::1\",\n\"::2\"]}");
	struct line_map map = { 0 };
	static const struct {
		uint32_t place, datum;
	} lines[] = { { 1, 0 }, { 2, 0 }, { 4, 1 }, { 4, 2 }, { 7, 2 }, { 8, 2 } };

	assert_int_equal(render_map(b, d, text, &map), 0);
	assert_out(b, "first\nsecond\nlisten [::1];\nlisten [::2];\n<::2> end\nlast\n");
	for (uint32_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct line_origin o = line_map_find(&map, b->out.v, b->out.n, i + 1);

		assert_int_equal(o.place.line, lines[i].place);
		assert_int_equal(o.datum.line, lines[i].datum);
	}
	assert_int_equal(line_map_find(&map, b->out.v, b->out.n, 7).place.file, 0);
	assert_int_equal(line_map_find(&map, b->out.v, b->out.n, 0).place.file, 0);
	line_map_done(&map);
}

static void test_output_is_appended(void **state) {
	struct bench *b = *state;

	text_puts(&b->out, "kept ");
	assert_int_equal(render(b, NULL, "x{{ 1 }}"), 0);
	assert_out(b, "kept x1");
	assert_int_equal(render(b, NULL, "y{{ missing }}"), -EINVAL);
	assert_out(b, "kept x1");
}

/* Each of these would take all memory, all time or all stack. */
static void test_limits(void **state) {
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "{{ range(2000000) | length }}", "at most 1000000 items" },
		{ "{% set l = range(3000) | list %}{% for a in l %}{% for b in l %}{{ b }}{% endfor %}{% endfor %}",
		  "too many steps" },
		{ "{{ 'x' * 100000000000 }}", "a string has at most 16 MiB" },
		{ "{{ [0] * 100000000 }}", "at most 1000000 items" },
		{ "{% for a in range(1000) %}{{ 'x' * 1000000 }}{% endfor %}", "256 MiB" },
		{ "{% set ns = namespace(s='x') %}{% for a in range(40) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
		  "16 MiB" },
		{ "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "more than 64 deep" },
		{ "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}", "more than 64 deep" },
		{ "{% include 'circle' %}", "more than 64 deep" },
		{ "{% extends 'chain' %}", "extends itself" },
		{ "{{ '%999999999999d' % 1 }}", "" },
		{ "{{ ('%9999d' * 5000) % ((1,) * 5000) }}", "16 MiB" },
		{ "{{ ('%9999s' * 10000) | format(1) }}", "more than 1 values" },
		{ "{{ ('\\n' * 1000000) | indent('x' * 1000000, blank=true) }}", "too long" },
		{ "{% set x = 'x' * 10000000 %}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}", "64 MiB" },
		{ "{{ 'x' | indent(999999999) }}", "at most 1000" },
		{ "{{ 'a' | center(999999999999) }}", "16 MiB" },
		{ "{% set ns = namespace(l=[]) %}{% for i in range(1000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l "
		  "}}",
		  "too deeply" },
		{ "{% set ns = namespace(l=[]) %}{% for i in range(1000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l "
		  "| tojson }}",
		  "levels" },
		{ "{% set ns = namespace(l=[]) %}{% for i in range(1000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l "
		  "== [ns.l] }}",
		  "too deeply" },
	};
	struct bench *b = *state;

	template_set_put(&b->set, "circle", "{% include 'circle' %}", 22);
	template_set_put(&b->set, "chain", "{% extends 'chain' %}", 21);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena scratch = { 0 };
		struct template_run run = { .arena = &scratch, .diags = &b->diags, .steps_max = 1000000 };
		size_t before = b->diags.list.n;
		const struct template *t =
			template_set_text(&b->set, "t", "t", rows[i].text, strlen(rows[i].text), &b->diags);

		if (t)
			(void)template_render(t, &run, &b->out);
		if (*rows[i].message) {
			assert_true(b->diags.list.n > before);
			if (!strstr(b->diags.list.v[before].message, rows[i].message))
				fail_msg("%s: %s", rows[i].text, b->diags.list.v[before].message);
		}
		b->out.n = 0;
		arena_done(&scratch);
	}
}

static void repeat(struct bench *b, const char *open, int n, const char *middle, const char *close, int n_close) {
	struct text t = { 0 };

	for (int i = 0; i < n; i++)
		text_puts(&t, open);
	text_puts(&t, middle);
	for (int i = 0; i < n_close; i++)
		text_puts(&t, close);
	text_char(&t, '\0');
	(void)render(b, NULL, t.v);
	text_done(&t);
}

static void test_deep_texts(void **state) {
	struct bench *b = *state;
	size_t before;

	repeat(b, "{% if true %}", 100, "deep", "{% endif %}", 100);
	assert_out(b, "deep");
	repeat(b, "{% if true %}", 10000, "", "{% endif %}", 10000);
	assert_non_null(strstr(b->diags.list.v[0].message, "nested more than"));
	before = b->diags.list.n;
	repeat(b, "{{ (", 1, "", "(", 10000);
	assert_true(b->diags.list.n > before);
	before = b->diags.list.n;
	repeat(b, "{{ 1", 1, "", " + 1", 100000);
	assert_true(b->diags.list.n > before);
	before = b->diags.list.n;
	repeat(b, "{{ 'a'", 1, "", " | upper", 20000);
	assert_true(b->diags.list.n > before);
	repeat(b, "{{ - ", 1, "", "- ", 10000);
	repeat(b, "{{ not ", 1, "", "not ", 10000);
	repeat(b, "{% set a", 1, "", ", (a", 10000);
	repeat(b, "{{ a", 1, "", ".a", 100000);
	repeat(b, "{{ a", 1, "", "[a", 10000);
	repeat(b, "{{ 1", 1, "", " if 1 else 1", 10000);
	before = b->out.n;
	repeat(b, "{{ 1", 1, "", " + 1", 300);
	repeat(b, "{{ 1", 1, " + 1 }}", " ", 0);
	assert_int_equal(b->out.n, before + 1);
}

static void test_shadowing(void **state) {
	char folder[] = "/tmp/hextet-test-XXXXXX";
	struct bench *b = *state;
	struct template_run run = { .arena = &b->arena, .diags = &b->diags };
	const struct template *t;

	assert_non_null(mkdtemp(folder));
	assert_int_equal(file_make_dirs(arena_printf(&b->arena, "%s/mine/x", folder), 0755), 0);
	assert_int_equal(file_make_dirs(arena_printf(&b->arena, "%s/ours/x", folder), 0755), 0);
	assert_int_equal(file_write_atomic(arena_printf(&b->arena, "%s/mine/x/a", folder), "mine", 4, 0644), 0);
	assert_int_equal(file_write_atomic(arena_printf(&b->arena, "%s/ours/x/a", folder), "ours", 4, 0644), 0);
	assert_int_equal(
		file_write_atomic(arena_printf(&b->arena, "%s/ours/x/b", folder), "{% include 'x/a' %}", 19, 0644), 0);
	template_set_add_folder(&b->set, arena_printf(&b->arena, "%s/mine", folder));
	template_set_add_folder(&b->set, arena_printf(&b->arena, "%s/ours", folder));
	t = template_set_get(&b->set, "x/b", &b->diags);
	assert_non_null(t);
	assert_int_equal(template_render(t, &run, &b->out), 0);
	assert_out(b, "mine");
	assert_null(template_set_get(&b->set, "x/c", &b->diags));
	assert_non_null(strstr(b->diags.list.v[0].hint, "mine, then "));
	assert_null(template_set_get(&b->set, "../ours/x/a", &b->diags));
	assert_null(template_set_get(&b->set, "/etc/passwd", &b->diags));
	assert_int_equal(system(arena_printf(&b->arena, "rm -r %s", folder)), 0);
}

static void test_builtin(void **state) {
	struct bench *b = *state;

	template_set_add_builtin(&b->set);
	assert_null(template_set_get(&b->set, "no/such", &b->diags));
	assert_non_null(strstr(b->diags.list.v[0].hint, "templates of this program"));
}

struct worker {
	const struct template *t;
	const struct value *data;
	struct text out;
	int failures;
};

static void *work(void *user) {
	struct worker *w = user;
	struct scope scope = { .dict = w->data };

	for (int i = 0; i < 50; i++) {
		struct arena arena = { 0 };
		struct sources none;
		struct diags diags;

		sources_init(&none, &arena);
		diags_init(&diags, &arena, &none);
		w->out.n = 0;
		w->failures +=
			template_render(w->t, &(struct template_run){ &scope, &arena, &diags, NULL, 0 }, &w->out) != 0;
		diags_done(&diags);
		arena_done(&arena);
	}
	return NULL;
}

static void test_threads_share(void **state) {
	static const char text[] =
		"{% macro m(x) %}<{{ x.n }}>{% endmacro %}{% for x in l | sort(attribute='n') %}{{ m(x) }}{% endfor %}";
	struct bench *b = *state;
	struct worker w[4];
	pthread_t thread[4];

	for (size_t i = 0; i < ARRAY_LEN(w); i++)
		w[i] = (struct worker){ .data = parse_json(b, "{\"l\": [{\"n\": 2}, {\"n\": 1}]}") };
	for (size_t i = 0; i < ARRAY_LEN(w); i++) {
		w[i].t = i ? w[0].t : template_set_text(&b->set, "t", "t", text, strlen(text), &b->diags);
		w[i].data = w[0].data;
		assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(w); i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(w[i].failures, 0);
		assert_int_equal(w[i].out.n, 6);
		assert_memory_equal(w[i].out.v, "<1><2>", 6);
		text_done(&w[i].out);
	}
}

static void test_mistakes_once(void **state) {
	struct bench *b = *state;

	template_set_put(&b->set, "bad", "{% if %}", 8);
	assert_int_equal(render(b, NULL, "{% include 'bad' %}{% include 'bad' %}"), -1);
	assert_int_equal(b->diags.list.n, 1);
	assert_null(template_set_get(&b->set, "bad", &b->diags));
	assert_int_equal(b->diags.list.n, 1);
}

static void test_not_utf8(void **state) {
	struct bench *b = *state;

	assert_int_equal(render(b, NULL, "ok\nb\xff"), -1);
	assert_diag(b, 0, "t.j2", 2, 2, "not UTF-8");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_dict, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scopes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_typed_addresses_are_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json_mistakes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undefined_names_both_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_set_names_the_datum, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_address_names_the_datum, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notes_lead_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_line_map, setup, teardown),
		cmocka_unit_test_setup_teardown(test_output_is_appended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deep_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shadowing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_builtin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threads_share, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mistakes_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_utf8, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
