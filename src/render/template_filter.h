/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters and tests. One of them is one function and one row in the table of its file:
 *
 *     static const struct value *filter_upper(struct render *r, struct call *c) { … }
 *     { "upper", "", filter_upper, 0, "All letters in upper case" },
 *
 * `args` names the arguments after the value, with the defaults that the manual shows: "d='', attribute=none". A call
 * puts each into its slot of c->arg (NULL: not given); an argument without a default must be given. With FILTER_REST
 * the arguments beyond the named ones arrive in c->rest.
 */
#pragma once

#include "render/template_ast.h"

struct render;

enum { FILTER_ARGS_MAX = 6 };

enum filter_flag {
	FILTER_REST = 1 << 0,      /* takes any number of further arguments, and keywords */
	FILTER_UNDEFINED = 1 << 1, /* takes undefined values */
	FILTER_OWN = 1 << 2,       /* not Jinja2's */
	FILTER_REFUSED = 1 << 3,   /* Jinja2 has it, we do not: doc says what to write instead */
	FILTER_MARKUP = 1 << 4,    /* takes the result of tojson, whose type the other filters would have to keep */
};

struct named_value {
	struct key name;
	const struct value *value;
};

struct call {
	const char *name; /* of the filter, test or function */
	struct loc loc;
	const struct value *self;
	const struct value *arg[FILTER_ARGS_MAX];
	const struct value *const *rest;
	uint32_t n_rest;
	const struct named_value *kw;
	uint32_t n_kw;
};

/* The result, or NULL after reporting an error. A test's result is value_true or value_false. */
typedef const struct value *filter_fn(struct render *r, struct call *c);

struct filter {
	const char *name;
	const char *args;
	filter_fn *fn;
	unsigned flags; /* enum filter_flag */
	const char *doc;
};

/* What many filters do. Optional arguments: *ret_i and *ret_b hold the default before. */
bool arg_int(struct render *r, const struct call *c, int i, const char *what, int64_t *ret_i);
bool arg_bool(struct render *r, const struct call *c, int i, bool *ret_b);
/* Letters beyond ASCII change their case by rules that we do not have: a complaint about a text that has some. */
bool only_ascii(struct render *r, const struct call *c, struct str s);
/* The text as a value with the place of `origin` (may be NULL), or NULL if not ok; the buffer is freed in either case.
 */
const struct value *take_text(struct render *r, struct text *t, const struct value *origin, bool ok);

/* Filters of filter_text.c, and their like, that are methods of strings too. */
filter_fn str_capitalize, str_center, str_ljust, str_lower, str_lstrip, str_replace, str_rjust, str_rstrip, str_string,
	str_trim_chars, str_upper, str_zfill;

/* The tables, each ended by a row without a name. */
extern const struct filter filters_text[], filters_list[], filters_number[], filters_address[], filters_quote[];
extern const struct filter tests_table[];

/* The row, or NULL and the nearest name in *ret_near (which may be NULL too). */
const struct filter *filter_find(struct str name, const char **ret_near);
const struct filter *test_find(struct str name, const char **ret_near);

/* The slot of a named argument, or -1; the number of named arguments. */
int filter_slot(const struct filter *f, struct key name);
unsigned filter_slots(const struct filter *f, unsigned *ret_required);

/* Whether n_pos positional and these named arguments fit; otherwise false and the complaint in buf. */
bool filter_fits(const struct filter *f, const char *what, uint32_t n_pos, const struct key *names, uint32_t n_names,
		 char *buf, size_t size);

/* Calls a filter with its arguments in their slots. */
const struct value *filter_run(struct render *r, const struct filter *f, struct call *c);

/* The same, from arguments as they are written; what map() and select() do. */
const struct value *filter_call(struct render *r, const struct filter *f, struct loc loc, const struct value *self,
				const struct value *const *pos, uint32_t n_pos, const struct named_value *kw,
				uint32_t n_kw);
