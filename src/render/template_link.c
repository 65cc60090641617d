/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements that join templates: include, import, extends, block. The other template is found and compiled here and
 * now, which is why its name is a literal.
 */
#include "render/template_parse.h"

/* "with context" and "without context"; the default stays otherwise. */
static bool parse_context(struct parser *p, bool *without) {
	if ((!is_name(p, "with") && !is_name(p, "without")) || !token_is_name(ahead(p), "context"))
		return false;
	*without = is_name(p, "without");
	(void)take(p);
	(void)take(p);
	return true;
}

/* The literal name or names of other templates: the first that exists. */
static bool parse_template_name(struct parser *p, const struct template **ret_t, bool ignorable) {
	struct node *n = parse_expression(p, true);
	const struct value *names, *const *v;
	bool may_miss = false, missing = true;
	uint32_t count;

	if (!n)
		return false;
	names = n->kind == NODE_CONST ? n->constant : &value_null;
	v = names->kind == VALUE_LIST && ignorable ? names->list.v : &names;
	count = names->kind == VALUE_LIST && ignorable ? names->list.n : 1;
	if (ignorable && is_name(p, "ignore") && token_is_name(ahead(p), "missing")) {
		(void)take(p);
		(void)take(p);
		may_miss = true;
	}
	for (uint32_t i = 0; i < count && missing; i++) {
		if (!value_is_str(v[i]) || memchr(v[i]->str.s, '\0', v[i]->str.len))
			return parse_fail(p, n->loc,
					  "write the name itself, in quotes: so that every template can be checked "
					  "before anything is rendered",
					  "the name of another template is a literal string here");
		*ret_t = template_set_need(p->set, arena_dup(p->arena, v[i]->str.s, v[i]->str.len), n->loc,
					   may_miss || i + 1 < count, p->diags, &missing);
		if (!*ret_t && !missing)
			return false;
	}
	return *ret_t || may_miss || (!count && parse_fail(p, n->loc, NULL, "there is no name in this list"));
}

bool parse_include(struct parser *p, struct stmt *s) {
	if (!parse_template_name(p, &s->include.t, true))
		return false;
	(void)parse_context(p, &s->flag);
	return true;
}

bool parse_import(struct parser *p, struct stmt *s) {
	struct target target;

	s->flag = true;
	if (!parse_template_name(p, &s->include.t, false) || !expect_name(p, "as") || !parse_simple_target(p, &target))
		return false;
	s->include.module = target.name;
	(void)parse_context(p, &s->flag);
	s->include.at_top = p->local == 0;
	return true;
}

bool parse_from(struct parser *p, struct stmt *s) {
	VEC(struct key) names = { 0 }, aliases = { 0 };
	bool ok;

	s->flag = true;
	ok = parse_template_name(p, &s->include.t, false) && expect_name(p, "import");
	while (ok && !parse_context(p, &s->flag)) {
		struct target name = { 0 }, alias;

		ok = parse_simple_target(p, &name);
		alias = name;
		if (ok && name.name.len && name.name.s[0] == '_')
			ok = parse_fail(p, name.loc, NULL, "names with a leading underscore cannot be imported");
		if (ok && skip_name(p, "as"))
			ok = parse_simple_target(p, &alias);
		vec_push(&names, name.name);
		vec_push(&aliases, alias.name);
		if (!ok || parse_context(p, &s->flag) || current(p)->kind != TOKEN_COMMA)
			break;
		(void)take(p);
	}
	if (ok && !names.n)
		ok = parse_unexpected(p, "a name to import");
	s->include.at_top = p->local == 0;
	s->include.n = (uint32_t)names.n;
	s->include.names = vec_freeze(&names, p->arena);
	s->include.aliases = vec_freeze(&aliases, p->arena);
	return ok;
}

bool parse_extends(struct parser *p, struct stmt *s) {
	const struct template *up = NULL;

	s->kind = STMT_DATA; /* of no bytes */
	if (p->t->parent)
		return parse_fail(p, s->loc, NULL, "a template extends one other");
	if (p->local || p->nesting > 1)
		return parse_fail(p, s->loc, NULL, "{%% extends %%} stands outside all other tags");
	if (!parse_template_name(p, &up, false))
		return false;
	for (const struct template *t = up; t; t = t->parent)
		if (t == p->t)
			return parse_fail(p, s->loc, NULL, "'%s' extends itself", p->t->name);
	p->t->parent = up;
	p->t->extends = s->loc;
	return true;
}

static bool is_blank(const struct body *body) {
	for (uint32_t i = 0; i < body->n; i++)
		if (body->v[i].kind != STMT_DATA || utf8_rstrip(body->v[i].data.s, body->v[i].data.len))
			return false;
	return true;
}

bool parse_block(struct parser *p, struct stmt *s) {
	struct block *b = s->block = arena_new(p->arena, struct block);
	const struct token *t = current(p);
	bool saw = p->saw_loop, in = p->in_block, ok;

	if (!expect(p, TOKEN_NAME))
		return false;
	*b = (struct block){ .name = token_key(p, t), .loc = t->loc, .home = p->t };
	for (size_t i = 0; i < p->blocks.n; i++)
		if (str_is(t->text, p->blocks.v[i]->name.s))
			return parse_fail(p, t->loc, NULL, "there is already a block '%.*s'", (int)t->text.len,
					  t->text.s);
	vec_push(&p->blocks, b);
	s->define_only = p->t->parent && !p->local;
	b->scoped = skip_name(p, "scoped");
	b->required = skip_name(p, "required");
	if (p->in_macro)
		return parse_fail(p, t->loc, NULL, "blocks do not stand inside macros");
	p->in_block = true;
	ok = parse_scope(p, "block", s->loc, "endblock", &b->body);
	p->in_block = in;
	p->saw_loop = saw || b->scoped;
	if (ok && b->required && !is_blank(&b->body))
		return parse_fail(p, t->loc, NULL, "a required block has no text of its own");
	if (ok)
		(void)skip_name(p, b->name.s);
	return ok;
}
