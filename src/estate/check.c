/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "check_table.h"

const struct check *const check_list[] = { CHECK_LIST NULL };

#define IGNORE_MARK "# hextet: ignore "

/* Whether a line's comment names this check. Names are separated by commas or blanks. */
static bool line_ignores(const struct diags *d, uint32_t file, uint32_t line, bool alone, const char *name) {
	const char *text, *mark;
	size_t len;
	struct str rest, word;

	if (!sources_line(d->sources, file, line, &text, &len))
		return false;
	mark = memmem(text, len, IGNORE_MARK, strlen(IGNORE_MARK));
	if (!mark || (alone && str_trim((struct str){ text, (size_t)(mark - text) }).len))
		return false;
	mark += strlen(IGNORE_MARK);
	rest = (struct str){ mark, len - (size_t)(mark - text) };
	while (str_split(&rest, ' ', &word)) {
		struct str part;

		while (str_split(&word, ',', &part))
			if (str_is(str_trim(part), name))
				return true;
	}
	return false;
}

static bool silenced(const struct check_run *r, struct loc loc) {
	return line_ignores(r->diags, loc.file, loc.line, false, r->check->name) ||
	       (loc.line > 1 && line_ignores(r->diags, loc.file, loc.line - 1, true, r->check->name));
}

void check_report(struct check_run *r, const struct node *at, const char *hint, const char *fmt, ...) {
	va_list ap;

	r->reported = at && !at->faulty && !silenced(r, at->loc);
	if (!r->reported)
		return;
	va_start(ap, fmt);
	diag_add(r->diags, r->severity, r->check->name, at->loc, hint, "%s", arena_vprintf(r->arena, fmt, ap));
	va_end(ap);
}

void check_note(struct check_run *r, const struct node *at, const char *fmt, ...) {
	va_list ap;

	if (!r->reported || !at)
		return;
	va_start(ap, fmt);
	diag_note(r->diags, at->loc, "%s", arena_vprintf(r->arena, fmt, ap));
	va_end(ap);
}

static const struct check *find(const char *name) {
	for (const struct check *const *c = check_list; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static void report_unknown(const struct check_override *o, struct arena *a, struct diags *d) {
	const char *near = NULL;
	unsigned best = UINT_MAX;

	for (const struct check *const *c = check_list; *c; c++)
		if (suggest_better(str_of(o->name.s), str_of((*c)->name), &best))
			near = (*c)->name;
	diag_error(d, "unknown-name", o->name.at->loc,
		   near ? arena_printf(a, "did you mean %s?", near) : "\"hextet check --list\" shows all checks",
		   "there is no check called \"%s\"", o->name.s);
}

static enum severity severity_of(const struct estate *e, const struct check *c) {
	LIST_EACH (struct check_override, o, &e->checks)
		if (strcmp(o->name.s, c->name) == 0 && o->severity.at)
			return (enum severity)o->severity.index;
	return c->severity;
}

/* A check that argues from absence waits until everything is there. */
static bool is_possible(const struct estate *e, const struct check *c) {
	return e->loaded || !c->whole;
}

/* Whether a check runs unasked. While a file that may silence them cannot be read, warnings wait: the one error must
 * not drown in them. */
static bool is_due(const struct estate *e, const struct check *c, enum severity severity) {
	return severity != SEVERITY_IGNORE && is_possible(e, c) && (!e->unsure || severity == SEVERITY_ERROR);
}

int checks_run(const struct estate *e, const char *only, struct arena *a, struct diags *d) {
	if (only && !find(only))
		return -ENOENT;
	LIST_EACH (struct check_override, o, &e->checks)
		if (!find(o->name.s))
			report_unknown(o, a, d);
	for (const struct check *const *c = check_list; *c; c++) {
		struct check_run r = {
			.estate = e, .arena = a, .diags = d, .check = *c, .severity = severity_of(e, *c)
		};

		if (only ? strcmp(only, (*c)->name) == 0 && is_possible(e, *c) : is_due(e, *c, r.severity))
			(*c)->run(&r);
	}
	return 0;
}
