/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on numbers. */
#include <errno.h>
#include <math.h>

#include "render/template_render.h"

static const struct value *filter_abs(struct render *r, struct call *c) {
	struct number n;

	if (!number_of(c->self, &n))
		return fail_datum(r, c->loc, c->self, NULL, "%s has no absolute value", value_kind_name(c->self));
	if (n.is_real)
		return value_real(r->arena, fabs(n.d), c->self->loc);
	if (n.i == INT64_MIN)
		return fail(r, c->loc, NULL, "the result does not fit in 64 bits");
	return value_int(r->arena, n.i < 0 ? -n.i : n.i, c->self->loc);
}

/* Digits of a number in text: single underscores between digits go, as Python allows. False: not a number's text. */
static bool without_underscores(struct str s, char *buf, size_t size) {
	size_t n = 0;

	if (!s.len || s.len >= size)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.s[i] == '_') {
			if (!i || i + 1 == s.len || s.s[i - 1] == '_' || !strchr("0123456789", s.s[i - 1]) ||
			    !strchr("0123456789", s.s[i + 1]))
				return false;
			continue;
		}
		if (!s.s[i] || !strchr("0123456789+-.eEinfatyINFATY", s.s[i]))
			return false;
		buf[n++] = s.s[i];
	}
	buf[n] = '\0';
	return n > 0;
}

static bool parse_real(struct str s, double *ret_d) {
	char buf[400], *end;
	size_t blanks = utf8_spaces(s.s, s.len);

	s = (struct str){ s.s + blanks, utf8_rstrip(s.s + blanks, s.len - blanks) };
	if (!without_underscores(s, buf, sizeof(buf)))
		return false;
	*ret_d = strtod(buf, &end);
	return end != buf && !*end;
}

/*
 * Python's int(text, base): 1 with the number, 0 not a number, -1 beyond 64 bits, -2 with a prefix that Python reads
 * and strtoll() may not (0x it does).
 */
static int parse_int(struct str s, int base, int64_t *ret_i) {
	char buf[400], *end;
	size_t blanks = utf8_spaces(s.s, s.len), sign;

	s = (struct str){ s.s + blanks, utf8_rstrip(s.s + blanks, s.len - blanks) };
	if (base == 10 && !without_underscores(s, buf, sizeof(buf)))
		return 0;
	if (base != 10) {
		if (!s.len || s.len >= sizeof(buf) || memchr(s.s, '_', s.len) || memchr(s.s, '\0', s.len))
			return 0;
		memcpy(buf, s.s, s.len);
		buf[s.len] = '\0';
	}
	sign = buf[0] == '-' || buf[0] == '+';
	if (!buf[sign] || buf[sign] == '-' || buf[sign] == '+' || point_is_space((unsigned char)buf[sign]))
		return 0;
	if ((base == 8 || base == 2) && buf[sign] == '0' && buf[sign + 1] && strchr("oObB", buf[sign + 1]))
		return -2;
	errno = 0;
	*ret_i = strtoll(buf, &end, base);
	if (*end)
		return 0;
	return errno == ERANGE ? -1 : 1;
}

static const struct value *real_to_int(struct render *r, struct call *c, double d) {
	if (!(d > -9223372036854775808.0 && d < 9223372036854775808.0))
		return fail_datum(r, c->loc, c->self, NULL, "the number does not fit in 64 bits");
	return value_int(r->arena, (int64_t)d, c->self->loc);
}

/* Python reads the digits and blanks of every script; we read ASCII, and do not guess about the rest. */
static bool is_ascii(const struct value *v) {
	for (size_t i = 0; i < v->str.len; i++)
		if ((unsigned char)v->str.s[i] >= 0x80)
			return false;
	return true;
}

/* The default for what is no number; an error for a text that may be one in Python. */
static const struct value *no_number(struct render *r, struct call *c, const struct value *otherwise) {
	if (c->self->kind == VALUE_STR && !is_ascii(c->self))
		return fail_datum(r, c->loc, c->self, NULL, "'%s' reads ASCII digits only", c->name);
	return otherwise;
}

static const struct value *filter_int(struct render *r, struct call *c) {
	const struct value *otherwise = c->arg[0] ? c->arg[0] : value_int(r->arena, 0, NO_LOC);
	int64_t base = 10, i;
	struct number n;
	double d;
	int known;

	if (c->arg[1] && !int_of(r, c->arg[1], c->loc, "the base", &base))
		return NULL;
	if (base != 10 && base != 16 && base != 8 && base != 2)
		return fail(r, c->loc, NULL, "the base is 2, 8, 10 or 16");
	if (number_of(c->self, &n)) {
		if (!n.is_real)
			return value_int(r->arena, n.i, c->self->loc);
		return isnan(n.d) ? otherwise : real_to_int(r, c, n.d);
	}
	if (c->self->kind != VALUE_STR)
		return otherwise;
	if (!is_ascii(c->self))
		return no_number(r, c, otherwise);
	known = parse_int(value_as_str(c->self), (int)base, &i);
	if (known > 0)
		return value_int(r->arena, i, c->self->loc);
	if (known < 0)
		return fail_datum(r, c->loc, c->self, NULL,
				  known == -1 ? "the number does not fit in 64 bits"
					      : "the prefixes 0o and 0b are not read here");
	if (!parse_real(value_as_str(c->self), &d) || isnan(d))
		return otherwise;
	return real_to_int(r, c, d);
}

static const struct value *filter_float(struct render *r, struct call *c) {
	struct number n;
	double d;

	if (number_of(c->self, &n))
		return value_real(r->arena, n.d, c->self->loc);
	if (c->self->kind == VALUE_STR && parse_real(value_as_str(c->self), &d))
		return value_real(r->arena, d, c->self->loc);
	return no_number(r, c, c->arg[0] ? c->arg[0] : value_real(r->arena, 0, c->self->loc));
}

/* round() goes by the exact decimal value, ties to even: what printf does. */
static const struct value *round_common(struct render *r, struct call *c, struct number n, int64_t precision) {
	char buf[400];

	if (!n.is_real && precision >= 0)
		return value_int(r->arena, n.i, c->self->loc);
	if (precision < 0)
		return fail(r, c->loc, NULL, "a negative precision is not supported here");
	if (!isfinite(n.d))
		return value_real(r->arena, n.d, c->self->loc);
	(void)snprintf(buf, sizeof(buf), "%.*f", (int)MIN(precision, INT64_C(60)), n.d);
	return value_real(r->arena, strtod(buf, NULL), c->self->loc);
}

static const struct value *filter_round(struct render *r, struct call *c) {
	struct str method = STR("common");
	int64_t precision = 0;
	struct number n;
	double scale, d;

	if (!number_of(c->self, &n))
		return fail_datum(r, c->loc, c->self, NULL, "%s cannot be rounded", value_kind_name(c->self));
	if ((c->arg[0] && !int_of(r, c->arg[0], c->loc, "the precision", &precision)) ||
	    (c->arg[1] && !str_of_value(r, c->arg[1], c->loc, "the method", &method)))
		return NULL;
	if (str_is(method, "common"))
		return round_common(r, c, n, precision);
	if (!str_is(method, "ceil") && !str_is(method, "floor"))
		return fail(r, c->loc, NULL, "the method is 'common', 'ceil' or 'floor'");
	if (precision < 0 || precision > 15 || !isfinite(n.d) || fabs(n.d) > 4503599627370496.0)
		return fail(r, c->loc, NULL, "'%.*s' takes a precision of 0 to 15 and a number below 2**52",
			    (int)method.len, method.s);
	scale = pow(10, (double)precision);
	d = str_is(method, "ceil") ? ceil(n.d * scale) : floor(n.d * scale);
	return value_real(r->arena, (d == 0 ? 0.0 : d) / scale, c->self->loc);
}

const struct filter filters_number[] = {
	{ "abs", "", filter_abs, 0, "the absolute value" },
	{ "float", "default=0.0", filter_float, 0, "as a number with a point; the default if it is none" },
	{ "int", "default=0, base=10", filter_int, 0, "as a whole number; the default if it is none" },
	{ "round", "precision=0, method='common'", filter_round, 0, "rounded ('common', 'ceil' or 'floor')" },
	{ NULL, NULL, NULL, 0, NULL },
};
