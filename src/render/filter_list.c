/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on lists and dicts. What is a generator in Jinja2 is marked VALUE_ITERATOR here. */
#include "render/template_render.h"

static struct value *list_like(struct render *r, const struct value *origin, unsigned flags) {
	struct value *v = value_list(r->arena, origin->loc);

	v->flags = (uint8_t)flags;
	return v;
}

static const struct value *optional(const struct value *v) {
	return v && v->kind != VALUE_NULL ? v : NULL;
}

/* item.a.b.0 for the attribute "a.b.0"; without attribute the item itself. */
static const struct value *get(struct render *r, const struct call *c, const struct value *v,
			       const struct value *attribute, const struct value *otherwise) {
	struct str rest, part;

	if (!optional(attribute))
		return v;
	if (attribute->kind == VALUE_INT) {
		v = item(r, v, attribute, c->loc);
		return v && v->kind == VALUE_UNDEFINED && otherwise ? otherwise : v;
	}
	if (!str_of_value(r, attribute, c->loc, "the name of an attribute", &rest))
		return NULL;
	while (v && str_split(&rest, '.', &part)) {
		const struct value *key = value_str(r->arena, part.s, part.len, NO_LOC);
		size_t digits = 0;

		while (digits < part.len && part.s[digits] >= '0' && part.s[digits] <= '9')
			digits++;
		if (digits && digits == part.len && digits < 10)
			key = value_int(r->arena, strtol(arena_dup(r->arena, part.s, part.len), NULL, 10), NO_LOC);
		v = item(r, v, key, c->loc);
		if (v && v->kind == VALUE_UNDEFINED && otherwise)
			v = otherwise;
	}
	return v;
}

/* What values are compared by when the case does not count. */
static const struct value *fold(struct render *r, const struct call *c, const struct value *v) {
	char *s;

	if (!v || v->kind != VALUE_STR)
		return v;
	s = arena_dup(r->arena, v->str.s, v->str.len);
	for (size_t i = 0; i < v->str.len; i++) {
		if ((unsigned char)s[i] >= 0x80)
			return fail_datum(r, c->loc, v, "add case_sensitive=true",
					  "'%s' ignores the case of ASCII letters only", c->name);
		if (s[i] >= 'A' && s[i] <= 'Z')
			s[i] = (char)(s[i] + ('a' - 'A'));
	}
	return value_str(r->arena, s, v->str.len, v->loc);
}

static const struct value *key_for(struct render *r, const struct call *c, const struct value *v,
				   const struct value *attribute, const struct value *otherwise, bool case_sensitive) {
	const struct value *key = get(r, c, v, attribute, otherwise);

	return case_sensitive ? key : fold(r, c, key);
}

struct sort_item {
	const struct value *key, *value;
};

/* Stable merge sort, because a comparison may fail. */
static bool merge_sort(struct render *r, const struct call *c, struct sort_item *v, size_t n, struct sort_item *spare,
		       bool reverse) {
	size_t half = n / 2, a = 0, b = half, k = 0;

	if (n < 2)
		return true;
	if (!merge_sort(r, c, v, half, spare, reverse) || !merge_sort(r, c, v + half, n - half, spare, reverse))
		return false;
	while (a < half && b < n) {
		int o;

		if (!order(r, v[b].key, v[a].key, c->loc, &o))
			return false;
		spare[k++] = (reverse ? o == 1 : o == -1) ? v[b++] : v[a++];
	}
	while (a < half)
		spare[k++] = v[a++];
	memcpy(v, spare, k * sizeof(*v));
	return true;
}

static bool sort_items(struct render *r, const struct call *c, struct sort_item *v, size_t n, bool reverse) {
	return merge_sort(r, c, v, n, arena_array(r->arena, struct sort_item, n), reverse);
}

/* A list of keys for "a,b.c": sorting goes by the first, then by the second. */
static const struct value *sort_key(struct render *r, const struct call *c, const struct value *v,
				    const struct value *attribute, bool case_sensitive) {
	struct value *keys;
	struct str rest, part;

	if (!optional(attribute) || !value_is_str(attribute) || !memchr(attribute->str.s, ',', attribute->str.len))
		return key_for(r, c, v, attribute, NULL, case_sensitive);
	keys = value_list(r->arena, NO_LOC);
	rest = value_as_str(attribute);
	while (str_split(&rest, ',', &part)) {
		const struct value *key =
			key_for(r, c, v, value_str(r->arena, part.s, part.len, NO_LOC), NULL, case_sensitive);

		if (!key)
			return NULL;
		value_list_push(r->arena, keys, key);
	}
	return keys;
}

static const struct value *filter_sort(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->self, c->loc);
	bool reverse = false, exact = false;
	struct sort_item *v;
	struct value *list;

	if (!items || !arg_bool(r, c, 0, &reverse) || !arg_bool(r, c, 1, &exact))
		return NULL;
	v = arena_array(r->arena, struct sort_item, items->list.n);
	for (uint32_t i = 0; i < items->list.n; i++) {
		v[i].value = items->list.v[i];
		v[i].key = sort_key(r, c, v[i].value, c->arg[2], exact);
		if (!v[i].key)
			return NULL;
	}
	if (!sort_items(r, c, v, items->list.n, reverse))
		return NULL;
	list = list_like(r, c->self, 0);
	for (uint32_t i = 0; i < items->list.n; i++)
		value_list_push(r->arena, list, v[i].value);
	return list;
}

static const struct value *filter_dictsort(struct render *r, struct call *c) {
	bool exact = false, reverse = false, by_value = false;
	struct sort_item *v;
	struct value *list;

	if (c->self->kind != VALUE_DICT)
		return fail_datum(r, c->loc, c->self, NULL, "dictsort sorts a dict, not %s", value_kind_name(c->self));
	if (c->arg[1] && (!value_is_str(c->arg[1]) || (!str_is(value_as_str(c->arg[1]), "key") &&
						       !(by_value = str_is(value_as_str(c->arg[1]), "value")))))
		return fail(r, c->loc, NULL, "dictsort goes by 'key' or by 'value'");
	if (!arg_bool(r, c, 0, &exact) || !arg_bool(r, c, 2, &reverse))
		return NULL;
	v = arena_array(r->arena, struct sort_item, c->self->dict.n);
	for (uint32_t i = 0; i < c->self->dict.n; i++) {
		const struct value_entry *e = &c->self->dict.v[i];
		struct value *pair = list_like(r, e->value, VALUE_TUPLE);

		value_list_push(r->arena, pair, e->key);
		value_list_push(r->arena, pair, e->value);
		v[i] = (struct sort_item){ by_value ? e->value : e->key, pair };
		if (!exact && !(v[i].key = fold(r, c, v[i].key)))
			return NULL;
	}
	if (!sort_items(r, c, v, c->self->dict.n, reverse))
		return NULL;
	list = list_like(r, c->self, 0);
	for (uint32_t i = 0; i < c->self->dict.n; i++)
		value_list_push(r->arena, list, v[i].value);
	return list;
}

static const struct value *filter_groupby(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->self, c->loc), *otherwise = optional(c->arg[1]), *last = NULL;
	struct value *list, *members = NULL;
	bool exact = false, same;
	struct sort_item *v;

	if (!items || !arg_bool(r, c, 2, &exact))
		return NULL;
	v = arena_array(r->arena, struct sort_item, items->list.n);
	for (uint32_t i = 0; i < items->list.n; i++) {
		v[i].value = items->list.v[i];
		v[i].key = key_for(r, c, v[i].value, c->arg[0], otherwise, exact);
		if (!v[i].key)
			return NULL;
		if (v[i].key->kind == VALUE_UNDEFINED)
			return fail_undefined(r, v[i].key);
	}
	if (!sort_items(r, c, v, items->list.n, false))
		return NULL;
	list = list_like(r, c->self, 0);
	for (uint32_t i = 0; i < items->list.n; i++) {
		struct value *group;

		if (last && !equal(r, last, v[i].key, c->loc, &same))
			return NULL;
		if (!last || !same) {
			/* The key shown is that of the first member, in its own case. */
			group = list_like(r, v[i].value, VALUE_TUPLE | VALUE_GROUP);
			members = list_like(r, v[i].value, 0);
			value_list_push(r->arena, group, get(r, c, v[i].value, c->arg[0], otherwise));
			value_list_push(r->arena, group, members);
			value_list_push(r->arena, list, group);
		}
		value_list_push(r->arena, members, v[i].value);
		last = v[i].key;
	}
	return list;
}

/*
 * A text that is the same for equal values of one kind: what unique remembers. Numbers are equal across their kinds;
 * nan, which equals nothing, has none. NULL: no text; *ret_ok false after a complaint.
 */
static const struct value *identity(struct render *r, const struct call *c, const struct value *key, bool *ret_ok) {
	struct text t = { 0 };
	struct number n;

	*ret_ok = true;
	if (value_is_str(key))
		return key;
	if (number_of(key, &n)) {
		if (n.is_real && n.d != n.d)
			return NULL;
		if (n.is_real && (double)INT64_MIN <= n.d && n.d < -(double)INT64_MIN && (double)(int64_t)n.d == n.d)
			n = (struct number){ .i = (int64_t)n.d };
		if (n.is_real)
			write_real(&t, n.d);
		else
			write_int(&t, n.i);
	} else if (key->kind == VALUE_NULL) {
		text_puts(&t, "none");
	} else {
		*ret_ok = key->kind == VALUE_UNDEFINED ? fail_undefined(r, key) != NULL
						       : fail_datum(r, c->loc, key, NULL, "unique does not compare %s",
								    value_kind_name(key)) != NULL;
	}
	return take_text(r, &t, NULL, *ret_ok);
}

static const struct value *filter_unique(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->self, c->loc);
	struct value *list = list_like(r, c->self, VALUE_ITERATOR);
	struct value *texts = value_dict(r->arena, NO_LOC), *others = value_dict(r->arena, NO_LOC);
	bool exact = false, ok;

	if (!items || !arg_bool(r, c, 0, &exact))
		return NULL;
	for (uint32_t i = 0; i < items->list.n; i++) {
		const struct value *key = key_for(r, c, items->list.v[i], c->arg[1], NULL, exact), *id;
		struct value *seen = key && value_is_str(key) ? texts : others;

		id = key ? identity(r, c, key, &ok) : NULL;
		if (!key || !ok)
			return NULL;
		if (id && value_get(seen, key_of(id->str.s, id->str.len)))
			continue;
		if (id)
			value_dict_put(r->arena, seen, id, id);
		value_list_push(r->arena, list, items->list.v[i]);
	}
	return list;
}

static const struct value *extreme(struct render *r, struct call *c, int wanted) {
	const struct value *items = items_of(r, c->self, c->loc), *best = NULL, *best_key = NULL;
	bool exact = false;

	if (!items || !arg_bool(r, c, 0, &exact))
		return NULL;
	for (uint32_t i = 0; i < items->list.n; i++) {
		const struct value *key = key_for(r, c, items->list.v[i], c->arg[1], NULL, exact);
		int o = wanted;

		if (!key || (best && !order(r, key, best_key, c->loc, &o)))
			return NULL;
		if (!best || o == wanted) {
			best = items->list.v[i];
			best_key = key;
		}
	}
	return best ? best
		    : undefined_new(r, c->loc, (struct key){ 0 }, c->self,
				    arena_printf(r->arena, "%s of nothing: the list is empty", c->name));
}

static const struct value *filter_min(struct render *r, struct call *c) {
	return extreme(r, c, -1);
}

static const struct value *filter_max(struct render *r, struct call *c) {
	return extreme(r, c, 1);
}

static const struct value *filter_sum(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->self, c->loc), *v;
	const struct value *sum = c->arg[1] ? c->arg[1] : value_int(r->arena, 0, c->self->loc);

	if (sum->kind == VALUE_STR)
		return fail(r, c->loc, "use join", "sum does not add texts");
	for (uint32_t i = 0; items && sum && i < items->list.n; i++) {
		v = get(r, c, items->list.v[i], c->arg[0], NULL);
		sum = v ? arithmetic(r, NODE_ADD, sum, v, c->loc) : NULL;
	}
	return items ? sum : NULL;
}

static const struct value *filter_join(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->self, c->loc), *result = NULL;
	struct loc loc = c->self->loc;
	struct str sep = STR("");
	struct text t = { 0 };
	bool ok = items != NULL;

	if (ok && c->arg[0])
		ok = text_of(r, c->arg[0], c->loc, &sep);
	for (uint32_t i = 0; ok && i < items->list.n; i++) {
		const struct value *v = get(r, c, items->list.v[i], c->arg[1], NULL);

		if (i)
			text_add(&t, sep.s, sep.len);
		ok = v && write_str(r, &t, v, c->loc);
		if (ok && !loc.file)
			loc = v->loc;
	}
	if (ok)
		result = value_str(r->arena, arena_dup(r->arena, t.v, t.n), t.n, loc);
	text_done(&t);
	return result;
}

static const struct value *filter_length(struct render *r, struct call *c) {
	int64_t n = 0;

	if (c->self->kind == VALUE_STR)
		n = (int64_t)utf8_count(c->self->str.s, c->self->str.len);
	else if (c->self->kind == VALUE_DICT)
		n = c->self->dict.n;
	else if (c->self->kind == VALUE_LIST && !(c->self->flags & VALUE_ITERATOR))
		n = c->self->list.n;
	else
		return fail_datum(r, c->loc, c->self, c->self->kind == VALUE_LIST ? "put '| list' in front" : NULL,
				  "%s has no length", value_kind_name(c->self));
	return value_int(r->arena, n, c->self->loc);
}

static const struct value *filter_first(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->self, c->loc);

	if (!items || items->list.n)
		return items ? items->list.v[0] : NULL;
	return undefined_new(r, c->loc, (struct key){ 0 }, c->self, "there is no first item: the list is empty");
}

static const struct value *filter_last(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->self, c->loc);

	if (c->self->kind == VALUE_LIST && c->self->flags & VALUE_ITERATOR)
		return fail(r, c->loc, "put '| list' in front", "%s has no last item", value_kind_name(c->self));
	if (!items || items->list.n)
		return items ? items->list.v[items->list.n - 1] : NULL;
	return undefined_new(r, c->loc, (struct key){ 0 }, c->self, "there is no last item: the list is empty");
}

static const struct value *filter_list(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->self, c->loc);
	struct value *list = list_like(r, c->self, 0);

	if (!items)
		return NULL;
	/* Items are never changed: the array may be shared. */
	list->list.v = items->list.v;
	list->list.n = list->list.cap = items->list.n;
	return list;
}

static const struct value *filter_reverse(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->self, c->loc);
	struct value *list;
	struct text t = { 0 };

	if (!items)
		return NULL;
	if (c->self->kind == VALUE_STR) {
		for (uint32_t i = items->list.n; i-- > 0;)
			text_add(&t, items->list.v[i]->str.s, items->list.v[i]->str.len);
		list = value_str(r->arena, arena_dup(r->arena, t.v, t.n), t.n, c->self->loc);
		text_done(&t);
		return list;
	}
	list = list_like(r, c->self, c->self->flags & VALUE_ITERATOR ? 0 : VALUE_ITERATOR);
	for (uint32_t i = items->list.n; i-- > 0;)
		value_list_push(r->arena, list, items->list.v[i]);
	return list;
}

static const struct value *filter_items(struct render *r, struct call *c) {
	struct value *list = list_like(r, c->self, VALUE_ITERATOR);

	if (c->self->kind != VALUE_DICT)
		return fail_datum(r, c->loc, c->self, NULL, "only a dict has pairs, not %s", value_kind_name(c->self));
	for (uint32_t i = 0; i < c->self->dict.n; i++) {
		const struct value_entry *e = &c->self->dict.v[i];
		struct value *pair = list_like(r, e->value, VALUE_TUPLE);

		value_list_push(r->arena, pair, e->key);
		value_list_push(r->arena, pair, e->value);
		value_list_push(r->arena, list, pair);
	}
	return list;
}

static const struct value *filter_batch(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->self, c->loc), *fill = optional(c->arg[1]);
	struct value *list = list_like(r, c->self, VALUE_ITERATOR), *row = NULL;
	int64_t size;

	if (!items || !int_of(r, c->arg[0], c->loc, "the size of a batch", &size))
		return NULL;
	if (size < 1 || size > TEMPLATE_LIST_MAX)
		return fail(r, c->loc, NULL, "the size of a batch is 1 to %d", TEMPLATE_LIST_MAX);
	for (uint32_t i = 0; i < items->list.n; i++) {
		if (!row || row->list.n == size) {
			row = list_like(r, items->list.v[i], 0);
			value_list_push(r->arena, list, row);
		}
		value_list_push(r->arena, row, items->list.v[i]);
	}
	while (row && fill && row->list.n < size)
		value_list_push(r->arena, row, fill);
	return check_memory(r, c->loc) ? list : NULL;
}

static const struct value *filter_slice(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->self, c->loc), *fill = optional(c->arg[1]);
	struct value *list = list_like(r, c->self, VALUE_ITERATOR);
	int64_t count;
	uint32_t at = 0;

	if (!items || !int_of(r, c->arg[0], c->loc, "the number of slices", &count))
		return NULL;
	if (count < 1 || count > TEMPLATE_LIST_MAX)
		return fail(r, c->loc, NULL, "the number of slices is 1 to %d", TEMPLATE_LIST_MAX);
	for (int64_t i = 0; i < count; i++) {
		struct value *part = list_like(r, c->self, 0);
		bool longer = i < items->list.n % count;

		for (int64_t k = items->list.n / count + longer; k > 0; k--)
			value_list_push(r->arena, part, items->list.v[at++]);
		if (fill && !longer)
			value_list_push(r->arena, part, fill);
		value_list_push(r->arena, list, part);
	}
	return check_memory(r, c->loc) ? list : NULL;
}

static const struct value *kw_get(const struct call *c, const char *name) {
	for (uint32_t i = 0; i < c->n_kw; i++)
		if (key_is(c->kw[i].name, name))
			return c->kw[i].value;
	return NULL;
}

/* A filter or test that is named by a value, with the arguments behind the name. */
static const struct filter *named(struct render *r, const struct call *c, const struct value *name, bool test,
				  uint32_t n_pos, uint32_t n_kw) {
	const struct filter *f;
	struct key names[8];
	char why[160];
	const char *near;
	struct str s;

	if (!str_of_value(r, name, c->loc, test ? "the name of a test" : "the name of a filter", &s))
		return NULL;
	f = test ? test_find(s, &near) : filter_find(s, &near);
	if (!f || f->flags & FILTER_REFUSED)
		return fail(r, c->loc, near ? arena_printf(r->arena, "did you mean '%s'?", near) : NULL,
			    "there is no %s '%.*s' here", test ? "test" : "filter", (int)s.len, s.s);
	if (n_kw > ARRAY_LEN(names))
		return fail(r, c->loc, NULL, "too many named arguments");
	for (uint32_t i = 0; i < n_kw; i++)
		names[i] = c->kw[i].name;
	if (!filter_fits(f, test ? "test" : "filter", n_pos, names, n_kw, why, sizeof(why)))
		return fail(r, c->loc, NULL, "%s", why);
	return f;
}

static const struct value *filter_map(struct render *r, struct call *c) {
	const struct value *items = items_of(r, c->self, c->loc), *attribute = kw_get(c, "attribute");
	const struct value *otherwise = optional(kw_get(c, "default"));
	struct value *list = list_like(r, c->self, VALUE_ITERATOR);
	const struct filter *f = NULL;

	if (!items)
		return NULL;
	if (c->n_rest || !attribute) {
		if (!c->n_rest)
			return fail(r, c->loc, NULL, "map wants the name of a filter, or attribute=");
		f = named(r, c, c->rest[0], false, c->n_rest - 1, c->n_kw);
		if (!f)
			return NULL;
	} else if (c->n_kw > 1U + (kw_get(c, "default") != NULL)) {
		return fail(r, c->loc, NULL, "map takes attribute= and default=");
	}
	for (uint32_t i = 0; i < items->list.n; i++) {
		const struct value *v = items->list.v[i];

		v = f ? filter_call(r, f, c->loc, v, c->rest + 1, c->n_rest - 1, c->kw, c->n_kw)
		      : get(r, c, v, attribute, otherwise);
		if (!v || !keepable(r, v, c->loc))
			return NULL;
		value_list_push(r->arena, list, v);
	}
	return check_memory(r, c->loc) ? list : NULL;
}

static const struct value *choose(struct render *r, struct call *c, bool wanted, bool by_attribute) {
	const struct value *items = items_of(r, c->self, c->loc), *attribute = by_attribute ? c->arg[0] : NULL;
	struct value *list = list_like(r, c->self, VALUE_ITERATOR);
	const struct filter *f = NULL;

	if (!items)
		return NULL;
	if (c->n_rest) {
		f = named(r, c, c->rest[0], true, c->n_rest - 1, c->n_kw);
		if (!f)
			return NULL;
	}
	for (uint32_t i = 0; i < items->list.n; i++) {
		const struct value *v = get(r, c, items->list.v[i], attribute, NULL);
		bool b;

		if (v && f)
			v = filter_call(r, f, c->loc, v, c->rest + 1, c->n_rest - 1, c->kw, c->n_kw);
		if (!v || !truth(r, v, c->loc, &b))
			return NULL;
		if (b == wanted)
			value_list_push(r->arena, list, items->list.v[i]);
	}
	return list;
}

static const struct value *filter_select(struct render *r, struct call *c) {
	return choose(r, c, true, false);
}

static const struct value *filter_reject(struct render *r, struct call *c) {
	return choose(r, c, false, false);
}

static const struct value *filter_selectattr(struct render *r, struct call *c) {
	return choose(r, c, true, true);
}

static const struct value *filter_rejectattr(struct render *r, struct call *c) {
	return choose(r, c, false, true);
}

const struct filter filters_list[] = {
	{ "batch", "linecount, fill_with=none", filter_batch, 0,
	  "lists of linecount items each; the last one filled up" },
	{ "count", "", filter_length, FILTER_MARKUP, "the same as length" },
	{ "dictsort", "case_sensitive=false, by='key', reverse=false", filter_dictsort, 0,
	  "the pairs of a dict, sorted" },
	{ "first", "", filter_first, 0, "the first item; undefined if there is none" },
	{ "groupby", "attribute, default=none, case_sensitive=false", filter_groupby, 0,
	  "pairs (value of the attribute, list of the items that have it), sorted" },
	{ "items", "", filter_items, 0, "the pairs of a dict" },
	{ "join", "d='', attribute=none", filter_join, 0,
	  "the items, or an attribute of each, as one text with d between them" },
	{ "last", "", filter_last, 0, "the last item; undefined if there is none" },
	{ "length", "", filter_length, FILTER_MARKUP, "how many items, or characters, there are" },
	{ "list", "", filter_list, 0, "a list of the items, characters or keys" },
	{ "map", "*args", filter_map, FILTER_REST | FILTER_UNDEFINED,
	  "each item through a filter, as map('cidr'), or an attribute of each, as map(attribute='ip', default=none)" },
	{ "max", "case_sensitive=false, attribute=none", filter_max, 0,
	  "the largest item; undefined if there is none" },
	{ "min", "case_sensitive=false, attribute=none", filter_min, 0,
	  "the smallest item; undefined if there is none" },
	{ "reject", "*args", filter_reject, FILTER_REST, "the items that do not pass a test, as reject('odd')" },
	{ "rejectattr", "attribute, *args", filter_rejectattr, FILTER_REST,
	  "the items of which an attribute does not pass a test" },
	{ "reverse", "", filter_reverse, 0, "the items, or the characters, from the last to the first" },
	{ "select", "*args", filter_select, FILTER_REST, "the items that pass a test, as select('odd')" },
	{ "selectattr", "attribute, *args", filter_selectattr, FILTER_REST,
	  "the items of which an attribute passes a test" },
	{ "slice", "slices, fill_with=none", filter_slice, 0, "a number of lists, which share the items evenly" },
	{ "sort", "reverse=false, case_sensitive=false, attribute=none", filter_sort, 0,
	  "sorted, by an attribute or several ('a,b')" },
	{ "sum", "attribute=none, start=0", filter_sum, 0, "the sum of the items, or of an attribute of each" },
	{ "unique", "case_sensitive=false, attribute=none", filter_unique, 0, "the items without repetitions" },
	{ "attr", "name", NULL, FILTER_REFUSED, "write value.name" },
	{ NULL, NULL, NULL, 0, NULL },
};
