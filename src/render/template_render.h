/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rendering in progress, and what its files offer each other. Engine only.
 *
 * Functions that can fail return NULL or false after adding a finding to r->diags; the first failure ends the
 * rendering.
 */
#pragma once

#include "render/template_ast.h"
#include "render/template_filter.h"

enum { EVAL_DEPTH_MAX = 800 }; /* C frames of evaluation inside each other */

struct binding {
	struct key name;
	const struct value *value;
};

/*
 * One run of a template together with those it extends. `vars` are the assignments at its top, which its blocks and
 * macros see too.
 */
struct context {
	const struct template *leaf; /* where the search for blocks begins */
	struct binding *vars;
	uint32_t n, cap;
	const struct frame *outer; /* of the template that includes this one; NULL: none, or without context */
	const struct scope *data;
};

/* A window on the stack of local names: those from `floor` on are seen, then those of `up`, then the context. */
struct frame {
	const struct frame *up;
	struct context *context;
	const struct block *block; /* that is being rendered, for super() */
	size_t floor;
	size_t top; /* where the window ended when another frame was put on top */
};

struct render {
	const struct template_run *run;
	struct arena *arena;
	struct diags *diags;
	struct line_map *map;
	struct text *out;
	size_t out_base, arena_base;
	struct frame *frame;
	VEC(struct binding) locals;
	struct key loop_name, caller_name;
	unsigned depth;      /* of C frames */
	unsigned inside;     /* includes, macro calls and blocks inside each other */
	unsigned testing;    /* conditions of loops that are evaluated ahead of the loop */
	unsigned steps_left; /* of evaluation */
};

enum object_kind {
	OBJECT_METHOD,
	OBJECT_FUNCTION,
	OBJECT_MACRO,
	OBJECT_LOOP,
	OBJECT_NAMESPACE,
	OBJECT_CYCLER,
	OBJECT_JOINER,
	OBJECT_MODULE
};

struct loop_state {
	const struct value *const *items;
	uint32_t n, index0;
	const struct value *changed; /* the arguments of the last loop.changed() */
};

/* A method or a global function: a filter's row, and what it is a method of. */
struct function {
	enum value_kind kind; /* _VALUE_KIND_MAX: a global */
	struct filter row;    /* no fn: Python has it, we do not */
};

/* What a VALUE_OBJECT points to. */
struct object {
	enum object_kind kind;
	const struct value *self; /* METHOD: of what */
	const struct function *function;
	const struct macro *macro;
	struct context *context;   /* MACRO: where it was defined; MODULE: its names */
	const struct frame *frame; /* MACRO, the body of {% call %}: around it */
	struct loop_state *loop;
	struct value *attributes; /* NAMESPACE: a dict */
	const struct value *list; /* CYCLER: its items; JOINER: its separator */
	uint32_t at;              /* CYCLER, JOINER: calls so far */
};

/* Why a value is undefined; the complaint is made when it is used. */
struct undefined {
	struct key name;          /* of the variable or key; s NULL: see message */
	const struct value *base; /* in which it was looked for; NULL: among the variables */
	const char *message;
	bool lenient; /* of an `if` without `else`, which Jinja2 lets pass as an empty text */
};
static inline bool is_lenient(const struct value *v) {
	return v->kind == VALUE_UNDEFINED && ((const struct undefined *)v->object)->lenient;
}

/* template_ops.c: values as Python treats them. */
void *fail(struct render *r, struct loc loc, const char *hint, const char *fmt, ...) _printf_(4, 5);
/* The same, with a note at the place where `datum` was written. */
void *fail_datum(struct render *r, struct loc loc, const struct value *datum, const char *hint, const char *fmt, ...)
	_printf_(5, 6);
void *fail_undefined(struct render *r, const struct value *v);
const struct value *undefined_new(struct render *r, struct loc loc, struct key name, const struct value *base,
				  const char *message);
struct value *object_new(struct render *r, enum object_kind kind, struct object **ret_object);
static inline const struct object *object_of(const struct value *v) {
	return v->object;
}
static inline const struct value *value_of_bool(bool b) {
	return b ? &value_true : &value_false;
}

bool truth(struct render *r, const struct value *v, struct loc loc, bool *ret_b);
bool write_str(struct render *r, struct text *t, const struct value *v, struct loc loc);
bool write_repr(struct render *r, struct text *t, const struct value *v, struct loc loc);
void write_real(struct text *t, double d);
void write_int(struct text *t, int64_t i);
/* str(v): the bytes, borrowed or in the arena. */
bool text_of(struct render *r, const struct value *v, struct loc loc, struct str *ret_s);
bool equal(struct render *r, const struct value *a, const struct value *b, struct loc loc, bool *ret_b);
bool order(struct render *r, const struct value *a, const struct value *b, struct loc loc, int *ret_order);
bool contains(struct render *r, const struct value *all, const struct value *v, struct loc loc, bool *ret_b);
const struct value *arithmetic(struct render *r, enum node_kind op, const struct value *a, const struct value *b,
			       struct loc loc);
/* What a loop over v visits, as a list. */
const struct value *items_of(struct render *r, const struct value *v, struct loc loc);
/*
 * Whether a value may be part of a list, a dict or a namespace: the result of a generator may not, because it can be
 * walked once only; and objects may not, so that none outlives the scope that it refers to.
 */
bool storable(struct render *r, const struct value *v, struct loc loc);
/* Whether it may have a name: the result of a generator may not. */
bool keepable(struct render *r, const struct value *v, struct loc loc);
bool check_memory(struct render *r, struct loc loc);

/* A number as C has it. */
struct number {
	bool is_real;
	int64_t i;
	double d; /* the value in either case */
};
bool number_of(const struct value *v, struct number *ret_n);
/* An integer argument, or a complaint about `what`. */
bool int_of(struct render *r, const struct value *v, struct loc loc, const char *what, int64_t *ret_i);
bool str_of_value(struct render *r, const struct value *v, struct loc loc, const char *what, struct str *ret_s);

/* template_eval.c */
/* One step more and one level deeper, within the limits; ended by r->depth--. */
bool deeper(struct render *r, struct loc loc);
const struct value *eval(struct render *r, const struct node *n);
const struct value *eval_filter_on(struct render *r, const struct node *n, const struct value *self);
const struct value *item(struct render *r, const struct value *base, const struct value *index, struct loc loc);
const struct value *slice(struct render *r, const struct value *base, const struct value *const part[3],
			  struct loc loc);
const struct value *lookup(struct render *r, struct key name);

/* string_methods.c: the methods of strings, ended by a row without a name. */
extern const struct function str_methods[];

/* template_call.c */
/* The method of this name, or NULL; *ret_refused: Python has such an attribute and we do not. */
const struct function *method_find(const struct value *self, struct key name, bool *ret_refused);
const struct value *global_find(struct render *r, struct key name);
const struct value *call_value(struct render *r, const struct node *call, const struct value *callee,
			       const struct value *caller);
/* "%s: %d" % args, Python's. */
const struct value *format_percent(struct render *r, struct str fmt, const struct value *args, struct loc loc);

/* template_exec.c */
bool exec(struct render *r, const struct body *body);
bool assign(struct render *r, const struct target *t, const struct value *v, bool at_top);
void bind_name(struct render *r, struct key name, const struct value *v);
const struct value *call_macro(struct render *r, const struct object *o, const struct value *const *pos, uint32_t n_pos,
			       const struct named_value *kw, uint32_t n_kw, const struct value *caller, struct loc loc);
const struct value *call_super(struct render *r, struct loc loc);

/* Output that goes to a value instead: begin, write to r->out, take. */
static inline size_t capture_begin(const struct render *r) {
	return r->out->n;
}
const struct value *capture_take(struct render *r, size_t from);
