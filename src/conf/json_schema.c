/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas are written out where they are used, without $ref: there is no recursion in them, and an editor shows the
 * right text either way.
 */
#include "conf/json_schema.h"

#include <inttypes.h>
#include <string.h>

#include "base/emit.h"
#include "conf/type.h"

/* An object under construction: members on lines of their own. */
struct object {
	FILE *out;
	unsigned level;
	bool any;
};

static struct object object_begin(FILE *out, unsigned level) {
	(void)fputc('{', out);
	return (struct object){ .out = out, .level = level + 1 };
}

static void member(struct object *o, const char *name) {
	(void)fprintf(o->out, "%s\n%*s", o->any ? "," : "", (int)(2 * o->level), "");
	json_write_string(o->out, name, strlen(name));
	(void)fputs(": ", o->out);
	o->any = true;
}

static void member_text(struct object *o, const char *name, const char *text) {
	member(o, name);
	json_write_string(o->out, text, strlen(text));
}

static void object_end(struct object *o) {
	if (o->any)
		(void)fprintf(o->out, "\n%*s", (int)(2 * o->level - 2), "");
	(void)fputc('}', o->out);
}

static void describe(struct object *o, const struct field *f) {
	char text[512];

	(void)snprintf(text, sizeof(text), f->fallback ? "%s (default: %s)" : "%s", f->doc, f->fallback);
	member_text(o, "description", text);
}

/* One value of a field that is no mapping. */
static void scalar_members(struct object *o, const struct field *f) {
	if (f->type == TYPE_WORD) {
		member(o, "enum");
		for (unsigned i = 0; f->words && f->words[i]; i++) {
			(void)fputs(i ? ", " : "[", o->out);
			json_write_string(o->out, f->words[i], strlen(f->words[i]));
		}
		(void)fputc(']', o->out);
		return;
	}
	(void)fprintf(o->out, "%s\n%*s%s", o->any ? "," : "", (int)(2 * o->level), "", type_table[f->type].json);
	o->any = true;
	if ((f->type == TYPE_UINT || f->type == TYPE_REAL) && (f->min || f->max)) {
		member(o, "minimum");
		(void)fprintf(o->out, "%" PRId64, f->min);
		member(o, "maximum");
		(void)fprintf(o->out, "%" PRId64, f->max);
	}
}

static void value(FILE *out, const struct field *f, unsigned level) {
	struct object o;

	if (f->type == TYPE_STRUCT) {
		json_schema_struct(out, f->sub, level);
		return;
	}
	o = object_begin(out, level);
	scalar_members(&o, f);
	object_end(&o);
}

/* A single value counts as a list of one. */
static void list_members(struct object *o, const struct field *f) {
	struct object array;

	member(o, "anyOf");
	(void)fputc('[', o->out);
	value(o->out, f, o->level);
	(void)fputs(", ", o->out);
	array = object_begin(o->out, o->level);
	member_text(&array, "type", "array");
	member(&array, "items");
	value(o->out, f, array.level);
	object_end(&array);
	(void)fputc(']', o->out);
}

static void field(FILE *out, const struct field *f, unsigned level) {
	struct object o = object_begin(out, level);

	describe(&o, f);
	if (f->shape == LIST)
		list_members(&o, f);
	else if (f->type != TYPE_STRUCT)
		scalar_members(&o, f);
	else {
		member(&o, "allOf");
		(void)fputc('[', out);
		if (f->shape == MAP)
			json_schema_map(out, f->sub, o.level);
		else
			json_schema_struct(out, f->sub, o.level);
		(void)fputc(']', out);
	}
	object_end(&o);
}

static void required(struct object *o, const struct schema *s) {
	const char *separator = "[";

	for (size_t i = 0; i < s->n; i++) {
		if (!(s->fields[i].flags & FIELD_REQUIRED))
			continue;
		if (*separator == '[')
			member(o, "required");
		(void)fputs(separator, o->out);
		json_write_string(o->out, s->fields[i].name, strlen(s->fields[i].name));
		separator = ", ";
	}
	if (*separator != '[')
		(void)fputc(']', o->out);
}

static void mapping(FILE *out, const struct schema *s, unsigned level) {
	struct object o = object_begin(out, level), fields;

	member_text(&o, "type", "object");
	member_text(&o, "description", s->doc);
	member(&o, "properties");
	fields = object_begin(out, o.level);
	for (size_t i = 0; i < s->n; i++) {
		member(&fields, s->fields[i].name);
		field(out, &s->fields[i], fields.level);
	}
	object_end(&fields);
	required(&o, s);
	member(&o, "additionalProperties");
	(void)fputs("false", out);
	object_end(&o);
}

void json_schema_struct(FILE *out, const struct schema *s, unsigned level) {
	struct object o;

	if (!s->shorthand) {
		mapping(out, s, level);
		return;
	}
	o = object_begin(out, level);
	member(&o, "anyOf");
	(void)fputc('[', out);
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->fields[i].name, s->shorthand) == 0)
			field(out, &s->fields[i], o.level);
	(void)fputs(", ", out);
	mapping(out, s, o.level);
	(void)fputc(']', out);
	object_end(&o);
}

void json_schema_map(FILE *out, const struct schema *s, unsigned level) {
	const struct field key = { .type = s->key_type };
	struct object o = object_begin(out, level), names;

	member_text(&o, "type", "object");
	member(&o, "propertyNames");
	names = object_begin(out, o.level);
	if (s->key_type == TYPE_UINT)
		member_text(&names, "pattern", "^[0-9]+$");
	else
		scalar_members(&names, &key);
	object_end(&names);
	member(&o, "additionalProperties");
	json_schema_struct(out, s, o.level);
	object_end(&o);
}
