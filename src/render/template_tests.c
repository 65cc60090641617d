/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: {% if x is even %}. */
#include <ctype.h>

#include "render/template_render.h"

static const struct value *test_defined(struct render *r, struct call *c) {
	(void)r;
	return value_of_bool(c->self->kind != VALUE_UNDEFINED);
}

static const struct value *test_undefined(struct render *r, struct call *c) {
	(void)r;
	return value_of_bool(c->self->kind == VALUE_UNDEFINED);
}

static const struct value *test_none(struct render *r, struct call *c) {
	(void)r;
	return value_of_bool(c->self->kind == VALUE_NULL);
}

static const struct value *test_boolean(struct render *r, struct call *c) {
	(void)r;
	return value_of_bool(c->self->kind == VALUE_BOOL);
}

static const struct value *test_true(struct render *r, struct call *c) {
	(void)r;
	return value_of_bool(c->self->kind == VALUE_BOOL && c->self->boolean);
}

static const struct value *test_false(struct render *r, struct call *c) {
	(void)r;
	return value_of_bool(c->self->kind == VALUE_BOOL && !c->self->boolean);
}

static const struct value *test_integer(struct render *r, struct call *c) {
	(void)r;
	return value_of_bool(c->self->kind == VALUE_INT);
}

static const struct value *test_float(struct render *r, struct call *c) {
	(void)r;
	return value_of_bool(c->self->kind == VALUE_REAL);
}

static const struct value *test_number(struct render *r, struct call *c) {
	struct number n;

	(void)r;
	return value_of_bool(number_of(c->self, &n));
}

static const struct value *test_string(struct render *r, struct call *c) {
	(void)r;
	return value_of_bool(c->self->kind == VALUE_STR);
}

static const struct value *test_mapping(struct render *r, struct call *c) {
	(void)r;
	return value_of_bool(c->self->kind == VALUE_DICT);
}

static const struct value *test_sequence(struct render *r, struct call *c) {
	(void)r;
	return value_of_bool(c->self->kind == VALUE_STR || c->self->kind == VALUE_DICT ||
			     (c->self->kind == VALUE_LIST && !(c->self->flags & (VALUE_ITERATOR | VALUE_VIEW))));
}

static const struct value *test_iterable(struct render *r, struct call *c) {
	if (c->self->kind == VALUE_OBJECT)
		return fail(r, c->loc, NULL, "whether a function or an object can be walked is not asked here");
	return value_of_bool(c->self->kind == VALUE_STR || c->self->kind == VALUE_DICT || c->self->kind == VALUE_LIST);
}

/* The remainder of a division by `by`. */
static const struct value *remainder_is(struct render *r, struct call *c, const struct value *by, int64_t wanted) {
	const struct value *mod;
	struct number n;

	if (!number_of(c->self, &n))
		return fail_datum(r, c->loc, c->self, NULL, "'%s' tests a number, not %s", c->name,
				  value_kind_name(c->self));
	mod = arithmetic(r, NODE_MOD, c->self, by, c->loc);
	return mod && number_of(mod, &n) ? value_of_bool(n.d == (double)wanted) : NULL;
}

static const struct value *test_odd(struct render *r, struct call *c) {
	return remainder_is(r, c, value_int(r->arena, 2, NO_LOC), 1);
}

static const struct value *test_even(struct render *r, struct call *c) {
	return remainder_is(r, c, value_int(r->arena, 2, NO_LOC), 0);
}

static const struct value *test_divisibleby(struct render *r, struct call *c) {
	struct number n;

	if (!number_of(c->arg[0], &n))
		return fail(r, c->loc, NULL, "'%s' wants a number", c->name);
	return remainder_is(r, c, c->arg[0], 0);
}

/* islower() and isupper(): some letters, and all of this case. */
static const struct value *test_case(struct render *r, struct call *c, int (*is_wanted)(int), int (*is_other)(int)) {
	bool any = false;
	struct str s;

	if (!text_of(r, c->self, c->loc, &s))
		return NULL;
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.s[i] >= 0x80)
			return fail_datum(r, c->loc, c->self, NULL, "'%s' knows ASCII letters only", c->name);
		if (is_other((unsigned char)s.s[i]))
			return &value_false;
		any |= is_wanted((unsigned char)s.s[i]) != 0;
	}
	return value_of_bool(any);
}

static const struct value *test_lower(struct render *r, struct call *c) {
	return test_case(r, c, islower, isupper);
}

static const struct value *test_upper(struct render *r, struct call *c) {
	return test_case(r, c, isupper, islower);
}

static const struct value *test_eq(struct render *r, struct call *c) {
	bool b;

	return equal(r, c->self, c->arg[0], c->loc, &b) ? value_of_bool(b) : NULL;
}

static const struct value *test_ne(struct render *r, struct call *c) {
	bool b;

	return equal(r, c->self, c->arg[0], c->loc, &b) ? value_of_bool(!b) : NULL;
}

static const struct value *test_order(struct render *r, struct call *c, int first, int second) {
	int o;

	return order(r, c->self, c->arg[0], c->loc, &o) ? value_of_bool(o == first || o == second) : NULL;
}

static const struct value *test_lt(struct render *r, struct call *c) {
	return test_order(r, c, -1, -1);
}

static const struct value *test_le(struct render *r, struct call *c) {
	return test_order(r, c, -1, 0);
}

static const struct value *test_gt(struct render *r, struct call *c) {
	return test_order(r, c, 1, 1);
}

static const struct value *test_ge(struct render *r, struct call *c) {
	return test_order(r, c, 1, 0);
}

static const struct value *test_in(struct render *r, struct call *c) {
	bool b;

	return contains(r, c->arg[0], c->self, c->loc, &b) ? value_of_bool(b) : NULL;
}

static const struct value *test_sameas(struct render *r, struct call *c) {
	const struct value *a = c->self, *b = c->arg[0];

	if (b->kind != VALUE_BOOL && b->kind != VALUE_NULL)
		return fail(r, c->loc, "compare with '=='", "'sameas' knows true, false and none only");
	return value_of_bool(a->kind == b->kind && (a->kind == VALUE_NULL || a->boolean == b->boolean));
}

static const struct value *test_family(struct render *r, struct call *c, enum family family) {
	struct prefix p;
	struct str s;

	(void)r;
	if (c->self->kind != VALUE_STR)
		return &value_false;
	s = value_as_str(c->self);
	if (c->self->str.prefix)
		p = *c->self->str.prefix;
	else if (prefix_parse(s.s, s.len, &p, NULL) < 0)
		return &value_false;
	return value_of_bool(prefix_family(p) == family);
}

static const struct value *test_ipv4(struct render *r, struct call *c) {
	return test_family(r, c, FAMILY_4);
}

static const struct value *test_ipv6(struct render *r, struct call *c) {
	return test_family(r, c, FAMILY_6);
}

#define REFUSED(name, why)                                                                                             \
	{ name, "*args", NULL, FILTER_REFUSED | FILTER_REST, why }

const struct filter tests_table[] = {
	{ "boolean", "", test_boolean, FILTER_UNDEFINED | FILTER_MARKUP, "true or false" },
	{ "defined", "", test_defined, FILTER_UNDEFINED | FILTER_MARKUP, "not undefined" },
	{ "divisibleby", "num", test_divisibleby, FILTER_MARKUP, "without remainder" },
	{ "eq", "other", test_eq, FILTER_MARKUP, "equal; also equalto and ==" },
	{ "equalto", "other", test_eq, FILTER_MARKUP, "the same as eq" },
	{ "==", "other", test_eq, FILTER_MARKUP, "the same as eq" },
	{ "even", "", test_even, FILTER_MARKUP, "an even number" },
	{ "false", "", test_false, FILTER_UNDEFINED | FILTER_MARKUP, "false itself" },
	{ "float", "", test_float, FILTER_UNDEFINED | FILTER_MARKUP, "a number with a point" },
	{ "ge", "other", test_ge, FILTER_MARKUP, "greater or equal; also >=" },
	{ ">=", "other", test_ge, FILTER_MARKUP, "the same as ge" },
	{ "greaterthan", "other", test_gt, FILTER_MARKUP, "the same as gt" },
	{ "gt", "other", test_gt, FILTER_MARKUP, "greater; also greaterthan and >" },
	{ ">", "other", test_gt, FILTER_MARKUP, "the same as gt" },
	{ "in", "seq", test_in, FILTER_MARKUP, "one of the items, keys or parts of seq" },
	{ "integer", "", test_integer, FILTER_UNDEFINED | FILTER_MARKUP, "a whole number, not true or false" },
	{ "ipv4", "", test_ipv4, FILTER_OWN | FILTER_MARKUP, "an IPv4 address or prefix" },
	{ "ipv6", "", test_ipv6, FILTER_OWN | FILTER_MARKUP, "an IPv6 address or prefix" },
	{ "iterable", "", test_iterable, FILTER_MARKUP, "a list, a dict or a string" },
	{ "le", "other", test_le, FILTER_MARKUP, "less or equal; also <=" },
	{ "<=", "other", test_le, FILTER_MARKUP, "the same as le" },
	{ "lessthan", "other", test_lt, FILTER_MARKUP, "the same as lt" },
	{ "lower", "", test_lower, FILTER_MARKUP, "all letters in lower case" },
	{ "lt", "other", test_lt, FILTER_MARKUP, "less; also lessthan and <" },
	{ "<", "other", test_lt, FILTER_MARKUP, "the same as lt" },
	{ "mapping", "", test_mapping, FILTER_UNDEFINED | FILTER_MARKUP, "a dict" },
	{ "ne", "other", test_ne, FILTER_MARKUP, "not equal; also !=" },
	{ "!=", "other", test_ne, FILTER_MARKUP, "the same as ne" },
	{ "none", "", test_none, FILTER_UNDEFINED | FILTER_MARKUP, "none" },
	{ "number", "", test_number, FILTER_UNDEFINED | FILTER_MARKUP, "a number, true or false" },
	{ "odd", "", test_odd, FILTER_MARKUP, "an odd number" },
	{ "sameas", "other", test_sameas, FILTER_MARKUP, "true, false or none itself" },
	{ "sequence", "", test_sequence, FILTER_UNDEFINED | FILTER_MARKUP, "a list, a dict or a string" },
	{ "string", "", test_string, FILTER_UNDEFINED | FILTER_MARKUP, "a string" },
	{ "true", "", test_true, FILTER_UNDEFINED | FILTER_MARKUP, "true itself" },
	{ "undefined", "", test_undefined, FILTER_UNDEFINED | FILTER_MARKUP, "not defined" },
	{ "upper", "", test_upper, FILTER_MARKUP, "all letters in upper case" },
	REFUSED("callable", "a template knows what it calls"),
	REFUSED("escaped", "nothing is escaped here"),
	REFUSED("filter", "the filters are those of hextet-template(5)"),
	REFUSED("test", "the tests are those of hextet-template(5)"),
	{ NULL, NULL, NULL, 0, NULL },
};
