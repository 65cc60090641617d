/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over the rows that carries the path; a key that the user chooses is shown as its kind, in angle brackets. */
#include "conf/schema_manual.h"

#include <inttypes.h>
#include <string.h>

#include "conf/type.h"

enum { PATH_MAX_LEN = 256 };

struct manual {
	FILE *out;
	void (*text)(FILE *out, const char *text);
};

static void print_range(const struct manual *m, const struct field *f) {
	char range[64];

	if (f->type == TYPE_WORD) {
		for (unsigned i = 0; f->words[i]; i++) {
			m->text(m->out, i ? ", " : "one of ");
			m->text(m->out, f->words[i]);
		}
		return;
	}
	m->text(m->out, f->kinds_doc ? f->kinds_doc : type_table[f->type].what);
	if ((f->type == TYPE_UINT || f->type == TYPE_REAL) && (f->min || f->max)) {
		(void)snprintf(range, sizeof(range), " from %" PRId64 " to %" PRId64, f->min, f->max);
		m->text(m->out, range);
	}
}

/* "*path* (an IPv4 address; required)" and the meaning below it. */
static void print_row(const struct manual *m, const struct field *f, const char *path) {
	(void)fputc('*', m->out);
	m->text(m->out, path);
	(void)fputs("* (", m->out);
	if (f->type == TYPE_STRUCT)
		m->text(m->out, f->shape == MAP ? "a mapping" : f->shape == LIST ? "a list" : "fields of its own");
	else
		print_range(m, f);
	if (f->shape == LIST && f->type != TYPE_STRUCT)
		m->text(m->out, ", or a list");
	if (f->flags & FIELD_REQUIRED)
		m->text(m->out, "; required");
	if (f->fallback) {
		m->text(m->out, "; default ");
		m->text(m->out, f->fallback);
	}
	(void)fputs(")\n\t", m->out);
	m->text(m->out, f->doc);
	(void)fputs(".\n\n", m->out);
}

static void print_fields(const struct manual *m, const struct schema *s, const char *above);

static void print_below(const struct manual *m, const struct field *f, const char *path) {
	char below[PATH_MAX_LEN];

	(void)snprintf(below, sizeof(below), f->shape == MAP ? "%s.<%s>." : "%s.", path, f->sub->name);
	print_fields(m, f->sub, below);
}

static void print_fields(const struct manual *m, const struct schema *s, const char *above) {
	char path[PATH_MAX_LEN];

	for (size_t i = 0; i < s->n; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", above, s->fields[i].name);
		print_row(m, &s->fields[i], path);
		if (s->fields[i].type == TYPE_STRUCT)
			print_below(m, &s->fields[i], path);
	}
}

static void print_section(const struct manual *m, const struct field *f) {
	(void)fprintf(m->out, "## %s\n\n", f->name);
	m->text(m->out, f->sub->doc);
	m->text(m->out, f->shape == MAP    ? " The section is a mapping, and each key is "
			: f->shape == LIST ? " The section is a list"
					   : " The section has the fields themselves");
	if (f->shape == MAP)
		m->text(m->out, f->sub->key_doc);
	if (f->sub->shorthand) {
		m->text(m->out, "; a plain value stands for its ");
		m->text(m->out, f->sub->shorthand);
	}
	(void)fputs(".\n\n", m->out);
	print_fields(m, f->sub, "");
}

void schema_manual(FILE *out, const struct schema *s, void (*text)(FILE *out, const char *text)) {
	const struct manual m = { out, text };

	for (size_t i = 0; i < s->n; i++)
		if (s->fields[i].type != TYPE_STRUCT)
			print_row(&m, &s->fields[i], s->fields[i].name);
	for (size_t i = 0; i < s->n; i++)
		if (s->fields[i].type == TYPE_STRUCT)
			print_section(&m, &s->fields[i]);
}
