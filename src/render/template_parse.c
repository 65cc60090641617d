/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements. A tag is a row in a table: its word and the function that parses it. A body runs until one of the words
 * that may end it, which stays the current token.
 */
#include "render/template_parse.h"

void *parse_fail(struct parser *p, struct loc loc, const char *hint, const char *fmt, ...) {
	const struct token *t = current(p);
	va_list ap;

	/* The tokens end early because of a mistake in them: that one comes first. */
	if (t->kind == TOKEN_BAD) {
		diag_error(p->diags, "template-syntax", t->loc, NULL, "%.*s", (int)t->text.len, t->text.s);
		return NULL;
	}
	va_start(ap, fmt);
	diag_error(p->diags, "template-syntax", loc, hint, "%s", arena_vprintf(p->diags->arena, fmt, ap));
	va_end(ap);
	return NULL;
}

void *parse_unexpected(struct parser *p, const char *wanted) {
	const struct token *t = current(p);

	if (t->kind == TOKEN_NAME)
		return parse_fail(p, t->loc, NULL, "'%.*s' stands where %s should", (int)t->text.len, t->text.s,
				  wanted);
	return parse_fail(p, t->loc, NULL, "%s stands where %s should", token_kind_name(t->kind), wanted);
}

bool skip(struct parser *p, enum token_kind kind) {
	if (current(p)->kind != kind)
		return false;
	(void)take(p);
	return true;
}

bool skip_name(struct parser *p, const char *word) {
	if (!is_name(p, word))
		return false;
	(void)take(p);
	return true;
}

bool expect(struct parser *p, enum token_kind kind) {
	if (skip(p, kind))
		return true;
	return parse_unexpected(p, token_kind_name(kind));
}

bool expect_name(struct parser *p, const char *word) {
	char wanted[24];

	if (skip_name(p, word))
		return true;
	(void)snprintf(wanted, sizeof(wanted), "'%s'", word);
	return parse_unexpected(p, wanted);
}

struct key token_key(struct parser *p, const struct token *t) {
	return key_of(arena_dup(p->arena, t->text.s, t->text.len), t->text.len);
}

bool enter(struct parser *p) {
	if (p->nesting < TEMPLATE_NESTING_MAX) {
		p->nesting++;
		return true;
	}
	return parse_fail(p, current(p)->loc, NULL, "nested more than %d deep", TEMPLATE_NESTING_MAX);
}

static bool assignable(const struct token *t) {
	static const char *const constants[] = { "true", "True", "false", "False", "none", "None", "loop", "self" };

	for (size_t i = 0; i < ARRAY_LEN(constants); i++)
		if (str_is(t->text, constants[i]))
			return false;
	return t->kind == TOKEN_NAME;
}

bool parse_simple_target(struct parser *p, struct target *ret_target) {
	const struct token *t = current(p);

	if (t->kind == TOKEN_NAME && !assignable(t))
		return parse_fail(p, t->loc, NULL, "'%.*s' cannot be assigned to", (int)t->text.len, t->text.s);
	if (!expect(p, TOKEN_NAME))
		return false;
	*ret_target = (struct target){ .loc = t->loc, .name = token_key(p, t) };
	return true;
}

static bool parse_target(struct parser *p, struct target *ret_target);

static bool parse_target_part(struct parser *p, struct target *ret_target) {
	bool ok;

	if (!skip(p, TOKEN_LPAREN))
		return parse_simple_target(p, ret_target);
	if (!enter(p))
		return false;
	ok = parse_target(p, ret_target) && expect(p, TOKEN_RPAREN);
	leave(p);
	return ok;
}

/* A name, or names with commas between them and parentheses around parts. */
static bool parse_target(struct parser *p, struct target *ret_target) {
	struct loc loc = current(p)->loc;
	VEC(struct target) parts = { 0 };
	struct target one;

	if (!parse_target_part(p, &one))
		return false;
	if (current(p)->kind != TOKEN_COMMA) {
		*ret_target = one;
		return true;
	}
	vec_push(&parts, one);
	while (skip(p, TOKEN_COMMA) && current(p)->kind != TOKEN_RPAREN) {
		if (!parse_target_part(p, &one)) {
			vec_done(&parts);
			return false;
		}
		vec_push(&parts, one);
	}
	*ret_target = (struct target){ .loc = loc, .n_parts = (uint32_t)parts.n };
	ret_target->parts = vec_freeze(&parts, p->arena);
	return true;
}

static bool parse_body(struct parser *p, const char *opened, struct loc loc, const char *const *ends,
		       struct body *ret_body);

/* The end of the opening tag, the body, and the closing tag's word. */
static bool parse_until(struct parser *p, const char *opened, struct loc loc, const char *end, struct body *ret_body) {
	const char *const ends[] = { end, NULL };

	(void)skip(p, TOKEN_COLON);
	return expect(p, TOKEN_TAG_END) && parse_body(p, opened, loc, ends, ret_body) && take(p);
}

/* A body whose assignments stay inside it. */
bool parse_scope(struct parser *p, const char *opened, struct loc loc, const char *end, struct body *ret_body) {
	bool ok;

	p->local++;
	ok = parse_until(p, opened, loc, end, ret_body);
	p->local--;
	return ok;
}

static bool parse_set(struct parser *p, struct stmt *s) {
	struct target *target = &s->set.target;
	const struct token *t = current(p);

	s->flag = p->local == 0;
	if (t->kind == TOKEN_NAME && ahead(p)->kind == TOKEN_DOT) {
		if (!parse_simple_target(p, target) || !take(p))
			return false;
		t = current(p);
		if (!expect(p, TOKEN_NAME))
			return false;
		target->attr = token_key(p, t);
	} else if (!parse_target(p, target)) {
		return false;
	}
	if (skip(p, TOKEN_ASSIGN)) {
		s->set.value = parse_tuple(p, true, false);
		return s->set.value != NULL;
	}
	s->kind = STMT_SET_BLOCK;
	if (current(p)->kind == TOKEN_PIPE) {
		(void)take(p);
		s->set.value = parse_filters(p, NULL, true);
		if (!s->set.value)
			return false;
	}
	return parse_scope(p, "set", s->loc, "endset", &s->set.body);
}

static bool parse_for(struct parser *p, struct stmt *s) {
	static const char *const ends[] = { "endfor", "else", NULL };
	bool saw = p->saw_loop, ok;

	if (!parse_target(p, &s->loop.target) || !expect_name(p, "in"))
		return false;
	s->loop.iter = parse_tuple(p, false, false);
	if (!s->loop.iter)
		return false;
	if (skip_name(p, "if")) {
		s->loop.test = parse_expression(p, true);
		if (!s->loop.test)
			return false;
	}
	if (is_name(p, "recursive"))
		return parse_fail(p, current(p)->loc, "use a macro that calls itself",
				  "recursive loops are not supported");
	(void)skip(p, TOKEN_COLON);
	saw |= p->saw_loop;
	p->saw_loop = false;
	p->local++;
	ok = expect(p, TOKEN_TAG_END) && parse_body(p, "for", s->loc, ends, &s->loop.body);
	s->flag = p->saw_loop;
	p->saw_loop |= saw;
	if (ok && take(p)->text.s[1] == 'l')
		ok = parse_until(p, "for", s->loc, "endfor", &s->loop.otherwise);
	p->local--;
	return ok;
}

static bool parse_if(struct parser *p, struct stmt *s) {
	static const char *const ends[] = { "elif", "else", "endif", NULL };
	VEC(struct node *) tests = { 0 };
	VEC(struct body) bodies = { 0 };
	bool ok, more = true;

	do {
		struct node *test = parse_tuple(p, false, false);
		struct body body = { 0 };

		(void)skip(p, TOKEN_COLON);
		ok = test && expect(p, TOKEN_TAG_END) && parse_body(p, "if", s->loc, ends, &body);
		vec_push(&tests, test);
		vec_push(&bodies, body);
		more = ok && skip_name(p, "elif");
	} while (more);
	if (ok && !skip_name(p, "endif")) {
		struct body body = { 0 };

		(void)take(p);
		ok = parse_until(p, "if", s->loc, "endif", &body);
		vec_push(&tests, NULL);
		vec_push(&bodies, body);
	}
	s->choice.n = (uint32_t)tests.n;
	s->choice.tests = vec_freeze(&tests, p->arena);
	s->choice.bodies = vec_freeze(&bodies, p->arena);
	return ok;
}

static bool parse_with(struct parser *p, struct stmt *s) {
	VEC(struct target) targets = { 0 };
	VEC(struct node *) values = { 0 };
	bool ok = true;

	while (ok && current(p)->kind != TOKEN_TAG_END) {
		struct target target = { 0 };
		struct node *value;

		ok = (!targets.n || expect(p, TOKEN_COMMA)) && parse_target_part(p, &target) && expect(p, TOKEN_ASSIGN);
		value = ok ? parse_expression(p, true) : NULL;
		ok = value != NULL;
		vec_push(&targets, target);
		vec_push(&values, value);
	}
	s->with.n = (uint32_t)targets.n;
	s->with.targets = vec_freeze(&targets, p->arena);
	s->with.values = vec_freeze(&values, p->arena);
	return ok && parse_scope(p, "with", s->loc, "endwith", &s->with.body);
}

static bool parse_signature(struct parser *p, struct macro *m) {
	VEC(struct key) params = { 0 };
	VEC(struct node *) defaults = { 0 };
	bool ok = expect(p, TOKEN_LPAREN), optional = false;

	while (ok && current(p)->kind != TOKEN_RPAREN) {
		struct target target = { 0 };
		struct node *value = NULL;

		ok = (!params.n || expect(p, TOKEN_COMMA)) && parse_simple_target(p, &target);
		if (ok && key_is(target.name, "caller"))
			ok = parse_fail(p, target.loc, NULL, "'caller' is not named as an argument here");
		if (ok && skip(p, TOKEN_ASSIGN)) {
			value = parse_expression(p, true);
			ok = value != NULL;
			optional = true;
		} else if (ok && optional) {
			ok = parse_fail(p, target.loc, NULL, "arguments with a default come last");
		}
		vec_push(&params, target.name);
		vec_push(&defaults, value);
	}
	m->n_params = (uint32_t)params.n;
	m->params = vec_freeze(&params, p->arena);
	m->defaults = vec_freeze(&defaults, p->arena);
	return ok && expect(p, TOKEN_RPAREN);
}

static bool parse_macro_body(struct parser *p, struct macro *m, const char *word, const char *end) {
	bool saw = p->saw_caller, in_macro = p->in_macro, in_block = p->in_block, ok;

	p->saw_caller = false;
	p->in_macro = true;
	p->in_block = false;
	ok = parse_scope(p, word, m->loc, end, &m->body);
	m->wants_caller = p->saw_caller;
	p->saw_caller = saw;
	p->in_macro = in_macro;
	p->in_block = in_block;
	return ok;
}

static bool parse_macro(struct parser *p, struct stmt *s) {
	struct macro *m = s->macro = arena_new(p->arena, struct macro);
	struct target target;

	if (p->local)
		return parse_fail(p, s->loc, "define it at the top of the template",
				  "macros inside loops, blocks and other macros are not supported");
	if (!parse_simple_target(p, &target))
		return false;
	*m = (struct macro){ .name = target.name, .loc = target.loc, .home = p->t };
	return parse_signature(p, m) && parse_macro_body(p, m, "macro", "endmacro");
}

static bool parse_call_block(struct parser *p, struct stmt *s) {
	struct macro *m = s->call.caller = arena_new(p->arena, struct macro);

	*m = (struct macro){ .name = key_of("caller", 6), .loc = s->loc, .home = p->t };
	if (current(p)->kind == TOKEN_LPAREN && !parse_signature(p, m))
		return false;
	s->call.call = parse_expression(p, true);
	if (!s->call.call)
		return false;
	if (s->call.call->kind != NODE_CALL)
		return parse_fail(p, s->call.call->loc, NULL, "{%% call %%} wants the call of a macro");
	return parse_macro_body(p, m, "call", "endcall");
}

static bool parse_filter_block(struct parser *p, struct stmt *s) {
	s->filter.filter = parse_filters(p, NULL, true);
	return s->filter.filter && parse_scope(p, "filter", s->loc, "endfilter", &s->filter.body);
}

struct tag {
	const char *word;
	enum stmt_kind kind;
	bool (*parse)(struct parser *p, struct stmt *s); /* NULL: refused */
	bool silent;                                     /* stands in a template that extends another, outside blocks */
};

static const struct tag tags[] = {
	{ "if", STMT_IF, parse_if, true },
	{ "for", STMT_FOR, parse_for, false },
	{ "set", STMT_SET, parse_set, true },
	{ "with", STMT_WITH, parse_with, false },
	{ "include", STMT_INCLUDE, parse_include, false },
	{ "import", STMT_IMPORT, parse_import, true },
	{ "from", STMT_IMPORT, parse_from, true },
	{ "extends", STMT_DATA, parse_extends, true },
	{ "block", STMT_BLOCK, parse_block, true },
	{ "macro", STMT_MACRO, parse_macro, true },
	{ "call", STMT_CALL, parse_call_block, false },
	{ "filter", STMT_FILTER, parse_filter_block, false },
	{ "print", STMT_PRINT, NULL, false },
	{ "autoescape", STMT_PRINT, NULL, false },
	{ "do", STMT_PRINT, NULL, false },
	{ "trans", STMT_PRINT, NULL, false },
	{ "break", STMT_PRINT, NULL, false },
	{ "continue", STMT_PRINT, NULL, false },
};

static bool fail_tag(struct parser *p, const struct token *t, const char *opened, struct loc loc) {
	const char *hint = NULL;
	unsigned best = UINT32_MAX;

	if (current(p)->kind == TOKEN_BAD || t->kind != TOKEN_NAME)
		return parse_unexpected(p, "the name of a tag");
	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		if (tags[i].parse && suggest_better(t->text, str_of(tags[i].word), &best))
			hint = arena_printf(p->arena, "did you mean '%s'?", tags[i].word);
	if (opened)
		hint = arena_printf(p->arena, "{%% %s %%} of line %u is open here", opened, loc.line);
	return parse_fail(p, t->loc, hint, "there is no tag '%.*s' here", (int)t->text.len, t->text.s);
}

/* Behind {%. */
static bool parse_tag(struct parser *p, const char *opened, struct loc opened_loc, struct stmt *s) {
	const struct token *t = current(p);

	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		bool ok;

		if (!token_is_name(t, tags[i].word))
			continue;
		if (!tags[i].parse)
			return parse_fail(p, t->loc, NULL, "the tag '%s' is not supported here", tags[i].word);
		if (p->t->parent && !p->local && !tags[i].silent)
			return parse_fail(p, t->loc, "put it inside a block",
					  "'%s' outside blocks has no place in a template that extends another",
					  tags[i].word);
		if (!enter(p))
			return false;
		(void)take(p);
		s->kind = (uint8_t)tags[i].kind;
		s->loc = t->loc;
		ok = tags[i].parse(p, s) && expect(p, TOKEN_TAG_END);
		leave(p);
		return ok;
	}
	return fail_tag(p, t, opened, opened_loc);
}

/* Whether the current tag ends the body; the end of the text does when there are no words. */
static bool at_end(const struct parser *p, const char *const *ends) {
	for (; ends && *ends; ends++)
		if (is_name(p, *ends))
			return true;
	return false;
}

/* True when what is printed here is thrown away. */
static bool is_silent(const struct parser *p) {
	return p->t->parent && !p->local;
}

static bool parse_piece(struct parser *p, struct stmt *s) {
	const struct token *t = take(p);

	s->loc = t->loc;
	if (t->kind == TOKEN_DATA) {
		s->kind = STMT_DATA;
		s->data = t->text;
		return true;
	}
	s->kind = STMT_PRINT;
	s->expr = parse_tuple(p, true, false);
	if (s->expr)
		s->loc = s->expr->loc;
	return s->expr && expect(p, TOKEN_PRINT_END);
}

static bool parse_body(struct parser *p, const char *opened, struct loc loc, const char *const *ends,
		       struct body *ret_body) {
	VEC(struct stmt) list = { 0 };
	bool ok = true, ended = false;

	while (ok && !ended) {
		struct stmt s = { 0 };

		switch (current(p)->kind) {
		case TOKEN_DATA:
		case TOKEN_PRINT_BEGIN:
			ok = parse_piece(p, &s);
			if (ok && !is_silent(p))
				vec_push(&list, s);
			break;
		case TOKEN_TAG_BEGIN:
			(void)take(p);
			ended = at_end(p, ends);
			if (ended)
				break;
			ok = parse_tag(p, opened, loc, &s);
			if (ok)
				vec_push(&list, s);
			break;
		default:
			ended = !ends && current(p)->kind == TOKEN_END;
			if (!ended)
				ok = parse_fail(p, loc, NULL, "{%% %s %%} is not closed", opened ? opened : "");
			break;
		}
	}
	ret_body->n = (uint32_t)list.n;
	ret_body->v = vec_freeze(&list, p->arena);
	return ok;
}

bool parse_template(struct parser *p) {
	bool ok = parse_body(p, NULL, NO_LOC, NULL, &p->t->body);

	p->t->n_blocks = (uint32_t)p->blocks.n;
	p->t->blocks = vec_freeze(&p->blocks, p->arena);
	return ok;
}
