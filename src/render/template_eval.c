/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions → values, by walking the tree: one function per kind of node. Names are looked up at run time from the
 * innermost scope outwards, which gives what Jinja2's static scopes give because every scope begins empty.
 */
#include "render/template_parse.h"
#include "render/template_render.h"

static const struct value *scan(const struct binding *v, size_t from, size_t to, struct key name) {
	for (size_t i = to; i-- > from;)
		if (v[i].name.hash == name.hash && v[i].name.len == name.len &&
		    memcmp(v[i].name.s, name.s, name.len) == 0)
			return v[i].value;
	return NULL;
}

const struct value *lookup(struct render *r, struct key name) {
	const struct frame *f = r->frame;
	size_t top = r->locals.n;

	for (;;) {
		const struct value *v = scan(r->locals.v, f->floor, top, name);

		if (v)
			return v;
		if (f->up) {
			f = f->up;
		} else {
			v = scan(f->context->vars, 0, f->context->n, name);
			if (v)
				return v;
			if (!f->context->outer)
				break;
			f = f->context->outer;
		}
		top = f->top;
	}
	return scope_get(f->context->data, name);
}

bool deeper(struct render *r, struct loc loc) {
	if (r->depth >= EVAL_DEPTH_MAX)
		return fail(r, loc, NULL, "expressions, includes and macro calls are nested too deeply");
	if (!r->steps_left)
		return fail(r, loc, "is a loop larger than it should be?", "rendering this takes too many steps");
	r->depth++;
	r->steps_left--;
	return true;
}

static const struct value *eval_const(struct render *r, const struct node *n) {
	(void)r;
	return n->constant;
}

static const struct value *eval_name(struct render *r, const struct node *n) {
	const struct value *v = lookup(r, n->name);

	if (!v)
		v = global_find(r, n->name);
	return v ? v : undefined_new(r, n->loc, n->name, NULL, NULL);
}

static const struct value *eval_list(struct render *r, const struct node *n) {
	struct value *list = value_list(r->arena, NO_LOC);

	list->flags = n->kind == NODE_TUPLE ? VALUE_TUPLE : 0;
	for (uint32_t i = 0; i < n->list.n; i++) {
		const struct value *v = eval(r, n->list.v[i]);

		if (!v || !storable(r, v, n->list.v[i]->loc))
			return NULL;
		value_list_push(r->arena, list, v);
	}
	return list;
}

static const struct value *eval_dict(struct render *r, const struct node *n) {
	struct value *dict = value_dict(r->arena, NO_LOC);

	for (uint32_t i = 0; i < n->list.n; i += 2) {
		const struct value *key = eval(r, n->list.v[i]), *v = key ? eval(r, n->list.v[i + 1]) : NULL;
		struct str s;

		if (!v || !str_of_value(r, key, n->list.v[i]->loc, "the key of a dict", &s) ||
		    !storable(r, v, n->list.v[i + 1]->loc))
			return NULL;
		value_dict_put(r->arena, dict, key, v);
	}
	return dict;
}

static const struct value *method_value(struct render *r, const struct value *self, const struct function *f) {
	struct object *o;
	struct value *v = object_new(r, OBJECT_METHOD, &o);

	o->self = self;
	o->function = f;
	return v;
}

uint8_t loop_field(struct key name) {
	static const char *const names[_LOOP_MAX] = {
		[LOOP_NONE] = "",
		[LOOP_INDEX] = "index",
		[LOOP_INDEX0] = "index0",
		[LOOP_REVINDEX] = "revindex",
		[LOOP_REVINDEX0] = "revindex0",
		[LOOP_LENGTH] = "length",
		[LOOP_DEPTH] = "depth",
		[LOOP_DEPTH0] = "depth0",
		[LOOP_FIRST] = "first",
		[LOOP_LAST] = "last",
		[LOOP_PREVITEM] = "previtem",
		[LOOP_NEXTITEM] = "nextitem",
	};

	for (unsigned i = LOOP_NONE + 1; i < _LOOP_MAX; i++)
		if (key_is(name, names[i]))
			return (uint8_t)i;
	return LOOP_NONE;
}

static const struct value *loop_attribute(struct render *r, const struct loop_state *l, uint8_t field, struct key name,
					  struct loc loc) {
	switch (field) {
	case LOOP_INDEX:
		return value_int(r->arena, (int64_t)l->index0 + 1, NO_LOC);
	case LOOP_INDEX0:
		return value_int(r->arena, l->index0, NO_LOC);
	case LOOP_REVINDEX:
		return value_int(r->arena, (int64_t)l->n - l->index0, NO_LOC);
	case LOOP_REVINDEX0:
		return value_int(r->arena, (int64_t)l->n - l->index0 - 1, NO_LOC);
	case LOOP_LENGTH:
		return value_int(r->arena, l->n, NO_LOC);
	case LOOP_DEPTH:
	case LOOP_DEPTH0:
		return value_int(r->arena, field == LOOP_DEPTH, NO_LOC);
	case LOOP_FIRST:
		return value_of_bool(l->index0 == 0);
	case LOOP_LAST:
		return value_of_bool(l->index0 + 1 == l->n);
	case LOOP_PREVITEM:
		return l->index0 ? l->items[l->index0 - 1]
				 : undefined_new(r, loc, name, NULL, "there is no previous item");
	case LOOP_NEXTITEM:
		return l->index0 + 1 < l->n ? l->items[l->index0 + 1]
					    : undefined_new(r, loc, name, NULL, "there is no next item");
	default:
		return NULL;
	}
}

static const struct value *object_attribute(const struct value *base, struct key name) {
	const struct object *o = object_of(base);

	if (o->kind == OBJECT_NAMESPACE)
		return value_get(o->attributes, name);
	if (o->kind == OBJECT_MODULE)
		return name.s[0] == '_' ? NULL : scan(o->context->vars, 0, o->context->n, name);
	if (o->kind == OBJECT_CYCLER && key_is(name, "current"))
		return o->list->list.v[o->at % o->list->list.n];
	return NULL;
}

/*
 * base.name: what Python calls an attribute comes first, then the key of a dict. `kinds` says for which kinds of values
 * there may be such an attribute; `field` which one of `loop` it is.
 */
static const struct value *attribute(struct render *r, const struct value *base, struct key name, unsigned kinds,
				     uint8_t field, struct loc loc) {
	const struct function *f = NULL;
	const struct value *v = NULL;
	bool refused = false;

	if (base->kind == VALUE_UNDEFINED)
		return fail_undefined(r, base);
	if (kinds & 1U << base->kind)
		f = method_find(base, name, &refused);
	if (refused)
		return fail(
			r, loc, base->kind == VALUE_DICT ? arena_printf(r->arena, "the key is ['%s']", name.s) : NULL,
			"'%s' of %s is a thing of Python's that is not supported here", name.s, value_kind_name(base));
	if (f)
		return method_value(r, base, f);
	if (base->kind == VALUE_DICT)
		v = value_get(base, name);
	else if (base->kind == VALUE_LIST && base->flags & VALUE_GROUP)
		v = key_is(name, "grouper") ? base->list.v[0] : key_is(name, "list") ? base->list.v[1] : NULL;
	else if (base->kind == VALUE_OBJECT && object_of(base)->kind == OBJECT_LOOP)
		v = loop_attribute(r, object_of(base)->loop, field, name, loc);
	else if (base->kind == VALUE_OBJECT && object_of(base)->kind == OBJECT_NAMESPACE && r->testing)
		return fail(r, loc, "use an {% if %} inside the loop",
			    "the condition of a loop that uses 'loop' does not read a namespace");
	else if (base->kind == VALUE_OBJECT)
		v = object_attribute(base, name);
	return v ? v : undefined_new(r, loc, name, base, NULL);
}

static const struct value *list_item(struct render *r, const struct value *base, int64_t i, struct loc loc) {
	int64_t n = base->list.n;

	if (base->flags & (VALUE_ITERATOR | VALUE_VIEW))
		return fail(r, loc, "put '| list' in front", "%s has no numbered items", value_kind_name(base));
	if (i < 0)
		i += n;
	if (i >= 0 && i < n)
		return base->list.v[i];
	return undefined_new(r, loc, (struct key){ 0 }, base,
			     arena_printf(r->arena, "the list has %lld items, not that one", (long long)n));
}

static const struct value *str_item(struct render *r, const struct value *base, int64_t i, struct loc loc) {
	int64_t n = (int64_t)utf8_count(base->str.s, base->str.len);
	size_t at, len;

	if (i < 0)
		i += n;
	if (i < 0 || i >= n)
		return undefined_new(
			r, loc, (struct key){ 0 }, base,
			arena_printf(r->arena, "the string has %lld characters, not that one", (long long)n));
	at = utf8_prefix(base->str.s, base->str.len, (size_t)i);
	(void)utf8_point(base->str.s + at, base->str.len - at, &len);
	return value_str(r->arena, base->str.s + at, len, base->loc);
}

const struct value *item(struct render *r, const struct value *base, const struct value *index, struct loc loc) {
	struct number n;

	if (base->kind == VALUE_UNDEFINED || index->kind == VALUE_UNDEFINED)
		return fail_undefined(r, base->kind == VALUE_UNDEFINED ? base : index);
	if (base->kind == VALUE_DICT && value_is_str(index)) {
		struct key k = key_of(index->str.s, index->str.len);
		const struct value *v = value_get(base, k);

		if (v)
			return v;
	}
	if (base->kind == VALUE_STR && base->flags & VALUE_MARKUP)
		return fail(r, loc, NULL, "the result of tojson is not taken apart");
	/* Jinja2 tries the attribute of that name next. */
	if (value_is_str(index)) {
		struct key name = key_of(arena_dup(r->arena, index->str.s, index->str.len), index->str.len);

		return attribute(r, base, name, UINT32_MAX, loop_field(name), loc);
	}
	if (number_of(index, &n) && !n.is_real && base->kind == VALUE_LIST)
		return list_item(r, base, n.i, loc);
	if (number_of(index, &n) && !n.is_real && base->kind == VALUE_STR)
		return str_item(r, base, n.i, loc);
	if (base->kind == VALUE_OBJECT)
		return fail(r, loc, NULL, "%s has no items", value_kind_name(base));
	return undefined_new(
		r, loc, (struct key){ 0 }, base,
		arena_printf(r->arena, "%s has no item under %s", value_kind_name(base), value_kind_name(index)));
}

static const struct value *eval_attr(struct render *r, const struct node *n) {
	const struct value *base = eval(r, n->attr.base);

	return base ? attribute(r, base, n->attr.name, n->attr.kinds, n->attr.loop_field, n->loc) : NULL;
}

static const struct value *eval_item(struct render *r, const struct node *n) {
	const struct value *base = eval(r, n->sub.a), *index = base ? eval(r, n->sub.b) : NULL;

	return index ? item(r, base, index, n->loc) : NULL;
}

/* Python's slice.indices(n). */
static bool slice_bounds(struct render *r, const struct value *const part[3], int64_t n, struct loc loc,
			 int64_t ret_b[3]) {
	int64_t step = 1, low, high;

	if (part[2] && part[2]->kind != VALUE_NULL && !int_of(r, part[2], loc, "the step of a slice", &step))
		return false;
	if (!step)
		return fail(r, loc, NULL, "the step of a slice is not 0");
	low = step < 0 ? -1 : 0;
	high = step < 0 ? n - 1 : n;
	ret_b[0] = step < 0 ? high : low;
	ret_b[1] = step < 0 ? low : high;
	ret_b[2] = step;
	for (int i = 0; i < 2; i++) {
		int64_t v;

		if (!part[i] || part[i]->kind == VALUE_NULL)
			continue;
		if (!int_of(r, part[i], loc, "the bound of a slice", &v))
			return false;
		v = v < 0 ? (v < -n ? low : MAX(v + n, low)) : MIN(v, high);
		ret_b[i] = v;
	}
	return true;
}

static const struct value *slice_str(struct render *r, const struct value *base, const int64_t b[3]) {
	size_t n = utf8_count(base->str.s, base->str.len), *at = arena_array(r->arena, size_t, n + 1), k = 0;
	struct text t = { 0 };
	const struct value *v;

	for (size_t i = 0, len; i < base->str.len; i += len) {
		(void)utf8_point(base->str.s + i, base->str.len - i, &len);
		at[k++] = i;
	}
	at[n] = base->str.len;
	for (int64_t i = b[0]; b[2] > 0 ? i < b[1] : i > b[1];) {
		text_add(&t, base->str.s + at[i], at[i + 1] - at[i]);
		if (__builtin_add_overflow(i, b[2], &i))
			break;
	}
	v = value_str(r->arena, arena_dup(r->arena, t.v, t.n), t.n, base->loc);
	text_done(&t);
	return v;
}

const struct value *slice(struct render *r, const struct value *base, const struct value *const part[3],
			  struct loc loc) {
	struct value *list;
	int64_t b[3];

	if (base->kind == VALUE_STR && base->flags & VALUE_MARKUP)
		return fail(r, loc, NULL, "the result of tojson is not taken apart");
	if (base->kind == VALUE_STR) {
		if (!slice_bounds(r, part, (int64_t)utf8_count(base->str.s, base->str.len), loc, b))
			return NULL;
		return slice_str(r, base, b);
	}
	if (base->kind != VALUE_LIST || base->flags & ~VALUE_TUPLE)
		return fail_datum(r, loc, base, NULL, "%s has no slices", value_kind_name(base));
	if (!slice_bounds(r, part, base->list.n, loc, b))
		return NULL;
	list = value_list(r->arena, base->loc);
	list->flags = base->flags;
	for (int64_t i = b[0]; b[2] > 0 ? i < b[1] : i > b[1];) {
		value_list_push(r->arena, list, base->list.v[i]);
		if (__builtin_add_overflow(i, b[2], &i))
			break;
	}
	return list;
}

static const struct value *eval_slice(struct render *r, const struct node *n) {
	const struct node *parts[3] = { n->sub.b, n->sub.c, n->sub.d };
	const struct value *base = eval(r, n->sub.a), *v[3] = { 0 };

	for (int i = 0; i < 3 && base; i++)
		if (parts[i] && !(v[i] = eval(r, parts[i])))
			base = NULL;
	if (base && base->kind == VALUE_UNDEFINED)
		return fail_undefined(r, base);
	return base ? slice(r, base, v, n->loc) : NULL;
}

static const struct value *eval_call(struct render *r, const struct node *n) {
	const struct node *callee = n->call.callee;
	const struct value *v;

	if (callee->kind == NODE_NAME && key_is(callee->name, "super") && r->frame->block && !lookup(r, callee->name)) {
		if (n->call.args.pos.n || n->call.args.n_kw)
			return fail(r, n->loc, NULL, "super() takes no arguments");
		return call_super(r, n->loc);
	}
	v = eval(r, callee);
	return v ? call_value(r, n, v, NULL) : NULL;
}

/* The value in front of the bar; chains of filters would nest as deep as they are long. */
static const struct value *eval_self(struct render *r, const struct node *n, const struct value *captured) {
	const struct value *v = captured;

	if (!n->filter.self)
		return captured;
	if (n->filter.self->kind != NODE_FILTER)
		return eval(r, n->filter.self);
	if (!deeper(r, n->loc))
		return NULL;
	v = eval_filter_on(r, n->filter.self, captured);
	r->depth--;
	return v;
}

const struct value *eval_filter_on(struct render *r, const struct node *n, const struct value *self) {
	struct call c = { .name = n->filter.filter->name, .loc = n->loc, .self = eval_self(r, n, self) };
	const struct args *args = &n->filter.args;
	const struct value **rest;
	struct named_value *kw;

	if (!c.self)
		return NULL;
	if (!args->pos.n && !args->n_kw)
		return filter_run(r, n->filter.filter, &c);
	c.n_rest = args->pos.n > n->filter.slots ? args->pos.n - n->filter.slots : 0;
	c.rest = rest = arena_array(r->arena, const struct value *, c.n_rest);
	c.kw = kw = arena_array(r->arena, struct named_value, args->n_kw);
	c.n_kw = args->n_kw;
	for (uint32_t i = 0; i < args->pos.n; i++) {
		const struct value *v = eval(r, args->pos.v[i]);

		if (!v)
			return NULL;
		if (i < n->filter.slots)
			c.arg[i] = v;
		else
			rest[i - n->filter.slots] = v;
	}
	for (uint32_t i = 0; i < args->n_kw; i++) {
		kw[i].name = args->kw[i].name;
		if (!(kw[i].value = eval(r, args->kw[i].value)))
			return NULL;
		if (args->kw[i].slot >= 0)
			c.arg[args->kw[i].slot] = kw[i].value;
	}
	return filter_run(r, n->filter.filter, &c);
}

static const struct value *eval_filter(struct render *r, const struct node *n) {
	return eval_filter_on(r, n, NULL);
}

static const struct value *eval_not(struct render *r, const struct node *n) {
	const struct value *v = eval(r, n->sub.a);
	bool b;

	return v && truth(r, v, n->sub.a->loc, &b) ? value_of_bool(!b) : NULL;
}

static const struct value *eval_sign(struct render *r, const struct node *n) {
	const struct value *v = eval(r, n->sub.a);
	struct number x;

	if (!v)
		return NULL;
	if (v->kind == VALUE_UNDEFINED)
		return fail_undefined(r, v);
	if (!number_of(v, &x))
		return fail_datum(r, n->loc, v, NULL, "%s has no sign", value_kind_name(v));
	if (x.is_real)
		return value_real(r->arena, n->kind == NODE_NEG ? -x.d : x.d, NO_LOC);
	if (n->kind == NODE_NEG && __builtin_sub_overflow((int64_t)0, x.i, &x.i))
		return fail(r, n->loc, NULL, "the result does not fit in 64 bits");
	return value_int(r->arena, x.i, NO_LOC);
}

static const struct value *eval_logic(struct render *r, const struct node *n) {
	const struct value *v = eval(r, n->sub.a);
	bool b;

	if (!v || !truth(r, v, n->sub.a->loc, &b))
		return NULL;
	return b == (n->kind == NODE_AND) ? eval(r, n->sub.b) : v;
}

static const struct value *eval_cond(struct render *r, const struct node *n) {
	const struct value *test = eval(r, n->sub.b), *v;
	bool b;

	if (!test || !truth(r, test, n->sub.b->loc, &b))
		return NULL;
	if (b || n->sub.c)
		return eval(r, b ? n->sub.a : n->sub.c);
	v = undefined_new(r, n->loc, (struct key){ 0 }, NULL,
			  "the condition of this 'if' is false and there is no 'else'");
	((struct undefined *)v->object)->lenient = true;
	return v;
}

static const struct value *eval_concat(struct render *r, const struct node *n) {
	struct text t = { 0 };
	const struct value *v = NULL;
	bool ok = true;

	for (uint32_t i = 0; i < n->list.n && ok; i++) {
		const struct value *part = eval(r, n->list.v[i]);

		ok = part && write_str(r, &t, part, n->list.v[i]->loc);
	}
	if (ok)
		v = value_str(r->arena, arena_dup(r->arena, t.v, t.n), t.n, NO_LOC);
	text_done(&t);
	return v && check_memory(r, n->loc) ? v : NULL;
}

static bool compare(struct render *r, enum compare_op op, const struct value *a, const struct value *b, struct loc loc,
		    bool *ret_b) {
	int o;

	switch (op) {
	case CMP_EQ:
	case CMP_NE:
		if (!equal(r, a, b, loc, ret_b))
			return false;
		*ret_b ^= op == CMP_NE;
		return true;
	case CMP_IN:
	case CMP_NOT_IN:
		if (!contains(r, b, a, loc, ret_b))
			return false;
		*ret_b ^= op == CMP_NOT_IN;
		return true;
	default:
		if (!order(r, a, b, loc, &o))
			return false;
		*ret_b = op == CMP_LT   ? o == -1
			 : op == CMP_LE ? o == -1 || o == 0
			 : op == CMP_GT ? o == 1
					: o == 0 || o == 1;
		return true;
	}
}

static const struct value *eval_compare(struct render *r, const struct node *n) {
	const struct value *left = eval(r, n->compare.first);
	bool b = true;

	for (uint32_t i = 0; i < n->compare.n && b; i++) {
		const struct value *right = left ? eval(r, n->compare.rest[i]) : NULL;

		if (!right || !compare(r, n->compare.ops[i], left, right, n->loc, &b))
			return NULL;
		left = right;
	}
	return left ? value_of_bool(b) : NULL;
}

static const struct value *eval_arithmetic(struct render *r, const struct node *n) {
	const struct value *a = eval(r, n->sub.a), *b = a ? eval(r, n->sub.b) : NULL;

	return b ? arithmetic(r, n->kind, a, b, n->loc) : NULL;
}

const struct value *eval(struct render *r, const struct node *n) {
	static const struct value *(*const table[_NODE_MAX])(struct render * r, const struct node *n) = {
		[NODE_CONST] = eval_const,     [NODE_NAME] = eval_name,      [NODE_LIST] = eval_list,
		[NODE_TUPLE] = eval_list,      [NODE_DICT] = eval_dict,      [NODE_ATTR] = eval_attr,
		[NODE_ITEM] = eval_item,       [NODE_SLICE] = eval_slice,    [NODE_CALL] = eval_call,
		[NODE_FILTER] = eval_filter,   [NODE_TEST] = eval_filter,    [NODE_NOT] = eval_not,
		[NODE_NEG] = eval_sign,        [NODE_POS] = eval_sign,       [NODE_AND] = eval_logic,
		[NODE_OR] = eval_logic,        [NODE_COND] = eval_cond,      [NODE_CONCAT] = eval_concat,
		[NODE_COMPARE] = eval_compare, [NODE_ADD] = eval_arithmetic, [NODE_SUB] = eval_arithmetic,
		[NODE_MUL] = eval_arithmetic,  [NODE_DIV] = eval_arithmetic, [NODE_FLOORDIV] = eval_arithmetic,
		[NODE_MOD] = eval_arithmetic,  [NODE_POW] = eval_arithmetic,
	};
	const struct value *v;

	if (!deeper(r, n->loc))
		return NULL;
	v = table[n->kind](r, n);
	r->depth--;
	return v;
}
