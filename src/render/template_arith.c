/* SPDX-License-Identifier: Apache-2.0 */
/* + - * / // % ** of Python, on 64-bit integers: a result that does not fit is an error. */
#include <math.h>

#include "render/template_render.h"

static const struct value *overflow(struct render *r, struct loc loc) {
	return fail(r, loc, NULL, "the result does not fit in 64 bits");
}

static const struct value *real(struct render *r, double d) {
	return value_real(r->arena, d, NO_LOC);
}

static const struct value *integer(struct render *r, int64_t i) {
	return value_int(r->arena, i, NO_LOC);
}

/* Python's float %: the sign is the divisor's; the quotient is rounded down. */
static void real_divmod(double a, double b, double *ret_div, double *ret_mod) {
	double mod = fmod(a, b), div = (a - mod) / b, down;

	if (mod != 0) {
		if ((b < 0) != (mod < 0)) {
			mod += b;
			div -= 1;
		}
	} else {
		mod = copysign(0, b);
	}
	down = floor(div);
	if (div - down > 0.5)
		down += 1;
	*ret_div = div != 0 ? down : copysign(0, a / b);
	*ret_mod = mod;
}

static const struct value *divide(struct render *r, enum node_kind op, struct number a, struct number b,
				  struct loc loc) {
	const int64_t exact = INT64_C(1) << 53;
	double div, mod;

	if (b.d == 0)
		return fail(r, loc, NULL, "division by zero");
	if (op == NODE_DIV) {
		if (!a.is_real && !b.is_real && (a.i > exact || a.i < -exact || b.i > exact || b.i < -exact))
			return fail(r, loc, "use // for whole numbers", "integers this large are not divided exactly");
		return real(r, a.d / b.d);
	}
	if (a.is_real || b.is_real) {
		real_divmod(a.d, b.d, &div, &mod);
		return real(r, op == NODE_MOD ? mod : div);
	}
	if (a.i == INT64_MIN && b.i == -1)
		return op == NODE_MOD ? integer(r, 0) : overflow(r, loc);
	if (op == NODE_MOD) {
		int64_t m = a.i % b.i;

		return integer(r, m && (m < 0) != (b.i < 0) ? m + b.i : m);
	}
	return integer(r, a.i / b.i - (a.i % b.i && (a.i < 0) != (b.i < 0)));
}

static const struct value *power(struct render *r, struct number a, struct number b, struct loc loc) {
	int64_t result = 1, base = a.i;
	double d;

	if (a.is_real || b.is_real || b.i < 0) {
		if (a.d == 0 && b.d < 0)
			return fail(r, loc, NULL, "zero cannot be raised to a negative power");
		if (a.d < 0 && isfinite(a.d) && isfinite(b.d) && b.d != floor(b.d))
			return fail(r, loc, NULL, "the result is a complex number");
		d = pow(a.d, b.d);
		if (isinf(d) && isfinite(a.d) && isfinite(b.d))
			return fail(r, loc, NULL, "the result is too large");
		return real(r, d);
	}
	for (int64_t left = b.i; left; left >>= 1) {
		if (left & 1 && __builtin_mul_overflow(result, base, &result))
			return overflow(r, loc);
		if (left > 1 && __builtin_mul_overflow(base, base, &base))
			return overflow(r, loc);
	}
	return integer(r, result);
}

static const struct value *numbers(struct render *r, enum node_kind op, struct number a, struct number b,
				   struct loc loc) {
	int64_t i;

	if (op == NODE_DIV || op == NODE_FLOORDIV || op == NODE_MOD)
		return divide(r, op, a, b, loc);
	if (op == NODE_POW)
		return power(r, a, b, loc);
	if (a.is_real || b.is_real)
		return real(r, op == NODE_ADD ? a.d + b.d : op == NODE_SUB ? a.d - b.d : a.d * b.d);
	if (op == NODE_ADD   ? __builtin_add_overflow(a.i, b.i, &i)
	    : op == NODE_SUB ? __builtin_sub_overflow(a.i, b.i, &i)
			     : __builtin_mul_overflow(a.i, b.i, &i))
		return overflow(r, loc);
	return integer(r, i);
}

static const struct value *repeat_str(struct render *r, const struct value *v, int64_t times, struct loc loc) {
	size_t len = v->str.len;
	char *s;

	times = MAX(times, (int64_t)0);
	if (len && times > TEMPLATE_STRING_MAX / (int64_t)len)
		return fail(r, loc, NULL, "a string has at most %d MiB", TEMPLATE_STRING_MAX >> 20);
	s = arena_alloc(r->arena, len * (size_t)times + 1);
	for (int64_t i = 0; i < times && len; i++)
		memcpy(s + len * (size_t)i, v->str.s, len);
	return check_memory(r, loc) ? value_str(r->arena, s, len * (size_t)times, NO_LOC) : NULL;
}

static const struct value *repeat_list(struct render *r, const struct value *v, int64_t times, struct loc loc) {
	struct value *list = value_list(r->arena, NO_LOC);

	list->flags = v->flags;
	if (v->list.n && times > TEMPLATE_LIST_MAX / (int64_t)v->list.n)
		return fail(r, loc, NULL, "a list made like this has at most %d items", TEMPLATE_LIST_MAX);
	for (int64_t i = 0; i < times && v->list.n; i++)
		for (uint32_t k = 0; k < v->list.n; k++)
			value_list_push(r->arena, list, v->list.v[k]);
	return check_memory(r, loc) ? list : NULL;
}

static const struct value *join_str(struct render *r, const struct value *a, const struct value *b, struct loc loc) {
	char *s;

	if (a->str.len + b->str.len > TEMPLATE_STRING_MAX)
		return fail(r, loc, NULL, "a string has at most %d MiB", TEMPLATE_STRING_MAX >> 20);
	s = arena_alloc(r->arena, a->str.len + b->str.len + 1);
	if (a->str.len)
		memcpy(s, a->str.s, a->str.len);
	if (b->str.len)
		memcpy(s + a->str.len, b->str.s, b->str.len);
	return check_memory(r, loc) ? value_str(r->arena, s, a->str.len + b->str.len, NO_LOC) : NULL;
}

static const struct value *join_list(struct render *r, const struct value *a, const struct value *b, struct loc loc) {
	struct value *list = value_list(r->arena, NO_LOC);

	list->flags = a->flags;
	for (uint32_t i = 0; i < a->list.n; i++)
		value_list_push(r->arena, list, a->list.v[i]);
	for (uint32_t i = 0; i < b->list.n; i++)
		value_list_push(r->arena, list, b->list.v[i]);
	return check_memory(r, loc) ? list : NULL;
}

static bool is_plain_list(const struct value *v) {
	return v->kind == VALUE_LIST && !(v->flags & ~VALUE_TUPLE);
}

static const struct value *mismatch(struct render *r, enum node_kind op, const struct value *a, const struct value *b,
				    struct loc loc) {
	static const char *const signs[_NODE_MAX] = {
		[NODE_ADD] = "+", [NODE_SUB] = "-",  [NODE_MUL] = "*",      [NODE_DIV] = "/",
		[NODE_MOD] = "%", [NODE_POW] = "**", [NODE_FLOORDIV] = "//"
	};
	const char *hint =
		op == NODE_ADD && (a->kind == VALUE_STR || b->kind == VALUE_STR) ? "'~' joins anything as text" : NULL;

	return fail_datum(r, loc, a->loc.file ? a : b, hint, "'%s' does not work on %s and %s", signs[op],
			  value_kind_name(a), value_kind_name(b));
}

const struct value *arithmetic(struct render *r, enum node_kind op, const struct value *a, const struct value *b,
			       struct loc loc) {
	struct number x, y;
	bool na = number_of(a, &x), nb = number_of(b, &y);

	if (a->kind == VALUE_UNDEFINED || b->kind == VALUE_UNDEFINED)
		return fail_undefined(r, a->kind == VALUE_UNDEFINED ? a : b);
	if (na && nb)
		return numbers(r, op, x, y, loc);
	if ((a->flags | b->flags) & VALUE_MARKUP && (a->kind == VALUE_STR || b->kind == VALUE_STR))
		return fail(r, loc, "use '~'", "the result of tojson is not combined with operators");
	if (a->kind == VALUE_STR && op == NODE_MOD)
		return format_percent(r, value_as_str(a), b, loc);
	if (a->kind == VALUE_STR && b->kind == VALUE_STR && op == NODE_ADD)
		return join_str(r, a, b, loc);
	if (is_plain_list(a) && is_plain_list(b) && a->flags == b->flags && op == NODE_ADD)
		return join_list(r, a, b, loc);
	if (op == NODE_MUL && a->kind == VALUE_STR && nb && !y.is_real)
		return repeat_str(r, a, y.i, loc);
	if (op == NODE_MUL && b->kind == VALUE_STR && na && !x.is_real)
		return repeat_str(r, b, x.i, loc);
	if (op == NODE_MUL && is_plain_list(a) && nb && !y.is_real)
		return repeat_list(r, a, y.i, loc);
	if (op == NODE_MUL && is_plain_list(b) && na && !x.is_real)
		return repeat_list(r, b, x.i, loc);
	return mismatch(r, op, a, b, loc);
}

/* One conversion of a format: %[flags][width][.precision]letter. */
struct conversion {
	bool left, zero, plus, space, alternate;
	int width, precision; /* precision -1: none */
	char letter;
};

static size_t parse_conversion(struct str fmt, size_t at, struct conversion *ret_c) {
	struct conversion c = { .precision = -1 };

	for (; at < fmt.len && fmt.s[at] && strchr("-0+ #", fmt.s[at]); at++) {
		c.left |= fmt.s[at] == '-';
		c.zero |= fmt.s[at] == '0';
		c.plus |= fmt.s[at] == '+';
		c.space |= fmt.s[at] == ' ';
		c.alternate |= fmt.s[at] == '#';
	}
	for (; at < fmt.len && fmt.s[at] >= '0' && fmt.s[at] <= '9' && c.width < 10000; at++)
		c.width = c.width * 10 + (fmt.s[at] - '0');
	if (at < fmt.len && fmt.s[at] == '.')
		for (at++, c.precision = 0; at < fmt.len && fmt.s[at] >= '0' && fmt.s[at] <= '9' && c.precision < 10000;
		     at++)
			c.precision = c.precision * 10 + (fmt.s[at] - '0');
	c.letter = at < fmt.len ? fmt.s[at] : 0;
	*ret_c = c;
	return at + 1;
}

static void pad_to(struct text *t, const struct conversion *c, struct str body) {
	size_t n = utf8_count(body.s, body.len), fill = (size_t)c->width > n ? (size_t)c->width - n : 0;

	if (!c->left)
		text_pad(t, ' ', fill);
	text_add(t, body.s, body.len);
	if (c->left)
		text_pad(t, ' ', fill);
}

static bool format_number(struct render *r, struct text *t, const struct conversion *c, const struct value *v,
			  struct loc loc) {
	struct number n;
	char spec[40];
	bool whole = strchr("dixXo", c->letter) != NULL;

	if (!number_of(v, &n) || (whole && n.is_real && (c->letter != 'd' && c->letter != 'i')))
		return fail_datum(r, loc, v, NULL, "%%%c does not format %s", c->letter, value_kind_name(v));
	if (whole && n.is_real && !(n.d > -9e18 && n.d < 9e18))
		return overflow(r, loc) != NULL;
	if (!whole && !isfinite(n.d))
		return fail_datum(r, loc, v, NULL, "%%%c does not format a number that is not finite", c->letter);
	if ((c->letter == 'x' || c->letter == 'X' || c->letter == 'o') && (n.i < 0 || c->alternate))
		return fail_datum(r, loc, v, NULL, "%%%c formats numbers from 0 up, without '#', here", c->letter);
	if (whole && c->precision >= 0 && c->zero)
		return fail(r, loc, NULL, "a precision and zeros in front do not go together here");
	(void)snprintf(spec, sizeof(spec), "%%%s%s%s%s%s*%s%s%c", c->left ? "-" : "", c->zero ? "0" : "",
		       c->plus ? "+" : "", c->space ? " " : "", c->alternate ? "#" : "", c->precision >= 0 ? ".*" : "",
		       whole ? "ll" : "", c->letter);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (whole && c->precision >= 0)
		text_printf(t, spec, c->width, c->precision, (long long)(n.is_real ? (int64_t)n.d : n.i));
	else if (whole)
		text_printf(t, spec, c->width, (long long)(n.is_real ? (int64_t)n.d : n.i));
	else if (c->precision >= 0)
		text_printf(t, spec, c->width, c->precision, n.d);
	else
		text_printf(t, spec, c->width, n.d);
#pragma GCC diagnostic pop
	return true;
}

static bool format_one(struct render *r, struct text *t, const struct conversion *c, const struct value *v,
		       struct loc loc) {
	struct text body = { 0 };
	struct str s;
	bool ok;

	if (c->letter && strchr("dixXofFeEgG", c->letter))
		return format_number(r, t, c, v, loc);
	if (c->letter != 's' && c->letter != 'r')
		return fail(r, loc, "%s, %r, %d, %x, %o, %e, %f and %g are",
			    "this conversion is not supported in a format");
	ok = c->letter == 's' ? write_str(r, &body, v, loc) : write_repr(r, &body, v, loc);
	s = (struct str){ body.v, body.n };
	if (c->precision >= 0)
		s.len = utf8_prefix(s.s, s.len, (size_t)c->precision);
	if (ok)
		pad_to(t, c, s);
	text_done(&body);
	return ok;
}

const struct value *format_percent(struct render *r, struct str fmt, const struct value *args, struct loc loc) {
	bool many = args->kind == VALUE_LIST && args->flags & VALUE_TUPLE, ok = true;
	uint32_t n = many ? args->list.n : 1, used = 0;
	const struct value *result = NULL;
	struct text t = { 0 };

	for (size_t i = 0; i < fmt.len && ok;) {
		struct conversion c;

		if (fmt.s[i] != '%') {
			text_char(&t, fmt.s[i++]);
			continue;
		}
		i = parse_conversion(fmt, i + 1, &c);
		if (c.letter == '%' && !c.width) {
			text_char(&t, '%');
			continue;
		}
		if (used == n)
			ok = fail(r, loc, NULL, "the format wants more than %u values", n);
		else
			ok = format_one(r, &t, &c, many ? args->list.v[used++] : (used++, args), loc);
		if (ok && t.n > TEMPLATE_STRING_MAX)
			ok = fail(r, loc, NULL, "a string has at most %d MiB", TEMPLATE_STRING_MAX >> 20);
	}
	if (ok && used < n)
		ok = fail(r, loc, NULL, "the format uses %u of %u values", used, n);
	if (ok)
		result = value_str(r->arena, arena_dup(r->arena, t.v, t.n), t.n, NO_LOC);
	text_done(&t);
	return result;
}
