/* SPDX-License-Identifier: Apache-2.0 */
/* The parser's state, shared by its two files: statements and expressions. Engine only. */
#pragma once

#include "render/template_ast.h"
#include "render/template_filter.h"
#include "render/template_lex.h"

struct parser {
	struct template_set *set;
	struct arena *arena;
	struct diags *diags;
	struct template *t;
	struct tokens tokens;
	size_t at;
	unsigned nesting; /* of statements and expressions */
	unsigned local;   /* scopes around the current statement that keep assignments to themselves */
	bool saw_loop;    /* `loop` was read since this was last cleared */
	bool saw_caller;  /* likewise */
	bool in_block, in_macro;
	VEC(struct block *) blocks;
};

/*
 * Reports a mistake at a token and returns NULL; the parser stops at the first, because what follows one is guesswork.
 */
void *parse_fail(struct parser *p, struct loc loc, const char *hint, const char *fmt, ...) _printf_(4, 5);
void *parse_unexpected(struct parser *p, const char *wanted);

static inline const struct token *current(const struct parser *p) {
	return &p->tokens.list.v[p->at];
}

static inline const struct token *ahead(const struct parser *p) {
	return &p->tokens.list.v[MIN(p->at + 1, p->tokens.list.n - 1)];
}

static inline const struct token *take(struct parser *p) {
	const struct token *t = current(p);

	if (p->at + 1 < p->tokens.list.n)
		p->at++;
	return t;
}

static inline bool token_is_name(const struct token *t, const char *word) {
	return t->kind == TOKEN_NAME && str_is(t->text, word);
}

static inline bool is_name(const struct parser *p, const char *word) {
	return token_is_name(current(p), word);
}

bool skip(struct parser *p, enum token_kind kind);
bool skip_name(struct parser *p, const char *word);
bool expect(struct parser *p, enum token_kind kind);
/* The name as a key, zero-terminated. */
struct key token_key(struct parser *p, const struct token *t);

/* Depth of nesting; enter() fails beyond the limit, and each success is paired with leave(). */
bool enter(struct parser *p);
static inline void leave(struct parser *p) {
	p->nesting--;
}

/* NULL after a reported mistake. */
struct node *parse_expression(struct parser *p, bool with_cond);
struct node *parse_tuple(struct parser *p, bool with_cond, bool parenthesised);
struct node *parse_filters(struct parser *p, struct node *self, bool start_inline);

/*
 * Parses p->tokens into p->t; false after a reported mistake. Statements that name another template get it from
 * template_set_need(), which compiles it.
 */
bool parse_template(struct parser *p);

/*
 * The template of this name, compiled or being compiled. When there is none: NULL without a finding if may_miss, else
 * with one at `loc`; *ret_missing tells it from a template with mistakes.
 */
const struct template *template_set_need(struct template_set *set, const char *name, struct loc loc, bool may_miss,
					 struct diags *diags, bool *ret_missing);

/* What the compiler asks about an attribute's name, once: see struct node. */
uint16_t method_kinds(struct key name);
uint8_t loop_field(struct key name);
