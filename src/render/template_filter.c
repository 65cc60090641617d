/* SPDX-License-Identifier: Apache-2.0 */
/* Finding filters and tests, and putting arguments into their slots. */
#include "render/template_filter.h"

#include "render/template_render.h"

static const struct filter *const filter_tables[] = { filters_text,    filters_list,  filters_number,
						      filters_address, filters_quote, NULL };
static const struct filter *const test_tables[] = { tests_table, NULL };

static const struct filter *find(const struct filter *const *tables, struct str name, const char **ret_near) {
	unsigned best = UINT32_MAX;

	*ret_near = NULL;
	for (; *tables; tables++)
		for (const struct filter *f = *tables; f->name; f++) {
			if (str_is(name, f->name))
				return f;
			if (!(f->flags & FILTER_REFUSED) && suggest_better(name, str_of(f->name), &best))
				*ret_near = f->name;
		}
	return NULL;
}

const struct filter *filter_find(struct str name, const char **ret_near) {
	return find(filter_tables, name, ret_near);
}

const struct filter *test_find(struct str name, const char **ret_near) {
	return find(test_tables, name, ret_near);
}

/* Takes the next argument's name off "a, b=', ', c=none"; *ret_optional when it has a default. */
static bool next_arg(struct str *rest, struct str *ret_name, bool *ret_optional) {
	struct str arg = { rest->s, 0 };
	bool quoted = false;

	*ret_optional = false;
	while (arg.len < rest->len && (quoted || rest->s[arg.len] != ',')) {
		quoted ^= rest->s[arg.len] == '\'';
		arg.len++;
	}
	*rest = (struct str){ rest->s + MIN(arg.len + 1, rest->len), rest->len - MIN(arg.len + 1, rest->len) };
	arg = str_trim(arg);
	for (size_t i = 0; i < arg.len && !*ret_optional; i++)
		if (arg.s[i] == '=') {
			*ret_optional = true;
			arg.len = i;
		}
	*ret_name = arg;
	return arg.len > 0 && arg.s[0] != '*';
}

int filter_slot(const struct filter *f, struct key name) {
	struct str rest = str_of(f->args), arg;
	bool optional;

	for (int i = 0; next_arg(&rest, &arg, &optional); i++)
		if (str_eq(arg, (struct str){ name.s, name.len }))
			return i;
	return -1;
}

unsigned filter_slots(const struct filter *f, unsigned *ret_required) {
	struct str rest = str_of(f->args), arg;
	bool optional;
	unsigned n = 0, required = 0;

	while (next_arg(&rest, &arg, &optional)) {
		n++;
		required += !optional;
	}
	*ret_required = required;
	return n;
}

bool filter_fits(const struct filter *f, const char *what, uint32_t n_pos, const struct key *names, uint32_t n_names,
		 char *buf, size_t size) {
	unsigned required, n = filter_slots(f, &required);
	bool given[FILTER_ARGS_MAX] = { 0 };

	if (n_pos > n && !(f->flags & FILTER_REST)) {
		(void)snprintf(buf, size, "%s '%s' takes %u arguments, not %u", what, f->name, n, n_pos);
		return false;
	}
	for (uint32_t i = 0; i < MIN(n_pos, n); i++)
		given[i] = true;
	for (uint32_t i = 0; i < n_names; i++) {
		int slot = filter_slot(f, names[i]);

		if (slot < 0 && f->flags & FILTER_REST)
			continue;
		if (slot < 0 || given[slot]) {
			(void)snprintf(buf, size,
				       slot < 0 ? "%s '%s' has no argument '%.40s'" : "%s '%s' is given '%.40s' twice",
				       what, f->name, names[i].s);
			return false;
		}
		given[slot] = true;
	}
	for (unsigned i = 0; i < required; i++)
		if (!given[i]) {
			(void)snprintf(buf, size, "%s '%s' wants %u argument%s", what, f->name, required,
				       required == 1 ? "" : "s");
			return false;
		}
	return true;
}

/* The first undefined one of what a call is given, or NULL. */
static const struct value *undefined_of(const struct call *c) {
	if (c->self && c->self->kind == VALUE_UNDEFINED)
		return c->self;
	for (int i = 0; i < FILTER_ARGS_MAX; i++)
		if (c->arg[i] && c->arg[i]->kind == VALUE_UNDEFINED)
			return c->arg[i];
	for (uint32_t i = 0; i < c->n_rest; i++)
		if (c->rest[i]->kind == VALUE_UNDEFINED)
			return c->rest[i];
	for (uint32_t i = 0; i < c->n_kw; i++)
		if (c->kw[i].value->kind == VALUE_UNDEFINED)
			return c->kw[i].value;
	return NULL;
}

const struct value *filter_run(struct render *r, const struct filter *f, struct call *c) {
	const struct value *undefined = f->flags & FILTER_UNDEFINED ? NULL : undefined_of(c);

	if (undefined)
		return fail_undefined(r, undefined);
	if (c->self && value_is_str(c->self) && c->self->flags & VALUE_MARKUP && !(f->flags & FILTER_MARKUP))
		return fail(r, c->loc, "put tojson last", "the result of tojson does not go through '%s'", f->name);
	return f->fn(r, c);
}

const struct value *filter_call(struct render *r, const struct filter *f, struct loc loc, const struct value *self,
				const struct value *const *pos, uint32_t n_pos, const struct named_value *kw,
				uint32_t n_kw) {
	struct call c = { .name = f->name, .loc = loc, .self = self, .kw = kw, .n_kw = n_kw };
	unsigned required, n = n_pos || n_kw ? filter_slots(f, &required) : 0;

	for (uint32_t i = 0; i < MIN(n_pos, n); i++)
		c.arg[i] = pos[i];
	if (n_pos > n) {
		c.rest = pos + n;
		c.n_rest = n_pos - n;
	}
	for (uint32_t i = 0; i < n_kw; i++) {
		int slot = n ? filter_slot(f, kw[i].name) : -1;

		if (slot >= 0)
			c.arg[slot] = kw[i].value;
	}
	return filter_run(r, f, &c);
}

bool arg_int(struct render *r, const struct call *c, int i, const char *what, int64_t *ret_i) {
	return !c->arg[i] || int_of(r, c->arg[i], c->loc, what, ret_i);
}

bool arg_bool(struct render *r, const struct call *c, int i, bool *ret_b) {
	return !c->arg[i] || truth(r, c->arg[i], c->loc, ret_b);
}

bool only_ascii(struct render *r, const struct call *c, struct str s) {
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] >= 0x80)
			return fail_datum(r, c->loc, c->self, NULL, "'%s' knows ASCII letters only", c->name);
	return true;
}

const struct value *take_text(struct render *r, struct text *t, const struct value *origin, bool ok) {
	const struct value *v = NULL;

	if (ok)
		v = value_str(r->arena, arena_dup(r->arena, t->v, t->n), t->n, origin ? origin->loc : NO_LOC);
	text_done(t);
	return v;
}

static int each(const struct filter *const *tables, const char *kind,
		int (*fn)(const struct template_word *w, void *user), void *user) {
	for (; *tables; tables++)
		for (const struct filter *f = *tables; f->name; f++) {
			struct template_word w = { kind, f->name, f->args, f->doc, (f->flags & FILTER_OWN) != 0 };
			int result = f->flags & FILTER_REFUSED ? 0 : fn(&w, user);

			if (result)
				return result;
		}
	return 0;
}

int template_each_word(int (*fn)(const struct template_word *w, void *user), void *user) {
	int result = each(filter_tables, "filter", fn, user);

	return result ? result : each(test_tables, "test", fn, user);
}
