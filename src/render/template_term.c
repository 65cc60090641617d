/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operands of expressions: literals, names, and what stands behind them: .name, [index], (call), |filter, `is
 * test`. Constant lists are built once; names of filters and tests and the number of their arguments are checked here,
 * so that a template which compiles has no such mistakes left.
 */
#include "render/template_parse.h"

struct node *node_new(struct parser *p, enum node_kind kind, struct loc loc) {
	struct node *n = arena_new(p->arena, struct node);

	n->kind = (uint8_t)kind;
	n->loc = loc;
	return n;
}

struct node *node_binary(struct parser *p, enum node_kind kind, struct loc loc, struct node *a, struct node *b) {
	struct node *n = node_new(p, kind, loc);

	n->sub.a = a;
	n->sub.b = b;
	return n;
}

static struct node *constant(struct parser *p, const struct value *v, struct loc loc) {
	struct node *n = node_new(p, NODE_CONST, loc);

	n->constant = v;
	return n;
}

struct nodes nodes_freeze(struct parser *p, struct node_list *list) {
	struct nodes out = { .n = (uint32_t)list->n };

	out.v = vec_freeze(list, p->arena);
	return out;
}

/* A list or tuple; one of constants only becomes a constant. */
struct node *node_sequence(struct parser *p, enum node_kind kind, struct loc loc, struct node_list *items) {
	struct node *n = node_new(p, kind, loc);
	struct value *v;

	n->list = nodes_freeze(p, items);
	for (uint32_t i = 0; i < n->list.n; i++)
		if (n->list.v[i]->kind != NODE_CONST)
			return n;
	v = value_list(p->arena, NO_LOC);
	v->flags = kind == NODE_TUPLE ? VALUE_TUPLE : 0;
	for (uint32_t i = 0; i < n->list.n; i++)
		value_list_push(p->arena, v, n->list.v[i]->constant);
	return constant(p, v, loc);
}

static struct node *parse_list(struct parser *p) {
	struct loc loc = take(p)->loc;
	struct node_list items = { 0 };

	while (current(p)->kind != TOKEN_RBRACKET) {
		struct node *item;

		if (items.n && !expect(p, TOKEN_COMMA))
			goto fail;
		if (current(p)->kind == TOKEN_RBRACKET)
			break;
		item = parse_expression(p, true);
		if (!item)
			goto fail;
		vec_push(&items, item);
	}
	(void)take(p);
	return node_sequence(p, NODE_LIST, loc, &items);
fail:
	vec_done(&items);
	return NULL;
}

static struct node *parse_dict(struct parser *p) {
	struct loc loc = take(p)->loc;
	struct node_list items = { 0 };
	struct node *n;

	while (current(p)->kind != TOKEN_RBRACE) {
		struct node *key, *value;

		if (items.n && !expect(p, TOKEN_COMMA))
			goto fail;
		if (current(p)->kind == TOKEN_RBRACE)
			break;
		key = parse_expression(p, true);
		if (!key || !expect(p, TOKEN_COLON))
			goto fail;
		value = parse_expression(p, true);
		if (!value)
			goto fail;
		vec_push(&items, key);
		vec_push(&items, value);
	}
	(void)take(p);
	n = node_new(p, NODE_DICT, loc);
	n->list = nodes_freeze(p, &items);
	return n;
fail:
	vec_done(&items);
	return NULL;
}

/* Neighbouring strings are one. */
static struct node *parse_string(struct parser *p) {
	struct loc loc = current(p)->loc;
	struct str first = take(p)->text;
	struct text all = { 0 };
	struct node *n;

	if (current(p)->kind != TOKEN_STRING)
		return constant(p, value_str(p->arena, first.s, first.len, NO_LOC), loc);
	text_add(&all, first.s, first.len);
	while (current(p)->kind == TOKEN_STRING) {
		struct str more = take(p)->text;

		text_add(&all, more.s, more.len);
	}
	n = constant(p, value_str(p->arena, arena_dup(p->arena, all.v, all.n), all.n, NO_LOC), loc);
	text_done(&all);
	return n;
}

static struct node *parse_name(struct parser *p) {
	static const struct {
		const char *word;
		const struct value *value;
	} words[] = { { "true", &value_true },   { "True", &value_true }, { "false", &value_false },
		      { "False", &value_false }, { "none", &value_null }, { "None", &value_null } };
	const struct token *t = take(p);
	struct node *n;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_is(t->text, words[i].word))
			return constant(p, words[i].value, t->loc);
	if (str_is(t->text, "self") || (p->in_macro && (str_is(t->text, "varargs") || str_is(t->text, "kwargs"))))
		return parse_fail(p, t->loc, NULL, "'%.*s' is not supported here", (int)t->text.len, t->text.s);
	if (str_is(t->text, "super") && p->in_block && current(p)->kind != TOKEN_LPAREN)
		return parse_fail(p, t->loc, "write super()", "'super' is only called here");
	n = node_new(p, NODE_NAME, t->loc);
	n->name = token_key(p, t);
	p->saw_loop |= key_is(n->name, "loop");
	p->saw_caller |= key_is(n->name, "caller");
	return n;
}

struct node *parse_primary(struct parser *p) {
	const struct token *t = current(p);
	struct node *n;

	switch (t->kind) {
	case TOKEN_NAME:
		return parse_name(p);
	case TOKEN_STRING:
		return parse_string(p);
	case TOKEN_INT:
		(void)take(p);
		return constant(p, value_int(p->arena, t->integer, NO_LOC), t->loc);
	case TOKEN_REAL:
		(void)take(p);
		return constant(p, value_real(p->arena, t->real, NO_LOC), t->loc);
	case TOKEN_LPAREN:
		(void)take(p);
		n = parse_tuple(p, true, true);
		return n && expect(p, TOKEN_RPAREN) ? n : NULL;
	case TOKEN_LBRACKET:
		return parse_list(p);
	case TOKEN_LBRACE:
		return parse_dict(p);
	default:
		return parse_unexpected(p, "an expression");
	}
}

static struct node *parse_slice_part(struct parser *p, bool *ret_ok) {
	struct node *n;

	if (current(p)->kind == TOKEN_COLON || current(p)->kind == TOKEN_RBRACKET)
		return NULL;
	n = parse_expression(p, true);
	*ret_ok = n != NULL;
	return n;
}

static struct node *parse_index(struct parser *p, struct node *base) {
	struct loc loc = current(p)->loc;
	struct node *n, *index;
	bool ok = true;

	index = parse_slice_part(p, &ok);
	if (!ok)
		return NULL;
	if (current(p)->kind != TOKEN_COLON) {
		if (!index)
			return parse_unexpected(p, "an index");
		if (current(p)->kind == TOKEN_COMMA)
			return parse_fail(p, current(p)->loc, NULL, "an index is one value here");
		return expect(p, TOKEN_RBRACKET) ? node_binary(p, NODE_ITEM, index->loc, base, index) : NULL;
	}
	n = node_binary(p, NODE_SLICE, loc, base, index);
	(void)take(p);
	n->sub.c = parse_slice_part(p, &ok);
	if (ok && skip(p, TOKEN_COLON))
		n->sub.d = parse_slice_part(p, &ok);
	return ok && expect(p, TOKEN_RBRACKET) ? n : NULL;
}

static struct node *parse_subscript(struct parser *p, struct node *base) {
	const struct token *t;
	struct node *n;

	if (take(p)->kind == TOKEN_LBRACKET)
		return parse_index(p, base);
	t = take(p);
	if (t->kind == TOKEN_INT)
		return node_binary(p, NODE_ITEM, t->loc, base,
				   constant(p, value_int(p->arena, t->integer, NO_LOC), t->loc));
	if (t->kind != TOKEN_NAME) {
		p->at--;
		return parse_unexpected(p, "the name of an attribute");
	}
	n = node_new(p, NODE_ATTR, t->loc);
	n->attr.base = base;
	n->attr.name = token_key(p, t);
	n->attr.kinds = method_kinds(n->attr.name);
	n->attr.loop_field = loop_field(n->attr.name);
	return n;
}

static bool parse_arg(struct parser *p, struct node_list *pos, struct args *args, uint32_t *cap) {
	const struct token *t = current(p);
	struct keyword kw = { 0 };
	struct node *n;

	if (t->kind == TOKEN_MUL || t->kind == TOKEN_POW)
		return parse_fail(p, t->loc, "write the arguments out", "'*' and '**' in arguments are not supported");
	if (t->kind != TOKEN_NAME || ahead(p)->kind != TOKEN_ASSIGN) {
		n = parse_expression(p, true);
		if (n && args->n_kw)
			return parse_fail(p, n->loc, NULL, "arguments without a name come before those with one");
		if (n)
			vec_push(pos, n);
		return n != NULL;
	}
	kw.name = token_key(p, t);
	kw.loc = t->loc;
	(void)take(p);
	(void)take(p);
	for (uint32_t i = 0; i < args->n_kw; i++)
		if (str_is(t->text, args->kw[i].name.s))
			return parse_fail(p, t->loc, NULL, "argument '%s' is given twice", kw.name.s);
	kw.value = parse_expression(p, true);
	if (!kw.value)
		return false;
	if (args->n_kw == *cap) {
		struct keyword *more = arena_array(p->arena, struct keyword, *cap + 4);

		if (args->n_kw)
			memcpy(more, args->kw, args->n_kw * sizeof(*more));
		args->kw = more;
		*cap += 4;
	}
	args->kw[args->n_kw++] = kw;
	return true;
}

/* From the opening parenthesis to the closing one. */
static bool parse_args(struct parser *p, struct args *ret_args) {
	struct args args = { 0 };
	struct node_list pos = { 0 };
	uint32_t cap = 0;
	bool more = false;

	(void)take(p);
	while (current(p)->kind != TOKEN_RPAREN) {
		if (more && !expect(p, TOKEN_COMMA))
			goto fail;
		if (current(p)->kind == TOKEN_RPAREN)
			break;
		if (!parse_arg(p, &pos, &args, &cap))
			goto fail;
		more = true;
	}
	(void)take(p);
	args.pos = nodes_freeze(p, &pos);
	*ret_args = args;
	return true;
fail:
	vec_done(&pos);
	return false;
}

static struct node *parse_call(struct parser *p, struct node *callee) {
	struct node *n = node_new(p, NODE_CALL, callee->loc);

	n->call.callee = callee;
	return parse_args(p, &n->call.args) ? n : NULL;
}

/* `what` is "filter" or "test". */
static struct node *checked(struct parser *p, struct node *n, const char *what, const struct token *name,
			    const char *near) {
	const struct filter *f = n->filter.filter;
	struct key names[32];
	unsigned required;
	char why[160];

	if (!f)
		return parse_fail(p, name->loc, near ? arena_printf(p->arena, "did you mean '%s'?", near) : NULL,
				  "there is no %s '%.*s'", what, (int)name->text.len, name->text.s);
	if (f->flags & FILTER_REFUSED)
		return parse_fail(p, name->loc, f->doc, "the %s '%s' is not supported here", what, f->name);
	if (n->filter.args.n_kw > ARRAY_LEN(names))
		return parse_fail(p, name->loc, NULL, "%s '%s' has too many arguments", what, f->name);
	for (uint32_t i = 0; i < n->filter.args.n_kw; i++)
		names[i] = n->filter.args.kw[i].name;
	if (!filter_fits(f, what, n->filter.args.pos.n, names, n->filter.args.n_kw, why, sizeof(why)))
		return parse_fail(p, name->loc, arena_printf(p->arena, "it is %s(%s)", f->name, f->args), "%s", why);
	n->filter.slots = filter_slots(f, &required);
	for (uint32_t i = 0; i < n->filter.args.n_kw; i++)
		n->filter.args.kw[i].slot = filter_slot(f, names[i]);
	return n;
}

struct node *parse_filters(struct parser *p, struct node *self, bool start_inline) {
	while (self || start_inline) {
		const struct token *name;
		const char *near;
		struct node *n;

		if (!start_inline && !skip(p, TOKEN_PIPE))
			return self;
		name = current(p);
		if (!expect(p, TOKEN_NAME))
			return NULL;
		n = node_new(p, NODE_FILTER, name->loc);
		n->filter.self = self;
		n->filter.filter = filter_find(name->text, &near);
		if (current(p)->kind == TOKEN_LPAREN && !parse_args(p, &n->filter.args))
			return NULL;
		self = checked(p, n, "filter", name, near);
		start_inline = false;
	}
	return NULL;
}

struct node *parse_postfix(struct parser *p, struct node *n) {
	while (n) {
		enum token_kind kind = current(p)->kind;

		if (kind == TOKEN_DOT || kind == TOKEN_LBRACKET)
			n = parse_subscript(p, n);
		else if (kind == TOKEN_LPAREN)
			n = parse_call(p, n);
		else
			break;
	}
	return n;
}

static bool begins_test_argument(const struct token *t) {
	switch (t->kind) {
	case TOKEN_NAME:
		return !token_is_name(t, "else") && !token_is_name(t, "or") && !token_is_name(t, "and");
	case TOKEN_STRING:
	case TOKEN_INT:
	case TOKEN_REAL:
	case TOKEN_LBRACKET:
	case TOKEN_LBRACE:
		return true;
	default:
		return false;
	}
}

static struct node *parse_test(struct parser *p, struct node *self) {
	struct loc loc = take(p)->loc;
	bool negated = skip_name(p, "not");
	const struct token *name = current(p);
	const char *near;
	struct node *n;

	if (!expect(p, TOKEN_NAME))
		return NULL;
	n = node_new(p, NODE_TEST, name->loc);
	n->filter.self = self;
	n->filter.filter = test_find(name->text, &near);
	if (current(p)->kind == TOKEN_LPAREN) {
		if (!parse_args(p, &n->filter.args))
			return NULL;
	} else if (begins_test_argument(current(p))) {
		struct node_list one = { 0 };
		struct node *arg;

		if (is_name(p, "is"))
			return parse_fail(p, current(p)->loc, "use parentheses, or 'and'", "tests cannot be chained");
		arg = parse_primary(p);
		arg = arg ? parse_postfix(p, arg) : NULL;
		if (!arg)
			return NULL;
		vec_push(&one, arg);
		n->filter.args.pos = nodes_freeze(p, &one);
	}
	n = checked(p, n, "test", name, near);
	return n && negated ? node_binary(p, NODE_NOT, loc, n, NULL) : n;
}

struct node *parse_filter_chain(struct parser *p, struct node *n) {
	while (n) {
		if (current(p)->kind == TOKEN_PIPE)
			n = parse_filters(p, n, false);
		else if (is_name(p, "is"))
			n = parse_test(p, n);
		else if (current(p)->kind == TOKEN_LPAREN)
			n = parse_call(p, n);
		else
			break;
	}
	return n;
}
