/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms come first, then what appears and vanishes, then files in which something else changes, then the sums. */
#include "cmd/diff_print.h"

#include <string.h>

#include "base/map.h"

enum { NAMES_SHOWN = 3, PREFIXES_SHOWN = 4 };

/* The policy line of this name; NULL: there is none, or several. */
static const struct policy *policy_of(const struct diff_view *v, const struct meaning_entry *e) {
	const struct policy *found = NULL;

	if (e->kind != FACT_FLOW || !e->appears)
		return NULL;
	LIST_EACH (struct policy, p, &v->estate->policy) {
		if (strcmp(p->name.s, e->comment) != 0)
			continue;
		if (found)
			return NULL;
		found = p;
	}
	return found;
}

static const char *policy_path(const struct diff_view *v, const struct policy *p) {
	const struct source *s = p ? sources_get(v->sources, p->at->loc.file) : NULL;

	return s ? s->path : NULL;
}

/* "fe01, fe02", or "15 machines (fe01, fe02, fe03, …)" */
static void print_names(FILE *out, const char *const *names, size_t n) {
	if (n > NAMES_SHOWN)
		(void)fprintf(out, "%zu machines (", n);
	for (size_t i = 0; i < MIN(n, (size_t)NAMES_SHOWN); i++)
		(void)fprintf(out, "%s%s", i ? ", " : "", names[i]);
	if (n > NAMES_SHOWN)
		(void)fputs(", …)", out);
}

static void print_addresses(FILE *out, const char *text, uint32_t n) {
	size_t len = 0;

	for (unsigned i = 0; i < PREFIXES_SHOWN && text[len]; i++)
		len += (i ? 2 : 0) + strcspn(text + len + (i ? 2 : 0), ",");
	(void)fprintf(out, "%.*s", (int)len, text);
	if (n > PREFIXES_SHOWN)
		(void)fprintf(out, " and %u more", n - PREFIXES_SHOWN);
}

static void print_flow(const struct diff_view *v, const struct meaning_entry *e, FILE *out) {
	const struct policy *p = policy_of(v, e);
	const char *path = policy_path(v, p);

	(void)fprintf(out, "%s over %s %s ", e->ports,
		      !e->family              ? "IPv4 and IPv6"
		      : e->family == FAMILY_4 ? "IPv4"
					      : "IPv6",
		      strcmp(e->chain, "input") == 0 ? "into" : "through");
	print_names(out, e->machines.v, e->machines.n);
	(void)fputs(": from ", out);
	print_addresses(out, e->from, e->from_count);
	if (e->to_count) {
		(void)fputs(" to ", out);
		print_addresses(out, e->to, e->to_count);
	}
	if (e->translated)
		(void)fputs(" before NAT", out);
	if (path)
		(void)fprintf(out, " (%s:%u '%s')", path, p->at->loc.line, e->comment);
	else if (e->comment[0])
		(void)fprintf(out, " ('%s')", e->comment);
}

static void print_entry(const struct diff_view *v, const struct meaning_entry *e, FILE *out) {
	(void)fprintf(out, "%s%c ", e->alarm ? "ALARM " : "", e->appears ? '+' : '-');
	switch (e->kind) {
	case FACT_FLOW:
		print_flow(v, e, out);
		break;
	case FACT_RECORD:
		(void)fprintf(out, "%s %s %s on ", e->owner, e->type, e->data);
		print_names(out, e->machines.v, e->machines.n);
		break;
	default:
		(void)fprintf(out,
			      e->family == FAMILY_6 ? "%s listens on %s [%s]:%u of " : "%s listens on %s %s:%u of ",
			      e->program, e->protocol, e->address, e->port);
		print_names(out, e->machines.v, e->machines.n);
	}
	(void)fprintf(out, "%s%s\n", e->alarm ? ": " : "", e->alarm ? e->alarm : "");
}

void diff_print_meaning(const struct diff_view *v, FILE *out) {
	for (size_t i = 0; i < v->comparison->meaning.list.n; i++)
		print_entry(v, v->comparison->meaning.list.v[i], out);
}

static const char *path_on_machine(const struct change *c) {
	return c->path + strlen(c->machine);
}

/* The same file on many machines is one line. */
struct file_line {
	const struct change *first;
	VEC(const char *) machines;
	uint32_t added, deleted;
};

static void print_file_line(const struct diff_view *v, const struct file_line *l, FILE *out) {
	const struct change *c = l->first;

	(void)fprintf(out, "%s %s %s: ", change_to_str(c->kind), c->target, path_on_machine(c));
	print_names(out, l->machines.v, l->machines.n);
	if (v->counts)
		(void)fprintf(out, " (+%u -%u)", l->added, l->deleted);
	(void)fprintf(out, "%s%s\n", c->note ? ": " : "", c->note ? c->note : "");
}

static void print_files(const struct diff_view *v, FILE *out) {
	const struct comparison *c = v->comparison;
	VEC(struct file_line *) list = { 0 };
	struct arena a = { 0 };
	struct map by_key;

	map_init(&by_key, &a);
	for (size_t i = 0; i < c->files.n; i++) {
		const struct change *f = &c->files.v[i];
		const char *key =
			arena_printf(&a, "%d|%s|%s|%s", f->kind, f->target, path_on_machine(f), f->note ? f->note : "");
		struct file_line *l = map_get(&by_key, key, strlen(key));

		if (!f->is_text && !v->counts)
			continue;
		if (!l) {
			l = arena_new(&a, struct file_line);
			l->first = f;
			(void)map_add(&by_key, key, strlen(key), l);
			vec_push(&list, l);
		}
		vec_push(&l->machines, f->machine);
		l->added += f->added;
		l->deleted += f->deleted;
	}
	for (size_t i = 0; i < list.n; i++) {
		print_file_line(v, list.v[i], out);
		vec_done(&list.v[i]->machines);
	}
	vec_done(&list);
	map_done(&by_key);
	arena_done(&a);
}

static void print_lines(const struct comparison *c, FILE *out) {
	for (size_t i = 0; i < c->files.n; i++) {
		const struct change *f = &c->files.v[i];

		(void)fprintf(out, "%s %s: %s %s (+%u -%u)\n", f->machine, f->target, change_to_str(f->kind),
			      path_on_machine(f), f->added, f->deleted);
		(void)fwrite(f->diff.len ? f->diff.s : "", 1, f->diff.len, out);
	}
}

static void print_sums(const struct comparison *c, FILE *out) {
	unsigned count[_CHANGE_MAX] = { 0 };

	for (size_t i = 0; i < c->files.n; i++)
		count[c->files.v[i].kind]++;
	if (!c->files.n)
		(void)fputs("nothing would change\n", out);
	else
		(void)fprintf(out, "%u new, %u changed, %u to be removed\n", count[CHANGE_NEW], count[CHANGE_CHANGED],
			      count[CHANGE_REMOVED]);
}

void diff_print_text(const struct diff_view *v, FILE *out) {
	const struct comparison *c = v->comparison;

	if (v->lines) {
		print_lines(c, out);
	} else {
		diff_print_meaning(v, out);
		print_files(v, out);
		for (size_t i = 0; i < c->gone.n; i++)
			(void)fprintf(out, "gone: %s\n", c->gone.v[i]);
	}
	print_sums(c, out);
	for (size_t i = 0; i < c->refusals.n && !v->forced; i++)
		(void)fprintf(out, "REFUSED: %s\n", c->refusals.v[i]);
	if (c->refusals.n && !v->forced)
		(void)fputs("'hextet render -o' and 'hextet apply' will want --force\n", out);
}

static void emit_family(struct emit *e, enum family f) {
	if (f)
		emit_uint(e, "family", f);
	else
		emit_null(e, "family");
}

static void emit_entry(const struct diff_view *v, const struct meaning_entry *m, struct emit *e) {
	const struct policy *p = policy_of(v, m);

	emit_object(e, NULL);
	emit_text(e, "kind", fact_kind_to_str(m->kind));
	emit_text(e, "change", m->appears ? "appears" : "vanishes");
	emit_list(e, "machines");
	for (size_t i = 0; i < m->machines.n; i++)
		emit_text(e, NULL, m->machines.v[i]);
	emit_end(e);
	emit_family(e, m->family);
	emit_text(e, "alarm", m->alarm);
	switch (m->kind) {
	case FACT_FLOW:
		emit_text(e, "chain", m->chain);
		emit_text(e, "ports", m->ports);
		emit_text(e, "from", m->from);
		emit_text(e, "to", m->to);
		emit_bool(e, "translated", m->translated);
		emit_text(e, "comment", m->comment);
		emit_text(e, "file", policy_path(v, p));
		emit_uint(e, "line", p ? p->at->loc.line : 0);
		break;
	case FACT_RECORD:
		emit_text(e, "owner", m->owner);
		emit_text(e, "type", m->type);
		emit_text(e, "data", m->data);
		break;
	default:
		emit_text(e, "program", m->program);
		emit_text(e, "protocol", m->protocol);
		emit_text(e, "address", m->address);
		emit_uint(e, "port", m->port);
	}
	emit_end(e);
}

void diff_emit_meaning(const struct diff_view *v, struct emit *e) {
	for (size_t i = 0; i < v->comparison->meaning.list.n; i++)
		emit_entry(v, v->comparison->meaning.list.v[i], e);
}

static void emit_file(const struct diff_view *v, const struct change *c, struct emit *e) {
	emit_object(e, NULL);
	emit_text(e, "kind", "file");
	emit_text(e, "change", change_to_str(c->kind));
	emit_text(e, "machine", c->machine);
	emit_text(e, "target", c->target);
	emit_text(e, "path", path_on_machine(c));
	emit_bool(e, "text_only", c->is_text);
	emit_text(e, "note", c->note);
	if (v->counts) {
		emit_uint(e, "added", c->added);
		emit_uint(e, "deleted", c->deleted);
	}
	if (v->lines)
		emit_str(e, "diff", c->diff);
	emit_end(e);
}

static void emit_texts(struct emit *e, const char *name, const char *const *v, size_t n) {
	emit_list(e, name);
	for (size_t i = 0; i < n; i++)
		emit_text(e, NULL, v[i]);
	emit_end(e);
}

void diff_emit(const struct diff_view *v, struct emit *e) {
	const struct comparison *c = v->comparison;

	emit_object(e, NULL);
	emit_bool(e, "refused", c->refusals.n && !v->forced);
	emit_texts(e, "refusals", c->refusals.v, c->refusals.n);
	emit_texts(e, "gone", c->gone.v, c->gone.n);
	emit_list(e, "changes");
	diff_emit_meaning(v, e);
	for (size_t i = 0; i < c->files.n; i++)
		emit_file(v, &c->files.v[i], e);
	emit_end(e);
	emit_end(e);
}
