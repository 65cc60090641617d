/* SPDX-License-Identifier: Apache-2.0 */
/* A template's text → tokens, with Jinja2's rules for white space applied. Engine only. */
#pragma once

#include "render/template.h"

enum token_kind {
	TOKEN_END, /* of the text */
	TOKEN_BAD, /* message says why; always the last */
	TOKEN_DATA,
	TOKEN_PRINT_BEGIN, /* {{ */
	TOKEN_PRINT_END,
	TOKEN_TAG_BEGIN, /* {% */
	TOKEN_TAG_END,
	TOKEN_NAME,
	TOKEN_STRING,
	TOKEN_INT,
	TOKEN_REAL,
	TOKEN_ADD,
	TOKEN_SUB,
	TOKEN_DIV,
	TOKEN_FLOORDIV,
	TOKEN_MUL,
	TOKEN_MOD,
	TOKEN_POW,
	TOKEN_TILDE,
	TOKEN_LBRACKET,
	TOKEN_RBRACKET,
	TOKEN_LPAREN,
	TOKEN_RPAREN,
	TOKEN_LBRACE,
	TOKEN_RBRACE,
	TOKEN_EQ,
	TOKEN_NE,
	TOKEN_GE,
	TOKEN_GT,
	TOKEN_LE,
	TOKEN_LT,
	TOKEN_ASSIGN,
	TOKEN_DOT,
	TOKEN_COLON,
	TOKEN_PIPE,
	TOKEN_COMMA,
	TOKEN_SEMICOLON,
	_TOKEN_MAX
};

struct token {
	enum token_kind kind;
	struct loc loc;
	struct str text; /* DATA and STRING: the decoded text; NAME and operators: as written; BAD: the message */
	int64_t integer;
	double real;
};

struct tokens {
	VEC(struct token) list; /* ends in END or BAD */
};

/* `text` has '\n' newlines only and is UTF-8. Decoded strings go to the arena, all else is borrowed from the text. */
void lex(struct arena *a, uint32_t file, struct str text, struct template_options options, struct tokens *ret_tokens);

/* What a kind of token is called in messages: "'%}'", "a name". */
const char *token_kind_name(enum token_kind kind);
