/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a mapping's items, finds each one's row, and lets the row's type read the scalar. Order and repetition are the
 * parser's business: keys are unique here.
 */
#include "conf/schema.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "conf/type.h"

void loader_init(struct loader *l, struct arena *a, struct diags *d) {
	*l = (struct loader){ .arena = a, .diags = d };
}

void loader_done(struct loader *l) {
	vec_done(&l->refs);
}

bool loader_may_guess(struct loader *l) {
	enum { GUESSES_MAX = 100 };

	return l->guesses < GUESSES_MAX && ++l->guesses;
}

struct loc loc_of(const struct node *at, const struct node *otherwise) {
	return at ? at->loc : otherwise ? otherwise->loc : (struct loc){ 0 };
}

bool schema_has(const struct schema *s, struct str name) {
	for (size_t i = 0; i < s->n; i++)
		if (str_is(name, s->fields[i].name))
			return true;
	return false;
}

static const struct field *find_field(const struct schema *s, struct str name) {
	for (size_t i = 0; i < s->n; i++)
		if (str_is(name, s->fields[i].name))
			return &s->fields[i];
	return NULL;
}

/* A field that the mapping has already is hardly the one that was meant. */
static const char *field_hint(struct loader *l, const struct schema *s, const struct node *map, struct str key) {
	const char *near = NULL, *all = "";
	unsigned best = UINT_MAX;

	if (str_is(key, "<<"))
		return "merge keys are not YAML 1.2: give the alias to a key of its own, or write the fields out";
	if (!loader_may_guess(l))
		return NULL;
	for (int taken = 0; taken <= 1 && !near; taken++)
		for (size_t i = 0; i < s->n; i++)
			if ((node_get(map, s->fields[i].name) != NULL) == taken &&
			    suggest_better(key, str_of(s->fields[i].name), &best))
				near = s->fields[i].name;
	if (near)
		return arena_printf(l->arena, "did you mean %s?", near);
	for (size_t i = 0; i < s->n; i++)
		all = arena_printf(l->arena, "%s%s%s", all, i ? ", " : "", s->fields[i].name);
	return arena_printf(l->arena, "it has %s%s%s", all, s->elsewhere ? "; " : "", s->elsewhere ? s->elsewhere : "");
}

static unsigned unknown_key(struct loader *l, const struct schema *s, const struct node *map, const struct node *item) {
	const char *hint = field_hint(l, s, map, item->key->text);

	diag_error(l->diags, "unknown-key", item->key->loc, hint, "%s has no field \"%s\"", s->name, item->key->text.s);
	return 1;
}

/* "[2001:db8::, x]" is read as a list whose first item is a mapping: the key ends in a colon. */
static const char *kind_hint(struct loader *l, const struct node *n) {
	const struct node *item = n->kind == NODE_MAP ? n->first : NULL;

	if (item && item->key && item->key->text.len && item->key->text.s[item->key->text.len - 1] == ':')
		return arena_printf(l->arena, "quote it: \"%s:\"", item->key->text.s);
	return NULL;
}

static unsigned wrong_kind(struct loader *l, const struct node *n, const char *what, const char *hint) {
	const char *colons = kind_hint(l, n);

	diag_error(l->diags, "bad-value", colons ? n->first->key->loc : n->loc, colons ? colons : hint,
		   "%s is expected here, not %s", what, node_kind_to_str(n->kind));
	return 1;
}

#define ITEMS_HINT "write \"key: value\" lines indented below it, or { key: value, key: value }"

static unsigned load_struct(struct loader *l, const struct schema *s, struct node *n, void *out);

static unsigned missing_value(struct loader *l, const struct field *f, const struct node *n) {
	diag_error(l->diags, "bad-value", n->loc,
		   !n->key ? "write it behind the dash, or remove the dash"
		   : f->type == TYPE_STRUCT && f->shape == LIST
			   ? "write its items below it, each behind a dash, write [] for none, or remove the key"
		   : f->type == TYPE_STRUCT || f->shape == MAP
			   ? "indent its fields below it, write {} for none, or remove the key"
			   : "write a value behind the colon, or remove the key",
		   "\"%s\" has no value", n->key ? n->key->text.s : f->name);
	return 1;
}

/* "ip: 192.0.2.1" and below it "foo": YAML reads one value of two words. */
static unsigned folded_value(struct loader *l, const struct field *f, const struct node *n) {
	struct loc loc = { .file = n->loc.file, .line = n->loc.line, .len = 1 };
	const char *text;
	size_t len, blanks = 0;

	do {
		blanks = 0;
		if (!sources_line(l->diags->sources, loc.file, ++loc.line, &text, &len))
			return 1;
		while (blanks < len && (text[blanks] == ' ' || text[blanks] == '\t'))
			blanks++;
	} while (blanks == len);
	loc.col = (uint32_t)blanks + 1;
	loc.len = (uint32_t)utf8_count(text + blanks, len - blanks);
	diag_error(l->diags, "bad-value", loc, "write \"key: value\", indented like the key above",
		   "this line continues the value of \"%s\" above it", n->key ? n->key->text.s : f->name);
	return 1;
}

/* One value of the field's type into *out. */
static unsigned load_item(struct loader *l, const struct field *f, struct node *n, void *out) {
	if (n->kind == NODE_SCALAR && n->missing)
		return missing_value(l, f, n);
	if (f->type == TYPE_STRUCT)
		return load_struct(l, f->sub, n, out);
	if (n->kind != NODE_SCALAR)
		return wrong_kind(l, n, type_table[f->type].what,
				  f->shape == LIST ? "write one value, or a list of them: [a, b]"
						   : "write one value, without brackets");
	if (n->folded && f->type != TYPE_TEXT)
		return folded_value(l, f, n);
	return type_table[f->type].parse(l, f, n, out) < 0;
}

static size_t item_size(const struct field *f) {
	return f->type == TYPE_STRUCT ? f->sub->size : type_table[f->type].size;
}

static unsigned load_list(struct loader *l, const struct field *f, struct node *n, struct list *out) {
	size_t size = item_size(f);
	unsigned errors = 0;
	char *to;

	out->at = n;
	if (n->kind != NODE_SEQ) {
		out->items = arena_alloc(l->arena, size);
		errors = load_item(l, f, n, out->items);
		out->n = errors ? 0 : 1;
		return errors;
	}
	to = out->items = arena_alloc_array(l->arena, size, n->count);
	NODE_EACH (item, n) {
		unsigned e = load_item(l, f, item, to);

		errors += e;
		if (e && (f->type != TYPE_STRUCT || item->kind != NODE_MAP))
			continue;
		to += size;
		out->n++;
	}
	/* What is said of "the first" or "the only one" would be said of the wrong one. */
	if (errors)
		NODE_EACH (item, n)
			item->faulty = true;
	return errors;
}

/* A key is read by the type that the item's schema says; it must not be a mapping and is never missing. */
static unsigned load_key(struct loader *l, const struct schema *s, const struct node *item, void *out) {
	const struct field key = { .name = s->name, .type = s->key_type, .min = s->key_min, .max = s->key_max };

	if (item->key->missing) {
		diag_error(l->diags, "bad-value", item->key->loc, NULL, "the name of the %s is missing", s->name);
		return 1;
	}
	return type_table[s->key_type].parse(l, &key, item->key, out) < 0;
}

/* A field among the names: "ipv6: …" at the margin of a machines file. */
static unsigned stray_field(struct loader *l, const struct field *f, const struct node *item) {
	diag_error(l->diags, "bad-value", item->key->loc,
		   arena_printf(l->arena, "indent it below the %s that it belongs to", f->sub->name),
		   "\"%s\" is a field of %s, not %s", item->key->text.s, f->sub->name, f->sub->key_doc);
	return 1;
}

static unsigned load_map(struct loader *l, const struct field *f, struct node *n, struct list *out) {
	unsigned errors = 0;
	char *to;

	if (n->kind == NODE_SCALAR && n->missing)
		return missing_value(l, f, n);
	if (n->kind != NODE_MAP)
		return wrong_kind(l, n, arena_printf(l->arena, "a mapping from %s to its fields", f->sub->key_doc),
				  ITEMS_HINT);
	out->at = n;
	to = out->items = arena_alloc_array(l->arena, f->sub->size, n->count);
	NODE_EACH (item, n) {
		unsigned key_errors, item_errors;

		if (item->kind != NODE_MAP && find_field(f->sub, item->key->text)) {
			errors += stray_field(l, f, item);
			continue;
		}
		key_errors = load_key(l, f->sub, item, to);
		/* Without a key it is no item, but its mistakes count, and the names in it need a place to stay. */
		char *into = key_errors ? arena_alloc(l->arena, f->sub->size) : to;

		item_errors = load_item(l, f, item, into);
		errors += key_errors + item_errors;
		if (item_errors)
			item->key->faulty = true;
		if (!key_errors) {
			to += f->sub->size;
			out->n++;
		}
	}
	return errors;
}

static unsigned load_field(struct loader *l, const struct field *f, struct node *n, char *base) {
	void *out = base + f->offset;

	switch (f->shape) {
	case LIST:
		return load_list(l, f, n, out);
	case MAP:
		return load_map(l, f, n, out);
	case ONE:
		break;
	}
	if (f->type != TYPE_STRUCT)
		return load_item(l, f, n, out);

	void *sub = arena_alloc(l->arena, f->sub->size);
	unsigned errors = load_item(l, f, n, sub);

	if (!errors)
		*(void **)out = sub;
	return errors;
}

/* Defaults are written in the text form; the unit test of the schemas shows that each passes its type's parser. */
static void load_defaults(struct loader *l, const struct schema *s, char *base) {
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		struct node n = { .kind = NODE_SCALAR };
		char *value = base + f->offset;

		if (!f->fallback || f->shape != ONE || f->type == TYPE_STRUCT || f->type == TYPE_REF)
			continue;
		n.text = str_of(f->fallback);
		(void)type_table[f->type].parse(l, f, &n, value);
		/* Every one of these structs ends in its node: a default has none. */
		memset(value + type_table[f->type].size - sizeof(void *), 0, sizeof(void *));
	}
}

static unsigned check_required(struct loader *l, const struct schema *s, const struct node *n) {
	unsigned errors = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];

		if (!(f->flags & FIELD_REQUIRED) || node_get(n, f->name))
			continue;
		diag_error(l->diags, "missing-key", n->key ? n->key->loc : n->loc,
			   arena_printf(l->arena, "add \"%s: …\": %s", f->name, f->doc), "%s has no \"%s\"", s->name,
			   f->name);
		errors++;
	}
	return errors;
}

static unsigned load_struct(struct loader *l, const struct schema *s, struct node *n, void *out) {
	unsigned errors = 0;

	load_defaults(l, s, out);
	if (n->kind == NODE_SCALAR && s->shorthand)
		return load_field(l, find_field(s, str_of(s->shorthand)), n, out);
	if (n->kind != NODE_MAP)
		return wrong_kind(l, n, arena_printf(l->arena, "a mapping with the fields of %s", s->name), ITEMS_HINT);
	NODE_EACH (item, n) {
		const struct field *f = find_field(s, item->key->text);

		errors += f ? load_field(l, f, item, out) : unknown_key(l, s, n, item);
	}
	errors += check_required(l, s, n);
	n->faulty = errors > 0;
	return errors;
}

unsigned schema_load(struct loader *l, const struct schema *schema, struct node *map, void *ret_struct) {
	return load_struct(l, schema, map, ret_struct);
}
