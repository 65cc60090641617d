/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled template: statements and expressions, const after parsing. Engine only. */
#pragma once

#include "render/template.h"

struct filter;
struct node;
struct template;

enum node_kind {
	NODE_CONST,
	NODE_NAME,
	NODE_LIST,
	NODE_TUPLE,
	NODE_DICT,
	NODE_ATTR,
	NODE_ITEM,
	NODE_SLICE,
	NODE_CALL,
	NODE_FILTER,
	NODE_TEST,
	NODE_NOT,
	NODE_NEG,
	NODE_POS,
	NODE_AND,
	NODE_OR,
	NODE_COND,
	NODE_CONCAT,
	NODE_COMPARE,
	NODE_ADD,
	NODE_SUB,
	NODE_MUL,
	NODE_DIV,
	NODE_FLOORDIV,
	NODE_MOD,
	NODE_POW,
	_NODE_MAX
};

enum loop_field {
	LOOP_NONE,
	LOOP_INDEX,
	LOOP_INDEX0,
	LOOP_REVINDEX,
	LOOP_REVINDEX0,
	LOOP_LENGTH,
	LOOP_DEPTH,
	LOOP_DEPTH0,
	LOOP_FIRST,
	LOOP_LAST,
	LOOP_PREVITEM,
	LOOP_NEXTITEM,
	_LOOP_MAX
};

enum compare_op { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE, CMP_IN, CMP_NOT_IN };

struct nodes {
	struct node **v;
	uint32_t n;
};

struct keyword {
	struct key name;
	struct loc loc;
	int slot; /* of a filter's or test's named arguments; -1: none of them */
	struct node *value;
};

struct args {
	struct nodes pos;
	struct keyword *kw;
	uint32_t n_kw;
};

struct node {
	uint8_t kind; /* enum node_kind */
	struct loc loc;
	union {
		const struct value *constant; /* CONST */
		struct key name;              /* NAME */
		struct nodes list;            /* LIST, TUPLE, CONCAT; DICT: key, value, key, value … */
		struct {
			struct node *base;
			struct key name;
			uint16_t kinds;     /* bits 1 << enum value_kind: of which values Python has this attribute */
			uint8_t loop_field; /* enum loop_field: what it is of `loop` */
		} attr;                     /* ATTR */
		struct {
			struct node *a, *b, *c, *d;
		} sub; /* ITEM: a[b]; SLICE: a[b:c:d], NULL: left out; unary: a; binary: a, b; COND: a if b else c (or
			  NULL) */
		struct {
			struct node *callee;
			struct args args;
		} call; /* CALL */
		struct {
			struct node *self; /* NULL in {% filter %} and block set: the text captured */
			const struct filter *filter;
			struct args args;
			uint32_t slots; /* how many named arguments the filter has */
		} filter;               /* FILTER and TEST */
		struct {
			struct node *first;
			struct node **rest;
			uint8_t *ops; /* enum compare_op */
			uint32_t n;
		} compare; /* COMPARE */
	};
};

/* What a value is assigned to: a name, a tuple of targets, or an attribute of a namespace. */
struct target {
	struct loc loc;
	struct key name;
	struct key attr; /* s NULL: none */
	struct target *parts;
	uint32_t n_parts; /* 0: a name */
};

enum stmt_kind {
	STMT_DATA,
	STMT_PRINT,
	STMT_IF,
	STMT_FOR,
	STMT_SET,
	STMT_SET_BLOCK,
	STMT_WITH,
	STMT_INCLUDE,
	STMT_IMPORT,
	STMT_BLOCK,
	STMT_MACRO,
	STMT_CALL,
	STMT_FILTER,
	_STMT_MAX
};

struct body {
	struct stmt *v;
	uint32_t n;
};

struct macro {
	struct key name; /* "caller" for the body of {% call %} */
	struct loc loc;
	const struct template *home;
	struct key *params;
	struct node **defaults; /* NULL where there is none */
	uint32_t n_params;
	bool wants_caller;
	struct body body;
};

struct stmt {
	uint8_t kind;     /* enum stmt_kind */
	bool flag;        /* FOR: the body mentions `loop`; SET: at the top; INCLUDE, IMPORT: without context */
	bool define_only; /* BLOCK: at the top of a template that extends another */
	struct loc loc;
	union {
		struct str data;
		struct node *expr; /* PRINT */
		struct {
			struct node **tests; /* NULL: else */
			struct body *bodies;
			uint32_t n;
		} choice; /* IF */
		struct {
			struct target target;
			struct node *iter, *test; /* test may be NULL */
			struct body body, otherwise;
		} loop;
		struct {
			struct target target;
			struct node *value; /* SET; SET_BLOCK: filters on the text or NULL */
			struct body body;
		} set;
		struct {
			struct target *targets;
			struct node **values;
			uint32_t n;
			struct body body;
		} with;
		struct {
			const struct template *t; /* NULL: missing, and may be */
			struct key module;        /* import … as module; s NULL: from … import */
			struct key *names, *aliases;
			uint32_t n;
			bool at_top;
		} include; /* INCLUDE and IMPORT */
		struct block *block;
		struct macro *macro;
		struct {
			struct node *call;
			struct macro *caller;
		} call;
		struct {
			struct node *filter;
			struct body body;
		} filter;
	};
};

struct block {
	struct key name;
	struct loc loc;
	const struct template *home;
	bool scoped, required;
	struct body body;
};

struct template {
	const char *name, *path;
	uint32_t file;
	const struct template *parent; /* by {% extends %} */
	struct loc extends;
	bool broken; /* it has mistakes */
	struct body body;
	struct block **blocks;
	uint32_t n_blocks;
};
