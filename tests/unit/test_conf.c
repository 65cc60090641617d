/* SPDX-License-Identifier: Apache-2.0 */
/* The types by a table of good and bad values, and what the schema walk makes of shapes. */
#include "unit.h"

#include <string.h>

#include "conf/type.h"
#include "conf/yaml.h"
#include "estate/model.h"

static const char *const words[] = { "red", "green", NULL };

/* The value of one field of every type, to hold whatever comes. */
struct sub {
	struct scalar name;
	struct number count;
};
struct all {
	union {
		struct scalar scalar;
		struct number number;
		struct real real;
		struct flag flag;
		struct word word;
		struct address address;
		struct network network;
		struct ifaddr ifaddr;
		struct listener listener;
		struct ref ref;
	} value;
	struct list list, map;
	struct sub *one;
};

struct load {
	struct arena arena;
	struct sources sources;
	struct diags diags;
	struct loader loader;
	struct node *root;
	unsigned errors;
	struct all all;
};

static void load(struct load *l, const struct schema *s, const char *text) {
	*l = (struct load){ 0 };
	sources_init(&l->sources, &l->arena);
	diags_init(&l->diags, &l->arena, &l->sources);
	loader_init(&l->loader, &l->arena, &l->diags);
	assert_int_equal(yaml_parse(&l->arena, &l->diags, sources_add(&l->sources, "x", text, strlen(text)), &l->root),
			 0);
	assert_non_null(l->root);
	l->errors = schema_load(&l->loader, s, l->root, &l->all);
	assert_int_equal(l->errors, l->diags.count[SEVERITY_ERROR]);
}

static void done(struct load *l) {
	loader_done(&l->loader);
	diags_done(&l->diags);
	sources_done(&l->sources);
	arena_done(&l->arena);
}

static const struct row {
	enum field_type type;
	int64_t min, max;
	const char *good[8], *bad[10];
} rows[] = {
	{ TYPE_TEXT, 0, 0, { "x", "no", "1", "two words", "'é'" }, { "[x, y]", "{ a: b }" } },
	{ TYPE_NAME,
	  0,
	  0,
	  { "a", "A-b_c.9", "no", "9", "_x" },
	  { "''", "a b", "'a/b'", "é", ".a", "-a", "..", "a:b" } },
	{ TYPE_UINT,
	  1,
	  10,
	  { "1", "10", "'2'", "07" },
	  { "0", "11", "-1", "1.0", "0x1", "x", "''", "99999999999999999999" } },
	{ TYPE_UINT, 0, 0, { "0", "18446744073709551615" }, { "18446744073709551616", "1 0", "+1" } },
	{ TYPE_REAL,
	  0,
	  1,
	  { "0", "1", "0.5", ".5", "1e-3" },
	  { "1.1", "-0.1", "x", ".", "0x1", "nan", "inf", "1e999", "''" } },
	{ TYPE_FLAG, 0, 0, { "true", "no", "on", "off", "yes", "false" }, { "True", "1", "y", "''" } },
	{ TYPE_WORD, 0, 0, { "red", "green" }, { "Red", "gree", "''", "blue" } },
	{ TYPE_DURATION,
	  1,
	  604800,
	  { "1", "90s", "5m", "1h", "7d", "1w" },
	  { "0", "2w", "5 m", "5y", "m", "-1s", "''", "1.5h" } },
	{ TYPE_SIZE,
	  0,
	  0,
	  { "0", "1KiB", "512MiB", "1GiB", "1TiB" },
	  { "1KB", "1 MiB", "KiB", "16777216TiB", "18446744073709551615KiB" } },
	{ TYPE_IP,
	  0,
	  0,
	  { "192.0.2.1", "2001:db8::1", "'::'" },
	  { "192.0.2.256", "1.2.3", "2001:db8::1/64", "x", "''", "fe80::1%eth0" } },
	{ TYPE_IP4, 0, 0, { "192.0.2.1", "'::ffff:192.0.2.1'" }, { "2001:db8::1", "192.0.2.01", "192.0.2.1/32" } },
	{ TYPE_IP6,
	  0,
	  0,
	  { "2001:db8::1", "2001:10:20:30:40:50:51:52" },
	  { "192.0.2.1", "'::ffff:192.0.2.1'", "1:2:3", "1::2::3" } },
	{ TYPE_NET,
	  0,
	  0,
	  { "192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0", "'::/0'" },
	  { "192.0.2.1/24", "2001:db8::1/32", "192.0.2.0", "192.0.2.0/33", "2001:db8::/129", "2001:db8::/",
	    "2001:db8::/064" } },
	{ TYPE_NET4, 0, 0, { "192.0.2.0/24" }, { "2001:db8::/32" } },
	{ TYPE_NET6, 0, 0, { "2001:db8::/32" }, { "192.0.2.0/24" } },
	{ TYPE_IFADDR4,
	  0,
	  0,
	  { "192.0.2.1/24", "192.0.2.1/32" },
	  { "192.0.2.1", "192.0.2.1/33", "2001:db8::1/64", "/24" } },
	{ TYPE_IFADDR6,
	  0,
	  0,
	  { "2001:db8::1/64", "fe80::1/64" },
	  { "2001:db8::1", "2001:db8::1/129", "192.0.2.1/24", "x/64" } },
	{ TYPE_LISTENER,
	  0,
	  0,
	  { "'[::]:80'", "192.0.2.1:65535" },
	  { "'[::]'", "192.0.2.1", "192.0.2.1:65536", "'::1:80'", "x" } },
	{ TYPE_REF, 0, 0, { "anything", "'2001:db8::/32'" }, { "{ a: b }" } },
};

/* Good values leave no finding and remember their place; bad ones leave one finding exactly at the value. */
static void test_types(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct field f = { "field",       r->type,        ONE,       offsetof(struct all, value), .min = r->min,
				   .max = r->max, .words = words, .doc = "x" };
		const struct schema s = { .name = "thing", .size = sizeof(struct all), .fields = &f, .n = 1 };
		struct load l;
		char text[128];

		for (const char *const *v = r->good; v < r->good + 8 && *v; v++) {
			(void)snprintf(text, sizeof(text), "field: %s\n", *v);
			load(&l, &s, text);
			if (l.errors)
				fail_msg("type %u refuses %s: %s", r->type, *v, l.diags.list.v[0].message);
			/* Every value but a reference ends in its node. */
			if (r->type != TYPE_REF)
				assert_memory_equal((char *)&l.all + type_table[r->type].size - sizeof(void *),
						    &l.root->first, sizeof(void *));
			done(&l);
		}
		for (const char *const *v = r->bad; v < r->bad + 10 && *v; v++) {
			(void)snprintf(text, sizeof(text), "field: %s\n", *v);
			load(&l, &s, text);
			if (l.errors != 1)
				fail_msg("type %u accepts %s", r->type, *v);
			assert_int_equal(l.diags.list.v[0].loc.line, 1);
			assert_int_equal(l.diags.list.v[0].loc.col, 8);
			assert_true(l.root->faulty);
			done(&l);
		}
	}
}

static const struct field sub_fields[] = {
	{ "count", TYPE_UINT, ONE, offsetof(struct sub, count), FIELD_REQUIRED, .min = 1, .max = 9, .doc = "x" },
};
static const struct schema sub_schema = {
	.name = "part",
	.doc = "x",
	.size = sizeof(struct sub),
	.fields = sub_fields,
	.n = 1,
	.key_type = TYPE_NAME,
	.key_doc = "a part's name",
	.shorthand = "count",
};
static const struct field all_fields[] = {
	{ "field", TYPE_UINT, ONE, offsetof(struct all, value), .fallback = "7", .doc = "x" },
	{ "list", TYPE_UINT, LIST, offsetof(struct all, list), .min = 1, .max = 9, .doc = "x" },
	{ "map", TYPE_STRUCT, MAP, offsetof(struct all, map), .sub = &sub_schema, .doc = "x" },
	{ "one", TYPE_STRUCT, ONE, offsetof(struct all, one), .sub = &sub_schema, .doc = "x" },
};
static const struct schema all_schema = {
	.name = "thing",
	.doc = "x",
	.size = sizeof(struct all),
	.fields = all_fields,
	.n = ARRAY_LEN(all_fields),
};

static void test_shapes(void **state) {
	struct load l;
	const struct number *n;
	const struct sub *s;

	(void)state;
	load(&l, &all_schema, "list: [1, 2, 3]\nmap: { a: { count: 1 }, b: 2 }\none: 4\n");
	assert_int_equal(l.errors, 0);
	assert_int_equal(l.all.value.number.n, 7);
	assert_null(l.all.value.number.at);
	assert_int_equal(l.all.list.n, 3);
	n = l.all.list.items;
	assert_int_equal(n[2].n, 3);
	assert_int_equal(n[2].at->loc.col, 14);
	assert_int_equal(l.all.map.n, 2);
	s = l.all.map.items;
	assert_string_equal(s[1].name.s, "b");
	assert_int_equal(s[1].count.n, 2);
	assert_int_equal(l.all.one->count.n, 4);
	done(&l);
	load(&l, &all_schema, "list: 5\n");
	assert_int_equal(l.all.list.n, 1);
	done(&l);
	load(&l, &all_schema, "list: []\n");
	assert_int_equal(l.all.list.n, 0);
	assert_non_null(l.all.list.at);
	done(&l);
}

/* What is wrong is left out or marked, and every mistake is counted. */
static void test_mistakes(void **state) {
	struct load l;
	const struct number *n;
	const struct sub *s;

	(void)state;
	load(&l, &all_schema, "list: [1, x, 3]\nmap:\n  a: { count: 0 }\n  b: {}\n  c d: 1\n  e: 5\nfeild: 1\n");
	assert_int_equal(l.errors, 5);
	assert_int_equal(l.all.list.n, 2);
	n = l.all.list.items;
	assert_int_equal(n[1].n, 3);
	assert_true(n[1].at->faulty);
	assert_int_equal(l.all.map.n, 3);
	s = l.all.map.items;
	assert_true(s[0].name.at->faulty);
	assert_true(s[1].name.at->faulty);
	assert_string_equal(s[2].name.s, "e");
	assert_false(s[2].name.at->faulty);
	diags_sort(&l.diags);
	assert_string_equal(l.diags.list.v[4].hint, "did you mean field?");
	done(&l);
}

/* A name below a bad key stays where the list of names points at. */
static void test_names_below_bad_keys(void **state) {
	static const struct field lan[] = {
		{ "router", TYPE_REF, ONE, offsetof(struct lan, router), .doc = "x" },
	};
	static const struct schema lan_rows = {
		.name = "lan", .size = sizeof(struct lan), .fields = lan, .n = 1, .key_type = TYPE_NAME
	};
	static const struct field top[] = {
		{ "lans", TYPE_STRUCT, MAP, offsetof(struct all, map), .sub = &lan_rows, .doc = "x" },
	};
	static const struct schema top_rows = { .name = "top", .size = sizeof(struct all), .fields = top, .n = 1 };
	struct load l;

	(void)state;
	load(&l, &top_rows, "lans: { 'a b': { router: r1 }, c: { router: r2 } }\n");
	assert_int_equal(l.errors, 1);
	assert_int_equal(l.loader.refs.n, 2);
	assert_string_equal(l.loader.refs.v[0]->s, "r1");
	assert_string_equal(l.loader.refs.v[1]->s, "r2");
	done(&l);
}

/* Every row of the real file format is complete, and its default is a value of its type. */
static void check_schema(const struct schema *s) {
	assert_true(s->name && s->doc && s->n);
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		struct node n = { .kind = NODE_SCALAR, .loc = { 1, 1, 1, 1 } };
		struct load l;

		assert_true(f->name && f->doc && f->doc[0]);
		assert_true(f->offset < s->size);
		assert_int_equal(f->type == TYPE_WORD, f->words != NULL);
		assert_int_equal(f->type == TYPE_STRUCT, f->sub != NULL);
		assert_int_equal(f->type == TYPE_REF, f->kinds && f->kinds_doc);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(f->name, s->fields[k].name);
		if (f->sub)
			check_schema(f->sub);
		if (f->shape == MAP)
			assert_true(f->sub->key_doc && type_table[f->sub->key_type].parse);
		if (!f->fallback)
			continue;
		assert_false(f->flags & FIELD_REQUIRED);
		load(&l, &all_schema, "list: 1\n");
		n.text = str_of(f->fallback);
		assert_int_equal(type_table[f->type].parse(&l.loader, f, &n, &l.all), 0);
		done(&l);
	}
}

static void test_rows_of_the_estate(void **state) {
	(void)state;
	check_schema(&estate_schema);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_names_below_bad_keys),
		cmocka_unit_test(test_rows_of_the_estate),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
