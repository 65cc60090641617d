/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Python does with values: truth, text, equality, order, membership, arithmetic. Where Python would go beyond
 * 64-bit integers, or print something that has no meaning in a configuration file (a generator, a bound method), this
 * fails.
 */
#include <float.h>
#include <math.h>

#include "render/template_render.h"

static void add_error(struct render *r, struct loc loc, const char *check, const char *hint, const char *fmt,
		      va_list ap) {
	diag_error(r->diags, check, loc, hint, "%s", arena_vprintf(r->diags->arena, fmt, ap));
}

void *fail(struct render *r, struct loc loc, const char *hint, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	add_error(r, loc, "template", hint, fmt, ap);
	va_end(ap);
	return NULL;
}

void *fail_datum(struct render *r, struct loc loc, const struct value *datum, const char *hint, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	add_error(r, loc, "template", hint, fmt, ap);
	va_end(ap);
	if (datum && datum->loc.file)
		diag_note(r->diags, datum->loc, "the value was written here");
	return NULL;
}

const struct value *undefined_new(struct render *r, struct loc loc, struct key name, const struct value *base,
				  const char *message) {
	struct value *v = arena_new(r->arena, struct value);
	struct undefined *u = arena_new(r->arena, struct undefined);

	*u = (struct undefined){ .name = name, .base = base, .message = message };
	v->kind = VALUE_UNDEFINED;
	v->loc = loc;
	v->object = u;
	return v;
}

static void nearest(struct render *r, const struct value *dict, struct str word, unsigned *best, const char **near) {
	for (uint32_t i = 0; i < dict->dict.n; i++) {
		struct str key = value_as_str(dict->dict.v[i].key);

		if (suggest_better(word, key, best))
			*near = arena_dup(r->arena, key.s, key.len);
	}
}

/* The visible variable whose name is closest. */
static const char *nearest_variable(struct render *r, struct str word) {
	unsigned best = UINT32_MAX;
	const char *near = NULL;

	for (size_t i = 0; i < r->locals.n; i++)
		if (suggest_better(word, (struct str){ r->locals.v[i].name.s, r->locals.v[i].name.len }, &best))
			near = r->locals.v[i].name.s;
	for (uint32_t i = 0; i < r->frame->context->n; i++) {
		struct key name = r->frame->context->vars[i].name;

		if (suggest_better(word, (struct str){ name.s, name.len }, &best))
			near = name.s;
	}
	for (const struct scope *s = r->run->data; s; s = s->parent)
		nearest(r, s->dict, word, &best, &near);
	return near;
}

void *fail_undefined(struct render *r, const struct value *v) {
	const struct undefined *u = v->object;
	struct str word = { u->name.s, u->name.len };
	const char *near = NULL, *hint;
	unsigned best = UINT32_MAX;

	if (u->name.s && !u->base)
		near = nearest_variable(r, word);
	else if (u->name.s && u->base->kind == VALUE_DICT)
		nearest(r, u->base, word, &best, &near);
	hint = near ? arena_printf(r->arena, "did you mean '%s'?", near) : NULL;
	if (u->message)
		diag_error(r->diags, "undefined", v->loc, hint, "%s", u->message);
	else if (!u->base)
		diag_error(r->diags, "undefined", v->loc, hint, "'%s' is undefined", u->name.s);
	else
		diag_error(r->diags, "undefined", v->loc, hint, "%s has no '%s'", value_kind_name(u->base), u->name.s);
	if (u->base && u->base->loc.file)
		diag_note(r->diags, u->base->loc, "%s was written here", value_kind_name(u->base));
	return NULL;
}

struct value *object_new(struct render *r, enum object_kind kind, struct object **ret_object) {
	struct value *v = arena_new(r->arena, struct value);
	struct object *o = arena_new(r->arena, struct object);

	v->kind = VALUE_OBJECT;
	v->object = o;
	o->kind = kind;
	*ret_object = o;
	return v;
}

bool check_memory(struct render *r, struct loc loc) {
	if (r->arena->total - r->arena_base <= TEMPLATE_MEMORY_MAX && r->out->n - r->out_base <= TEMPLATE_OUTPUT_MAX)
		return true;
	return fail(r, loc, "is a loop larger than it should be?",
		    "rendering this takes more than %d MiB of values or %d MiB of output", TEMPLATE_MEMORY_MAX >> 20,
		    TEMPLATE_OUTPUT_MAX >> 20);
}

static void *fail_iterator(struct render *r, const struct value *v, struct loc loc) {
	return fail(r, loc, "put '| list' behind it", "%s can only be walked", value_kind_name(v));
}

bool keepable(struct render *r, const struct value *v, struct loc loc) {
	if (v->kind != VALUE_LIST || !(v->flags & VALUE_ITERATOR))
		return true;
	return fail_iterator(r, v, loc);
}

bool storable(struct render *r, const struct value *v, struct loc loc) {
	if (v->kind == VALUE_OBJECT)
		return fail(r, loc, NULL,
			    "functions, macros and the like have names only: they are no part of other values");
	return keepable(r, v, loc);
}

bool truth(struct render *r, const struct value *v, struct loc loc, bool *ret_b) {
	switch (v->kind) {
	case VALUE_UNDEFINED:
		*ret_b = false;
		return is_lenient(v) || fail_undefined(r, v);
	case VALUE_NULL:
		*ret_b = false;
		return true;
	case VALUE_BOOL:
		*ret_b = v->boolean;
		return true;
	case VALUE_INT:
		*ret_b = v->integer != 0;
		return true;
	case VALUE_REAL:
		*ret_b = v->real != 0;
		return true;
	case VALUE_STR:
		*ret_b = v->str.len > 0;
		return true;
	case VALUE_LIST:
		*ret_b = v->list.n > 0;
		return v->flags & VALUE_ITERATOR ? fail_iterator(r, v, loc) != NULL : true;
	case VALUE_DICT:
		*ret_b = v->dict.n > 0;
		return true;
	default:
		*ret_b = true;
		return true;
	}
}

void write_int(struct text *t, int64_t i) {
	uint64_t u = i < 0 ? -(uint64_t)i : (uint64_t)i;
	char digits[24], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (i < 0)
		*--p = '-';
	text_add(t, p, (size_t)(digits + sizeof(digits) - p));
}

/* repr(float): the shortest digits that read back as the same number, plain between 1e-4 and 1e16. */
void write_real(struct text *t, double d) {
	char digits[40], *e;
	/* A number of 15 digits at most is found at 15, without the zeros; a subnormal one has fewer to begin with. */
	int precision = d != 0 && fabs(d) < DBL_MIN ? 1 : 15, exponent, n;

	if (isnan(d) || isinf(d)) {
		text_puts(t, isnan(d) ? "nan" : d < 0 ? "-inf" : "inf");
		return;
	}
	do
		(void)snprintf(digits, sizeof(digits), "%.*e", precision - 1, d);
	while (strtod(digits, NULL) != d && ++precision <= 17);
	e = strchr(digits, 'e');
	exponent = (int)strtol(e + 1, NULL, 10);
	while (e[-1] == '0')
		e--;
	if (e[-1] == '.')
		e--;
	n = (int)(e - digits) - (digits[0] == '-') - (e - digits > 2 + (digits[0] == '-'));
	if (exponent >= -4 && exponent < 16) {
		n = MAX(n - 1 - exponent, 1);
		text_printf(t, "%.*f", n, d);
		return;
	}
	text_add(t, digits, (size_t)(e - digits));
	text_printf(t, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

/* Code points beyond ASCII that repr() shows as they are; about others we do not guess. */
static bool is_plainly_printable(uint32_t point) {
	return (point >= 0xa1 && point <= 0x17f && point != 0xad) || (point >= 0x400 && point <= 0x482) ||
	       (point >= 0x391 && point <= 0x3a1) || (point >= 0x3a3 && point <= 0x3ce) ||
	       (point >= 0x4e00 && point <= 0x9fa5) || point == 0x20ac || (point >= 0x2010 && point <= 0x2027);
}

static bool write_repr_str(struct render *r, struct text *t, const struct value *v, struct loc loc) {
	static const char plain[] = "\\\n\r\t", letters[] = "\\nrt";
	const char *s = v->str.s;
	size_t len = v->str.len;
	char quote = memchr(s, '\'', len) && !memchr(s, '"', len) ? '"' : '\'';

	text_char(t, quote);
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t point = utf8_point(s + i, len - i, &n);
		const char *p = point && point < 0x80 ? strchr(plain, (int)point) : NULL;

		if (p || point == (unsigned char)quote) {
			text_char(t, '\\');
			text_char(t, p ? letters[p - plain] : quote);
		} else if (point < 0x20 || point == 0x7f) {
			text_printf(t, "\\x%02x", point);
		} else if (point < 0x80 || is_plainly_printable(point)) {
			text_add(t, s + i, n);
		} else {
			return fail_datum(r, loc, v, "join the list, or print its items one by one",
					  "a list that holds U+%04X has no printed form here", point);
		}
	}
	text_char(t, quote);
	return true;
}

static bool write_repr_list(struct render *r, struct text *t, const struct value *v, struct loc loc) {
	bool tuple = v->flags & VALUE_TUPLE;

	if (v->flags & ~(VALUE_TUPLE | VALUE_GROUP))
		return fail(r, loc, "put '| list' behind it", "%s has no printed form", value_kind_name(v));
	text_char(t, tuple ? '(' : '[');
	for (uint32_t i = 0; i < v->list.n; i++) {
		if (i)
			text_puts(t, ", ");
		if (!write_repr(r, t, v->list.v[i], loc))
			return false;
	}
	text_puts(t, !tuple ? "]" : v->list.n == 1 ? ",)" : ")");
	return true;
}

static bool write_repr_dict(struct render *r, struct text *t, const struct value *v, struct loc loc) {
	text_char(t, '{');
	for (uint32_t i = 0; i < v->dict.n; i++) {
		if (i)
			text_puts(t, ", ");
		if (!write_repr_str(r, t, v->dict.v[i].key, loc))
			return false;
		text_puts(t, ": ");
		if (!write_repr(r, t, v->dict.v[i].value, loc))
			return false;
	}
	text_char(t, '}');
	return true;
}

bool write_repr(struct render *r, struct text *t, const struct value *v, struct loc loc) {
	bool ok;

	if (v->kind == VALUE_UNDEFINED)
		return fail_undefined(r, v);
	if (v->kind == VALUE_STR)
		return v->flags & VALUE_MARKUP
			       ? fail(r, loc, NULL, "the result of tojson has no form inside a list") != NULL
			       : write_repr_str(r, t, v, loc);
	if (++r->depth > EVAL_DEPTH_MAX)
		return fail(r, loc, NULL, "this value is nested too deeply to be printed");
	ok = write_str(r, t, v, loc);
	r->depth--;
	return ok;
}

bool write_str(struct render *r, struct text *t, const struct value *v, struct loc loc) {
	if (t->n > TEMPLATE_STRING_MAX && t != r->out)
		return fail(r, loc, NULL, "a string has at most %d MiB", TEMPLATE_STRING_MAX >> 20);
	switch (v->kind) {
	case VALUE_UNDEFINED:
		return is_lenient(v) || fail_undefined(r, v);
	case VALUE_NULL:
		text_puts(t, "None");
		return true;
	case VALUE_BOOL:
		text_puts(t, v->boolean ? "True" : "False");
		return true;
	case VALUE_INT:
		write_int(t, v->integer);
		return true;
	case VALUE_REAL:
		write_real(t, v->real);
		return true;
	case VALUE_STR:
		text_add(t, v->str.s, v->str.len);
		return true;
	case VALUE_LIST:
		return write_repr_list(r, t, v, loc);
	case VALUE_DICT:
		return write_repr_dict(r, t, v, loc);
	default:
		return fail(r, loc, "is there a pair of parentheses missing?", "%s has no printed form",
			    value_kind_name(v));
	}
}

bool text_of(struct render *r, const struct value *v, struct loc loc, struct str *ret_s) {
	struct text t = { 0 };
	bool ok;

	if (v->kind == VALUE_STR) {
		*ret_s = value_as_str(v);
		return true;
	}
	ok = write_str(r, &t, v, loc);
	if (ok)
		*ret_s = (struct str){ arena_dup(r->arena, t.v, t.n), t.n };
	text_done(&t);
	return ok;
}

bool number_of(const struct value *v, struct number *ret_n) {
	switch (v->kind) {
	case VALUE_BOOL:
		*ret_n = (struct number){ .i = v->boolean, .d = v->boolean };
		return true;
	case VALUE_INT:
		*ret_n = (struct number){ .i = v->integer, .d = (double)v->integer };
		return true;
	case VALUE_REAL:
		*ret_n = (struct number){ .is_real = true, .d = v->real };
		return true;
	default:
		return false;
	}
}

bool int_of(struct render *r, const struct value *v, struct loc loc, const char *what, int64_t *ret_i) {
	struct number n;

	if (v->kind == VALUE_UNDEFINED)
		return fail_undefined(r, v);
	if (!number_of(v, &n) || n.is_real)
		return fail_datum(r, loc, v, NULL, "%s is an integer, not %s", what, value_kind_name(v));
	*ret_i = n.i;
	return true;
}

bool str_of_value(struct render *r, const struct value *v, struct loc loc, const char *what, struct str *ret_s) {
	if (v->kind == VALUE_UNDEFINED)
		return fail_undefined(r, v);
	if (v->kind != VALUE_STR)
		return fail_datum(r, loc, v, NULL, "%s is a string, not %s", what, value_kind_name(v));
	*ret_s = value_as_str(v);
	return true;
}

/* -1, 0 or 1; unordered (nan): 2. Exact although one side is an integer and the other is not. */
static int compare_numbers(struct number a, struct number b) {
	long double x = a.is_real ? (long double)a.d : (long double)a.i,
		    y = b.is_real ? (long double)b.d : (long double)b.i;

	return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
}

static int compare_str(const struct value *a, const struct value *b) {
	int c = memcmp(a->str.s, b->str.s, MIN(a->str.len, b->str.len));

	return c ? (c < 0 ? -1 : 1) : a->str.len < b->str.len ? -1 : a->str.len > b->str.len;
}

static bool equal_lists(struct render *r, const struct value *a, const struct value *b, struct loc loc, bool *ret_b) {
	*ret_b = (a->flags & ~VALUE_GROUP) == (b->flags & ~VALUE_GROUP) && a->list.n == b->list.n;
	for (uint32_t i = 0; i < a->list.n && *ret_b; i++)
		if (!equal(r, a->list.v[i], b->list.v[i], loc, ret_b))
			return false;
	return true;
}

static bool equal_dicts(struct render *r, const struct value *a, const struct value *b, struct loc loc, bool *ret_b) {
	*ret_b = a->dict.n == b->dict.n;
	for (uint32_t i = 0; i < a->dict.n && *ret_b; i++) {
		const struct value_entry *e = &a->dict.v[i];
		struct key k = { e->key->str.s, (uint32_t)e->key->str.len, e->hash };
		const struct value *other = value_get(b, k);

		if (!other)
			*ret_b = false;
		else if (!equal(r, e->value, other, loc, ret_b))
			return false;
	}
	return true;
}

bool equal(struct render *r, const struct value *a, const struct value *b, struct loc loc, bool *ret_b) {
	struct number x, y;
	bool ok = true;

	if (a->kind == VALUE_UNDEFINED || b->kind == VALUE_UNDEFINED)
		return fail_undefined(r, a->kind == VALUE_UNDEFINED ? a : b);
	if (number_of(a, &x) && number_of(b, &y)) {
		*ret_b = compare_numbers(x, y) == 0;
		return true;
	}
	*ret_b = false;
	if (a->kind != b->kind)
		return true;
	if (++r->depth > EVAL_DEPTH_MAX)
		return fail(r, loc, NULL, "these values are nested too deeply to be compared");
	if (a->kind == VALUE_STR) {
		*ret_b = a->str.len == b->str.len && memcmp(a->str.s, b->str.s, a->str.len) == 0;
	} else if (a->kind == VALUE_LIST) {
		if ((a->flags | b->flags) & (VALUE_ITERATOR | VALUE_VIEW))
			ok = fail_iterator(r, a->flags & (VALUE_ITERATOR | VALUE_VIEW) ? a : b, loc);
		else
			ok = equal_lists(r, a, b, loc, ret_b);
	} else if (a->kind == VALUE_DICT) {
		ok = equal_dicts(r, a, b, loc, ret_b);
	} else {
		*ret_b = a->kind == VALUE_NULL || a == b;
	}
	r->depth--;
	return ok;
}

bool order(struct render *r, const struct value *a, const struct value *b, struct loc loc, int *ret_order) {
	struct number x, y;
	bool same = true;

	if (a->kind == VALUE_UNDEFINED || b->kind == VALUE_UNDEFINED)
		return fail_undefined(r, a->kind == VALUE_UNDEFINED ? a : b);
	if (number_of(a, &x) && number_of(b, &y)) {
		*ret_order = compare_numbers(x, y);
		return true;
	}
	if (a->kind == VALUE_STR && b->kind == VALUE_STR) {
		*ret_order = compare_str(a, b);
		return true;
	}
	if (a->kind != VALUE_LIST || b->kind != VALUE_LIST || (a->flags ^ b->flags) & VALUE_TUPLE ||
	    (a->flags | b->flags) & ~(VALUE_TUPLE | VALUE_GROUP))
		return fail(r, loc, NULL, "%s and %s have no order", value_kind_name(a), value_kind_name(b));
	for (uint32_t i = 0; i < MIN(a->list.n, b->list.n); i++) {
		if (!equal(r, a->list.v[i], b->list.v[i], loc, &same))
			return false;
		if (!same)
			return order(r, a->list.v[i], b->list.v[i], loc, ret_order);
	}
	*ret_order = a->list.n < b->list.n ? -1 : a->list.n > b->list.n;
	return true;
}

bool contains(struct render *r, const struct value *all, const struct value *v, struct loc loc, bool *ret_b) {
	if (all->kind == VALUE_UNDEFINED || v->kind == VALUE_UNDEFINED)
		return fail_undefined(r, all->kind == VALUE_UNDEFINED ? all : v);
	*ret_b = false;
	if (all->kind == VALUE_STR && v->kind == VALUE_STR) {
		*ret_b = !v->str.len || memmem(all->str.s, all->str.len, v->str.s, v->str.len);
		return true;
	}
	if (all->kind == VALUE_DICT && v->kind != VALUE_LIST && v->kind != VALUE_DICT) {
		*ret_b = v->kind == VALUE_STR && value_get(all, key_of(v->str.s, v->str.len));
		return true;
	}
	if (all->kind != VALUE_LIST)
		return fail_datum(r, loc, all, NULL, "'in' does not look for %s inside %s", value_kind_name(v),
				  value_kind_name(all));
	for (uint32_t i = 0; i < all->list.n && !*ret_b; i++)
		if (!equal(r, all->list.v[i], v, loc, ret_b))
			return false;
	return true;
}

const struct value *items_of(struct render *r, const struct value *v, struct loc loc) {
	struct value *list;

	if (v->kind == VALUE_LIST)
		return v;
	if (v->kind == VALUE_UNDEFINED)
		return fail_undefined(r, v);
	list = value_list(r->arena, v->loc);
	if (v->kind == VALUE_DICT) {
		for (uint32_t i = 0; i < v->dict.n; i++)
			value_list_push(r->arena, list, v->dict.v[i].key);
	} else if (v->kind == VALUE_STR) {
		for (size_t at = 0, n; at < v->str.len; at += n) {
			(void)utf8_point(v->str.s + at, v->str.len - at, &n);
			value_list_push(r->arena, list, value_str(r->arena, v->str.s + at, n, v->loc));
		}
	} else {
		return fail_datum(r, loc, v, NULL, "%s has no items", value_kind_name(v));
	}
	return list;
}
