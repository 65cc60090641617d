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

struct node_list {
	struct node **v;
	size_t n, cap;
};

/* template_term.c: making nodes; a list of nodes is emptied into the arena. */
struct node *node_new(struct parser *p, enum node_kind kind, struct loc loc);
struct node *node_binary(struct parser *p, enum node_kind kind, struct loc loc, struct node *a, struct node *b);
struct nodes nodes_freeze(struct parser *p, struct node_list *list);
/* A list or tuple; one of constants only becomes a constant. */
struct node *node_sequence(struct parser *p, enum node_kind kind, struct loc loc, struct node_list *items);

/* Operands; NULL after a reported mistake. */
struct node *parse_primary(struct parser *p);
struct node *parse_postfix(struct parser *p, struct node *n);
struct node *parse_filter_chain(struct parser *p, struct node *n);

/* Expressions; NULL after a reported mistake. */
struct node *parse_expression(struct parser *p, bool with_cond);
struct node *parse_tuple(struct parser *p, bool with_cond, bool parenthesised);
struct node *parse_filters(struct parser *p, struct node *self, bool start_inline);

/* template_parse.c: parts of statements; false after a reported mistake. */
bool expect_name(struct parser *p, const char *word);
bool parse_simple_target(struct parser *p, struct target *ret_target); /* one name */
/* The end of the opening tag, a body whose assignments stay inside it, and the closing tag's word. */
bool parse_scope(struct parser *p, const char *opened, struct loc loc, const char *end, struct body *ret_body);

/* template_link.c: statements that join templates; likewise. */
bool parse_include(struct parser *p, struct stmt *s);
bool parse_import(struct parser *p, struct stmt *s);
bool parse_from(struct parser *p, struct stmt *s);
bool parse_extends(struct parser *p, struct stmt *s);
bool parse_block(struct parser *p, struct stmt *s);

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
