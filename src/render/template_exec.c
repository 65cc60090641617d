/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements. Each template that is rendered, included or imported has a context, which holds the assignments at its
 * top; all other names are on one stack, seen through the window of the current frame. A loop binds its names anew in
 * every round and drops them after it.
 */
#include <errno.h>

#include "render/template_render.h"

static void mark(struct render *r, struct loc place, struct loc datum, bool is_data) {
	if (r->map)
		vec_push(&r->map->marks, (struct line_mark){ r->out->n - r->out_base, place, datum, is_data });
}

const struct value *capture_take(struct render *r, size_t from) {
	size_t len = r->out->n - from;
	struct value *v;

	if (len > TEMPLATE_STRING_MAX)
		return fail(r, NO_LOC, NULL, "a string has at most %d MiB", TEMPLATE_STRING_MAX >> 20);
	v = value_str(r->arena, arena_dup(r->arena, len ? r->out->v + from : "", len), len, NO_LOC);
	r->out->n = from;
	if (r->map) {
		for (size_t i = r->map->marks.n;
		     i-- > 0 && r->map->marks.v[i].at >= from - r->out_base && !v->loc.file;)
			v->loc = r->map->marks.v[i].datum;
		line_map_cut(r->map, from - r->out_base);
	}
	return v;
}

void bind_name(struct render *r, struct key name, const struct value *v) {
	vec_push(&r->locals, (struct binding){ name, v });
}

static void context_set(struct render *r, struct key name, const struct value *v) {
	struct context *c = r->frame->context;

	for (uint32_t i = 0; i < c->n; i++)
		if (c->vars[i].name.hash == name.hash && strcmp(c->vars[i].name.s, name.s) == 0) {
			c->vars[i].value = v;
			return;
		}
	if (c->n == c->cap) {
		struct binding *more = arena_array(r->arena, struct binding, c->cap * 2 + 8);

		if (c->n)
			memcpy(more, c->vars, c->n * sizeof(*more));
		c->vars = more;
		c->cap = c->cap * 2 + 8;
	}
	c->vars[c->n++] = (struct binding){ name, v };
}

static bool assign_attribute(struct render *r, const struct target *t, const struct value *v) {
	const struct value *ns = lookup(r, t->name);

	if (!ns || ns->kind != VALUE_OBJECT || object_of(ns)->kind != OBJECT_NAMESPACE)
		return fail(r, t->loc, "{% set ns = namespace() %} makes one",
			    "only the attributes of a namespace are assigned to");
	if (!storable(r, v, t->loc))
		return false;
	value_dict_put(r->arena, object_of(ns)->attributes, value_text(r->arena, t->attr.s, NO_LOC), v);
	return true;
}

bool assign(struct render *r, const struct target *t, const struct value *v, bool at_top) {
	const struct value *items;

	if (t->attr.s)
		return assign_attribute(r, t, v);
	if (!t->n_parts) {
		if (!keepable(r, v, t->loc))
			return false;
		if (at_top)
			context_set(r, t->name, v);
		else
			bind_name(r, t->name, v);
		return true;
	}
	items = items_of(r, v, t->loc);
	if (!items)
		return false;
	if (items->list.n != t->n_parts)
		return fail_datum(r, t->loc, v, NULL, "%u names for %u values", t->n_parts, items->list.n);
	for (uint32_t i = 0; i < t->n_parts; i++)
		if (!assign(r, &t->parts[i], items->list.v[i], at_top))
			return false;
	return true;
}

/* Puts a frame on top of the current one. */
static const struct frame *push_frame(struct render *r, struct frame *f) {
	struct frame *old = r->frame;

	old->top = f->floor = r->locals.n;
	r->frame = f;
	return old;
}

static void pop_frame(struct render *r, const struct frame *old) {
	r->locals.n = r->frame->floor;
	r->frame = (struct frame *)old;
}

static bool go_inside(struct render *r, struct loc loc) {
	if (r->inside >= TEMPLATE_DEPTH_MAX)
		return fail(r, loc, "does it include or call itself?",
			    "includes, macro calls and blocks are nested more than %d deep", TEMPLATE_DEPTH_MAX);
	r->inside++;
	return true;
}

static void note_from(struct render *r, struct loc loc, const char *what) {
	diag_note(r->diags, loc, "%s from here", what);
}

static bool exec_data(struct render *r, const struct stmt *s) {
	if (s->data.len) {
		mark(r, s->loc, NO_LOC, true);
		text_add(r->out, s->data.s, s->data.len);
	}
	return true;
}

static bool exec_print(struct render *r, const struct stmt *s) {
	const struct value *v = eval(r, s->expr);

	if (!v)
		return false;
	mark(r, s->loc, v->loc, false);
	return write_str(r, r->out, v, s->loc);
}

static bool exec_if(struct render *r, const struct stmt *s) {
	for (uint32_t i = 0; i < s->choice.n; i++) {
		const struct node *test = s->choice.tests[i];
		const struct value *v = test ? eval(r, test) : &value_true;
		bool b;

		if (!v || !truth(r, v, test ? test->loc : s->loc, &b))
			return false;
		if (b)
			return exec(r, &s->choice.bodies[i]);
	}
	return true;
}

/* Whether an item passes the loop's condition; its names are bound only meanwhile. */
static bool loop_test(struct render *r, const struct stmt *s, const struct value *v, bool *ret_pass) {
	size_t top = r->locals.n;
	const struct value *result;
	bool ok;

	*ret_pass = true;
	if (!s->loop.test)
		return true;
	if (!assign(r, &s->loop.target, v, false))
		return false;
	result = eval(r, s->loop.test);
	ok = result && truth(r, result, s->loop.test->loc, ret_pass);
	r->locals.n = top;
	return ok;
}

/* The items that pass the condition, when `loop` must know how many there are. */
static const struct value *loop_select(struct render *r, const struct stmt *s, const struct value *items) {
	struct value *list = value_list(r->arena, NO_LOC);

	r->testing++;
	for (uint32_t i = 0; i < items->list.n; i++) {
		bool pass;

		if (!loop_test(r, s, items->list.v[i], &pass))
			return NULL;
		if (pass)
			value_list_push(r->arena, list, items->list.v[i]);
	}
	r->testing--;
	return list;
}

static bool exec_round(struct render *r, const struct stmt *s, const struct value *v, const struct value *loop) {
	size_t top = r->locals.n;
	bool ok;

	if (loop)
		bind_name(r, r->loop_name, loop);
	ok = assign(r, &s->loop.target, v, false) && exec(r, &s->loop.body);
	r->locals.n = top;
	return ok;
}

static bool exec_for(struct render *r, const struct stmt *s) {
	const struct value *v = eval(r, s->loop.iter), *items = v ? items_of(r, v, s->loop.iter->loc) : NULL;
	struct value *loop = NULL;
	struct loop_state *state = NULL;
	struct object *o;
	bool any = false, pass;

	if (items && s->flag && s->loop.test)
		items = loop_select(r, s, items);
	if (!items)
		return false;
	if (s->flag) {
		loop = object_new(r, OBJECT_LOOP, &o);
		state = o->loop = arena_new(r->arena, struct loop_state);
		*state = (struct loop_state){ .items = items->list.v, .n = items->list.n };
	}
	for (uint32_t i = 0; i < items->list.n; i++) {
		if (!s->flag && !loop_test(r, s, items->list.v[i], &pass))
			return false;
		if (!s->flag && !pass)
			continue;
		if (state)
			state->index0 = i;
		any = true;
		if (!exec_round(r, s, items->list.v[i], loop))
			return false;
	}
	if (!any) {
		size_t top = r->locals.n;
		bool ok = exec(r, &s->loop.otherwise);

		r->locals.n = top;
		return ok;
	}
	return true;
}

static bool exec_set(struct render *r, const struct stmt *s) {
	const struct value *v = eval(r, s->set.value);

	return v && assign(r, &s->set.target, v, s->flag);
}

/* A body's output as a value; what it assigns is dropped. */
static const struct value *exec_captured(struct render *r, const struct body *body) {
	size_t from = capture_begin(r), top = r->locals.n;

	if (!exec(r, body))
		return NULL;
	r->locals.n = top;
	return capture_take(r, from);
}

static bool exec_set_block(struct render *r, const struct stmt *s) {
	const struct value *v = exec_captured(r, &s->set.body);

	if (v && s->set.value)
		v = eval_filter_on(r, s->set.value, v);
	return v && assign(r, &s->set.target, v, s->flag);
}

static bool exec_filter(struct render *r, const struct stmt *s) {
	const struct value *v = exec_captured(r, &s->filter.body);

	v = v ? eval_filter_on(r, s->filter.filter, v) : NULL;
	if (!v)
		return false;
	mark(r, s->loc, v->loc, false);
	return write_str(r, r->out, v, s->loc);
}

/* All values are evaluated before any of the names is bound. */
static bool exec_with(struct render *r, const struct stmt *s) {
	const struct value **v = arena_array(r->arena, const struct value *, s->with.n);
	size_t top = r->locals.n;
	bool ok = true;

	for (uint32_t i = 0; i < s->with.n; i++)
		if (!(v[i] = eval(r, s->with.values[i])))
			return false;
	for (uint32_t i = 0; i < s->with.n && ok; i++)
		ok = assign(r, &s->with.targets[i], v[i], false);
	ok = ok && exec(r, &s->with.body);
	r->locals.n = top;
	return ok;
}

/* A template and those it extends, in the current frame. */
static bool run_template(struct render *r, const struct template *t) {
	for (; t; t = t->parent)
		if (!exec(r, &t->body)) {
			if (t != r->frame->context->leaf)
				note_from(r, r->frame->context->leaf->extends, "extended");
			return false;
		}
	return true;
}

/* Runs another template in a context of its own. */
static struct context *run_inside(struct render *r, const struct stmt *s, const char *what) {
	struct context *c = arena_new(r->arena, struct context);
	struct frame f = { .context = c };
	const struct frame *old;
	bool ok;

	if (!go_inside(r, s->loc))
		return NULL;
	old = push_frame(r, &f);
	*c = (struct context){ .leaf = s->include.t, .outer = s->flag ? NULL : old };
	ok = run_template(r, s->include.t);
	pop_frame(r, old);
	r->inside--;
	if (!ok)
		note_from(r, s->loc, what);
	return ok ? c : NULL;
}

static bool exec_include(struct render *r, const struct stmt *s) {
	return !s->include.t || run_inside(r, s, "included");
}

static bool import_name(struct render *r, const struct stmt *s, const struct context *c, uint32_t i) {
	const struct value *v = NULL;

	for (uint32_t k = 0; k < c->n; k++)
		if (strcmp(c->vars[k].name.s, s->include.names[i].s) == 0)
			v = c->vars[k].value;
	if (!v)
		v = undefined_new(
			r, s->loc, s->include.names[i], NULL,
			arena_printf(r->arena, "'%s' does not define '%s'", s->include.t->name, s->include.names[i].s));
	return assign(r, &(struct target){ .loc = s->loc, .name = s->include.aliases[i] }, v, s->include.at_top);
}

static bool exec_import(struct render *r, const struct stmt *s) {
	size_t from = capture_begin(r);
	struct context *c = run_inside(r, s, "imported");
	struct value *module;
	struct object *o;

	if (!c)
		return false;
	r->out->n = from;
	if (r->map)
		line_map_cut(r->map, from - r->out_base);
	for (uint32_t i = 0; i < s->include.n; i++)
		if (!import_name(r, s, c, i))
			return false;
	if (!s->include.module.s)
		return true;
	module = object_new(r, OBJECT_MODULE, &o);
	o->context = c;
	return assign(r, &(struct target){ .loc = s->loc, .name = s->include.module }, module, s->include.at_top);
}

static const struct block *find_block(const struct template *t, struct key name) {
	for (; t; t = t->parent)
		for (uint32_t i = 0; i < t->n_blocks; i++)
			if (t->blocks[i]->name.hash == name.hash && strcmp(t->blocks[i]->name.s, name.s) == 0)
				return t->blocks[i];
	return NULL;
}

static bool run_block(struct render *r, const struct block *b, const struct frame *up, struct loc loc) {
	struct frame f = { .up = up, .context = r->frame->context, .block = b };
	const struct frame *old;
	bool ok;

	if (!go_inside(r, loc))
		return false;
	old = push_frame(r, &f);
	ok = exec(r, &b->body);
	pop_frame(r, old);
	r->inside--;
	return ok;
}

static bool exec_block(struct render *r, const struct stmt *s) {
	const struct block *b = find_block(r->frame->context->leaf, s->block->name);

	/* In a template that extends another, blocks at the top are definitions only. */
	if (s->define_only)
		return true;
	if (s->block->required && b == s->block)
		return fail(r, s->loc, NULL, "the block '%s' is required, and no template that extends this one has it",
			    b->name.s);
	return run_block(r, b, s->block->scoped ? r->frame : NULL, s->loc);
}

const struct value *call_super(struct render *r, struct loc loc) {
	const struct block *b = r->frame->block, *up = find_block(b->home->parent, b->name);
	size_t from = capture_begin(r);

	if (!up)
		return fail(r, loc, NULL, "there is no parent block called '%s'", b->name.s);
	return run_block(r, up, NULL, loc) ? capture_take(r, from) : NULL;
}

static bool exec_macro(struct render *r, const struct stmt *s) {
	struct object *o;
	struct value *v = object_new(r, OBJECT_MACRO, &o);

	o->macro = s->macro;
	o->context = r->frame->context;
	context_set(r, s->macro->name, v);
	return true;
}

static bool exec_call(struct render *r, const struct stmt *s) {
	const struct node *call = s->call.call;
	const struct value *callee = eval(r, call->call.callee), *v;
	struct object *o;
	struct value *caller = object_new(r, OBJECT_MACRO, &o);

	o->macro = s->call.caller;
	o->context = r->frame->context;
	o->frame = r->frame;
	v = callee ? call_value(r, call, callee, caller) : NULL;
	if (!v)
		return false;
	mark(r, s->loc, v->loc, false);
	return write_str(r, r->out, v, s->loc);
}

bool exec(struct render *r, const struct body *body) {
	static bool (*const table[_STMT_MAX])(struct render * r, const struct stmt *s) = {
		[STMT_DATA] = exec_data,     [STMT_PRINT] = exec_print,     [STMT_IF] = exec_if,
		[STMT_FOR] = exec_for,       [STMT_SET] = exec_set,         [STMT_SET_BLOCK] = exec_set_block,
		[STMT_WITH] = exec_with,     [STMT_INCLUDE] = exec_include, [STMT_IMPORT] = exec_import,
		[STMT_BLOCK] = exec_block,   [STMT_MACRO] = exec_macro,     [STMT_CALL] = exec_call,
		[STMT_FILTER] = exec_filter,
	};

	for (uint32_t i = 0; i < body->n; i++) {
		const struct stmt *s = &body->v[i];
		bool ok;

		if (!check_memory(r, s->loc) || !deeper(r, s->loc))
			return false;
		ok = table[s->kind](r, s);
		r->depth--;
		if (!ok)
			return false;
	}
	return true;
}

/* Binds the arguments to the macro's names, in order: a default may use the names before it. */
static bool bind_params(struct render *r, const struct macro *m, const struct value *const *pos, uint32_t n_pos,
			const struct named_value *kw, uint32_t n_kw, struct loc loc) {
	uint32_t used = 0;

	for (uint32_t i = 0; i < m->n_params; i++) {
		const struct value *v = i < n_pos ? pos[i] : NULL;

		for (uint32_t k = 0; k < n_kw && i >= n_pos; k++)
			if (strcmp(kw[k].name.s, m->params[i].s) == 0) {
				v = kw[k].value;
				used++;
			}
		if (!v)
			v = m->defaults[i]
				    ? eval(r, m->defaults[i])
				    : undefined_new(r, loc, m->params[i], NULL,
						    arena_printf(r->arena, "the argument '%s' of '%s' is not given",
								 m->params[i].s, m->name.s));
		if (!v || !keepable(r, v, loc))
			return false;
		bind_name(r, m->params[i], v);
	}
	if (n_pos > m->n_params)
		return fail(r, loc, NULL, "'%s' takes %u arguments, not %u", m->name.s, m->n_params, n_pos);
	if (used < n_kw)
		return fail(r, loc, NULL, "'%s' takes no such named argument, or it is given twice", m->name.s);
	return true;
}

const struct value *call_macro(struct render *r, const struct object *o, const struct value *const *pos, uint32_t n_pos,
			       const struct named_value *kw, uint32_t n_kw, const struct value *caller,
			       struct loc loc) {
	const struct macro *m = o->macro;
	struct frame f = { .up = o->frame, .context = o->context };
	size_t from = capture_begin(r);
	const struct frame *old;
	bool ok;

	if (caller && !m->wants_caller)
		return fail(r, loc, NULL, "'%s' does not use caller()", m->name.s);
	if (!go_inside(r, loc))
		return NULL;
	old = push_frame(r, &f);
	ok = bind_params(r, m, pos, n_pos, kw, n_kw, loc);
	if (ok && m->wants_caller)
		bind_name(r, r->caller_name,
			  caller ? caller
				 : undefined_new(r, loc, (struct key){ 0 }, NULL,
						 "this macro is not called by {% call %}"));
	ok = ok && exec(r, &m->body);
	pop_frame(r, old);
	r->inside--;
	if (!ok)
		note_from(r, loc, "called");
	return ok ? capture_take(r, from) : NULL;
}

int template_render(const struct template *t, const struct template_run *run, struct text *out) {
	struct context context = { .leaf = t, .data = run->data };
	struct frame frame = { .context = &context };
	struct render r = { .run = run, .arena = run->arena, .diags = run->diags, .map = run->map, .out = out };
	bool ok;

	r.out_base = out->n;
	r.arena_base = run->arena->total;
	r.frame = &frame;
	r.steps_left = run->steps_max ? run->steps_max : TEMPLATE_STEPS_MAX;
	r.loop_name = key_of("loop", 4);
	r.caller_name = key_of("caller", 6);
	ok = run_template(&r, t) && check_memory(&r, NO_LOC);
	vec_done(&r.locals);
	if (ok)
		return 0;
	out->n = r.out_base;
	if (run->map)
		line_map_cut(run->map, 0);
	return -EINVAL;
}
