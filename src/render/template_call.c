/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls: methods of Python's strings, lists and dicts, the global functions, macros. What Python has and we do not is
 * in the tables too, so that it is refused by name: a dict's key called "items" must not silently become a method, nor
 * the method a missing key.
 */
#include "render/template_parse.h"
#include "render/template_render.h"

static const struct value *refuse(struct render *r, struct call *c) {
	return fail(r, c->loc, NULL, "'%s' is not supported here", c->name);
}

/* A view: can be counted and walked, as often as one likes. */
static const struct value *view(struct render *r, const struct value *dict, bool keys, bool values) {
	struct value *list = value_list(r->arena, dict->loc);

	list->flags = VALUE_VIEW;
	for (uint32_t i = 0; i < dict->dict.n; i++) {
		const struct value_entry *e = &dict->dict.v[i];
		struct value *pair;

		if (!keys || !values) {
			value_list_push(r->arena, list, keys ? e->key : e->value);
			continue;
		}
		pair = value_list(r->arena, e->value->loc);
		pair->flags = VALUE_TUPLE;
		value_list_push(r->arena, pair, e->key);
		value_list_push(r->arena, pair, e->value);
		value_list_push(r->arena, list, pair);
	}
	return list;
}

static const struct value *dict_items(struct render *r, struct call *c) {
	return view(r, c->self, true, true);
}

static const struct value *dict_keys(struct render *r, struct call *c) {
	return view(r, c->self, true, false);
}

static const struct value *dict_values(struct render *r, struct call *c) {
	return view(r, c->self, false, true);
}

static const struct value *dict_get(struct render *r, struct call *c) {
	const struct value *v = NULL;

	if (c->arg[0]->kind == VALUE_UNDEFINED)
		return fail_undefined(r, c->arg[0]);
	if (c->arg[0]->kind == VALUE_LIST || c->arg[0]->kind == VALUE_DICT)
		return fail(r, c->loc, NULL, "%s is no key", value_kind_name(c->arg[0]));
	if (value_is_str(c->arg[0]))
		v = value_get(c->self, key_of(c->arg[0]->str.s, c->arg[0]->str.len));
	return v ? v : c->arg[1] ? c->arg[1] : &value_null;
}

static const struct value *list_count(struct render *r, struct call *c) {
	int64_t n = 0;
	bool same;

	for (uint32_t i = 0; i < c->self->list.n; i++) {
		if (!equal(r, c->self->list.v[i], c->arg[0], c->loc, &same))
			return NULL;
		n += same;
	}
	return value_int(r->arena, n, NO_LOC);
}

static const struct value *list_index(struct render *r, struct call *c) {
	bool same;

	for (uint32_t i = 0; i < c->self->list.n; i++) {
		if (!equal(r, c->self->list.v[i], c->arg[0], c->loc, &same))
			return NULL;
		if (same)
			return value_int(r->arena, i, NO_LOC);
	}
	return fail_datum(r, c->loc, c->self, NULL, "the list does not have this item");
}

static const struct value *loop_cycle(struct render *r, struct call *c) {
	const struct loop_state *l = object_of(c->self)->loop;

	if (!c->n_rest)
		return fail(r, c->loc, NULL, "loop.cycle() wants something to choose from");
	return c->rest[l->index0 % c->n_rest];
}

static const struct value *tuple_of(struct render *r, const struct call *c) {
	struct value *list = value_list(r->arena, NO_LOC);

	list->flags = VALUE_TUPLE;
	for (uint32_t i = 0; i < c->n_rest; i++)
		value_list_push(r->arena, list, c->rest[i]);
	return list;
}

static const struct value *loop_changed(struct render *r, struct call *c) {
	struct loop_state *l = object_of(c->self)->loop;
	const struct value *now = tuple_of(r, c);
	bool same = false;

	if (l->changed && !equal(r, l->changed, now, c->loc, &same))
		return NULL;
	l->changed = now;
	return value_of_bool(!same);
}

static const struct value *cycler_next(struct render *r, struct call *c) {
	struct object *o = (struct object *)object_of(c->self);

	(void)r;
	return o->list->list.v[o->at++ % o->list->list.n];
}

static const struct value *cycler_reset(struct render *r, struct call *c) {
	(void)r;
	((struct object *)object_of(c->self))->at = 0;
	return &value_null;
}

static const struct value *global_range(struct render *r, struct call *c) {
	struct value *list = value_list(r->arena, NO_LOC);
	int64_t from = 0, to, step = 1;

	list->flags = VALUE_RANGE;
	if (!int_of(r, c->arg[0], c->loc, "an argument of range()", &to) ||
	    (c->arg[1] && !int_of(r, c->arg[1], c->loc, "an argument of range()", &to)) ||
	    (c->arg[1] && !int_of(r, c->arg[0], c->loc, "an argument of range()", &from)) ||
	    (c->arg[2] && !int_of(r, c->arg[2], c->loc, "an argument of range()", &step)))
		return NULL;
	if (!step)
		return fail(r, c->loc, NULL, "the step of range() is not 0");
	for (int64_t i = from; step > 0 ? i < to : i > to;) {
		if (list->list.n == TEMPLATE_LIST_MAX)
			return fail(r, c->loc, NULL, "range() gives at most %d items", TEMPLATE_LIST_MAX);
		value_list_push(r->arena, list, value_int(r->arena, i, NO_LOC));
		if (__builtin_add_overflow(i, step, &i))
			break;
	}
	return check_memory(r, c->loc) ? list : NULL;
}

/* dict(a=1), dict(d, a=1), namespace(...): a dict of the named arguments on top of a first one. */
static struct value *named_dict(struct render *r, const struct call *c) {
	struct value *dict = value_dict(r->arena, NO_LOC);
	const struct value *first = c->n_rest ? c->rest[0] : NULL;

	if (c->n_rest > 1 || (first && first->kind != VALUE_DICT))
		return fail(r, c->loc, NULL, "%s() takes one dict, and named arguments, here", c->name);
	for (uint32_t i = 0; first && i < first->dict.n; i++)
		value_dict_put(r->arena, dict, first->dict.v[i].key, first->dict.v[i].value);
	for (uint32_t i = 0; i < c->n_kw; i++) {
		if (!storable(r, c->kw[i].value, c->loc))
			return NULL;
		value_dict_put(r->arena, dict, value_str(r->arena, c->kw[i].name.s, c->kw[i].name.len, NO_LOC),
			       c->kw[i].value);
	}
	return dict;
}

static const struct value *global_dict(struct render *r, struct call *c) {
	return named_dict(r, c);
}

static const struct value *global_namespace(struct render *r, struct call *c) {
	struct value *dict = named_dict(r, c), *v;
	struct object *o;

	if (!dict)
		return NULL;
	v = object_new(r, OBJECT_NAMESPACE, &o);
	o->attributes = dict;
	return v;
}

static const struct value *global_cycler(struct render *r, struct call *c) {
	struct object *o;
	struct value *v = object_new(r, OBJECT_CYCLER, &o);

	if (!c->n_rest)
		return fail(r, c->loc, NULL, "cycler() wants something to choose from");
	o->list = tuple_of(r, c);
	return v;
}

static const struct value *global_joiner(struct render *r, struct call *c) {
	struct object *o;
	struct value *v = object_new(r, OBJECT_JOINER, &o);

	o->list = c->arg[0] ? c->arg[0] : value_text(r->arena, ", ", NO_LOC);
	return v;
}

#define REFUSED(kind, name)                                                                                            \
	{                                                                                                              \
		kind, {                                                                                                \
			name, "", refuse, FILTER_REFUSED, ""                                                           \
		}                                                                                                      \
	}

static const struct function methods[] = {
	{ VALUE_DICT, { "items", "", dict_items, 0, "" } },
	{ VALUE_DICT, { "keys", "", dict_keys, 0, "" } },
	{ VALUE_DICT, { "values", "", dict_values, 0, "" } },
	{ VALUE_DICT, { "get", "key, default=none", dict_get, FILTER_UNDEFINED, "" } },
	REFUSED(VALUE_DICT, "clear"),
	REFUSED(VALUE_DICT, "copy"),
	REFUSED(VALUE_DICT, "fromkeys"),
	REFUSED(VALUE_DICT, "pop"),
	REFUSED(VALUE_DICT, "popitem"),
	REFUSED(VALUE_DICT, "setdefault"),
	REFUSED(VALUE_DICT, "update"),
	{ VALUE_LIST, { "count", "value", list_count, 0, "" } },
	{ VALUE_LIST, { "index", "value", list_index, 0, "" } },
	REFUSED(VALUE_LIST, "append"),
	REFUSED(VALUE_LIST, "clear"),
	REFUSED(VALUE_LIST, "copy"),
	REFUSED(VALUE_LIST, "extend"),
	REFUSED(VALUE_LIST, "insert"),
	REFUSED(VALUE_LIST, "pop"),
	REFUSED(VALUE_LIST, "remove"),
	REFUSED(VALUE_LIST, "reverse"),
	REFUSED(VALUE_LIST, "sort"),
	REFUSED(VALUE_LIST, "start"),
	REFUSED(VALUE_LIST, "stop"),
	REFUSED(VALUE_LIST, "step"),
	REFUSED(VALUE_LIST, "mapping"),
	REFUSED(VALUE_LIST, "isdisjoint"),
	{ VALUE_OBJECT, { "cycle", "", loop_cycle, FILTER_REST | FILTER_UNDEFINED, "" } },
	{ VALUE_OBJECT, { "changed", "", loop_changed, FILTER_REST, "" } },
	{ VALUE_OBJECT, { "next", "", cycler_next, 0, "" } },
	{ VALUE_OBJECT, { "reset", "", cycler_reset, 0, "" } },
	{ VALUE_NULL, { NULL, NULL, NULL, 0, NULL } },
};

static const struct function globals[] = {
	{ _VALUE_KIND_MAX, { "range", "start, stop=none, step=1", global_range, 0, "" } },
	{ _VALUE_KIND_MAX, { "dict", "", global_dict, FILTER_REST, "" } },
	{ _VALUE_KIND_MAX, { "namespace", "", global_namespace, FILTER_REST, "" } },
	{ _VALUE_KIND_MAX, { "cycler", "", global_cycler, FILTER_REST, "" } },
	{ _VALUE_KIND_MAX, { "joiner", "sep=', '", global_joiner, 0, "" } },
	REFUSED(_VALUE_KIND_MAX, "lipsum"),
};

/* Which of the methods of objects belong to this one. */
static bool object_has(const struct value *v, const struct function *f) {
	enum object_kind kind = object_of(v)->kind;

	if (f->row.fn == loop_cycle || f->row.fn == loop_changed)
		return kind == OBJECT_LOOP;
	return kind == OBJECT_CYCLER;
}

static const struct function *find_method(const struct function *table, const struct value *self, struct key name) {
	for (; table->row.name; table++)
		if (table->kind == self->kind && key_is(name, table->row.name) &&
		    (self->kind != VALUE_OBJECT || object_has(self, table)))
			return table;
	return NULL;
}

/* Attributes of numbers that Python has. */
static bool is_number_attribute(struct key name) {
	static const char *const names[] = { "real",    "imag",       "numerator", "denominator", "conjugate",
					     "hex",     "bit_length", "bit_count", "to_bytes",    "as_integer_ratio",
					     "fromhex", "is_integer", "from_bytes" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (key_is(name, names[i]))
			return true;
	return false;
}

static bool is_object_attribute(const struct value *self, struct key name) {
	static const char *const macro[] = { "name",          "arguments", "catch_kwargs",
					     "catch_varargs", "caller",    "explicit_caller" };
	enum object_kind kind = object_of(self)->kind;

	if (kind == OBJECT_NAMESPACE || kind == OBJECT_MODULE)
		return key_is(name, "_body_stream");
	for (size_t i = 0; i < ARRAY_LEN(macro) && kind == OBJECT_MACRO; i++)
		if (key_is(name, macro[i]))
			return true;
	return name.s[0] == '_';
}

uint16_t method_kinds(struct key name) {
	static const struct function *const tables[] = { methods, str_methods };
	unsigned kinds = 1U << VALUE_OBJECT;

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct function *f = tables[i]; f->row.name; f++)
			if (key_is(name, f->row.name))
				kinds |= 1U << f->kind;
	if (is_number_attribute(name))
		kinds |= 1U << VALUE_INT | 1U << VALUE_REAL | 1U << VALUE_BOOL;
	return (uint16_t)(name.s[0] == '_' ? UINT16_MAX : kinds);
}

const struct function *method_find(const struct value *self, struct key name, bool *ret_refused) {
	const struct function *f = NULL;

	*ret_refused = name.len > 4 && memcmp(name.s, "__", 2) == 0 && memcmp(name.s + name.len - 2, "__", 2) == 0;
	if (self->kind == VALUE_STR)
		f = find_method(str_methods, self, name);
	else if (self->kind == VALUE_DICT || self->kind == VALUE_LIST || self->kind == VALUE_OBJECT)
		f = find_method(methods, self, name);
	else if (self->kind == VALUE_INT || self->kind == VALUE_REAL || self->kind == VALUE_BOOL)
		*ret_refused |= is_number_attribute(name);
	if (!f && self->kind == VALUE_OBJECT)
		*ret_refused |= is_object_attribute(self, name);
	if (f && (f->row.flags & FILTER_REFUSED || (self->kind == VALUE_STR && self->flags & VALUE_MARKUP) ||
		  (self->kind == VALUE_LIST && self->flags & (VALUE_ITERATOR | VALUE_VIEW))))
		*ret_refused = true;
	return *ret_refused ? NULL : f;
}

const struct value *global_find(struct render *r, struct key name) {
	for (size_t i = 0; i < ARRAY_LEN(globals); i++) {
		struct object *o;
		struct value *v;

		if (!key_is(name, globals[i].row.name))
			continue;
		v = object_new(r, OBJECT_FUNCTION, &o);
		o->function = &globals[i];
		return v;
	}
	return NULL;
}

/* The arguments of a call, evaluated. */
struct evaluated {
	const struct value **pos;
	struct named_value *kw;
};

static bool eval_args(struct render *r, const struct args *args, struct evaluated *ret_e) {
	ret_e->pos = arena_array(r->arena, const struct value *, args->pos.n);
	ret_e->kw = arena_array(r->arena, struct named_value, args->n_kw);
	for (uint32_t i = 0; i < args->pos.n; i++)
		if (!(ret_e->pos[i] = eval(r, args->pos.v[i])))
			return false;
	for (uint32_t i = 0; i < args->n_kw; i++) {
		ret_e->kw[i].name = args->kw[i].name;
		if (!(ret_e->kw[i].value = eval(r, args->kw[i].value)))
			return false;
	}
	return true;
}

static const struct value *call_function(struct render *r, const struct object *o, const struct args *args,
					 const struct evaluated *e, struct loc loc) {
	const struct filter *f = &o->function->row;
	struct key names[16];
	char why[160];

	if (args->n_kw > ARRAY_LEN(names) && !(f->flags & FILTER_REST))
		return fail(r, loc, NULL, "'%s' has too many arguments", f->name);
	for (uint32_t i = 0; i < MIN(args->n_kw, ARRAY_LEN(names)); i++)
		names[i] = args->kw[i].name;
	if (!filter_fits(f, "function", args->pos.n, names, MIN(args->n_kw, (uint32_t)ARRAY_LEN(names)), why,
			 sizeof(why)))
		return fail(r, loc, NULL, "%s", why);
	return filter_call(r, f, loc, o->self, e->pos, args->pos.n, e->kw, args->n_kw);
}

static const struct value *call_joiner(struct render *r, struct object *o, const struct args *args, struct loc loc) {
	if (args->pos.n || args->n_kw)
		return fail(r, loc, NULL, "a joiner takes no arguments");
	return o->at++ ? o->list : value_text(r->arena, "", NO_LOC);
}

const struct value *call_value(struct render *r, const struct node *call, const struct value *callee,
			       const struct value *caller) {
	const struct args *args = &call->call.args;
	struct object *o = (struct object *)callee->object;
	struct evaluated e;

	if (callee->kind == VALUE_UNDEFINED)
		return fail_undefined(r, callee);
	if (callee->kind != VALUE_OBJECT)
		return fail_datum(r, call->loc, callee, NULL, "%s cannot be called", value_kind_name(callee));
	if (!eval_args(r, args, &e))
		return NULL;
	if (o->kind == OBJECT_MACRO)
		return call_macro(r, o, e.pos, args->pos.n, e.kw, args->n_kw, caller, call->loc);
	if (caller)
		return fail(r, call->loc, NULL, "{%% call %%} wants a macro");
	if (o->kind == OBJECT_METHOD || o->kind == OBJECT_FUNCTION)
		return call_function(r, o, args, &e, call->loc);
	if (o->kind == OBJECT_JOINER)
		return call_joiner(r, o, args, call->loc);
	return fail(r, call->loc, NULL, "this cannot be called");
}
