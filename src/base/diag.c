/* SPDX-License-Identifier: Apache-2.0 */
/* Sources are indexed by line only when a finding needs to show one: a clean run never pays for it. */
#include "base/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/str.h"

static const char *const severity_names[_SEVERITY_MAX] = {
	[SEVERITY_IGNORE] = "ignore",
	[SEVERITY_NOTE] = "note",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",
};

static const char *const severity_colours[_SEVERITY_MAX] = {
	[SEVERITY_IGNORE] = "",
	[SEVERITY_NOTE] = "\033[1;36m",
	[SEVERITY_WARNING] = "\033[1;35m",
	[SEVERITY_ERROR] = "\033[1;31m",
};

void sources_init(struct sources *s, struct arena *a) {
	*s = (struct sources){ .arena = a };
}

void sources_done(struct sources *s) {
	vec_done(&s->list);
}

uint32_t sources_add(struct sources *s, const char *path, const char *text, size_t len) {
	struct source src = { .path = arena_dup(s->arena, path, strlen(path)), .text = text, .len = text ? len : 0 };

	vec_push(&s->list, src);
	return (uint32_t)s->list.n;
}

uint32_t sources_add_line(struct sources *s, const char *path, uint32_t line, const char *text, size_t len) {
	uint32_t file = sources_add(s, path, text, len);

	s->list.v[file - 1].first_line = line;
	return file;
}

const struct source *sources_get(const struct sources *s, uint32_t file) {
	return file >= 1 && file <= s->list.n ? &s->list.v[file - 1] : NULL;
}

static void index_lines(struct arena *a, struct source *src) {
	uint32_t n = 1, i = 1;

	for (size_t k = 0; k < src->len; k++)
		n += src->text[k] == '\n';
	src->line_start = arena_array(a, uint32_t, n);
	for (size_t k = 0; k < src->len; k++)
		if (src->text[k] == '\n')
			src->line_start[i++] = (uint32_t)k + 1;
	src->lines = n;
}

static const struct source *indexed(const struct sources *s, uint32_t file) {
	struct source *src = (struct source *)sources_get(s, file);

	if (src && !src->line_start)
		index_lines(s->arena, src);
	return src;
}

bool sources_line(const struct sources *s, uint32_t file, uint32_t line, const char **ret_text, size_t *ret_len) {
	const struct source *src = indexed(s, file);
	size_t from, to;

	if (src && src->first_line)
		line -= src->first_line - 1;
	if (!src || !src->text || line < 1 || line > src->lines)
		return false;
	from = src->line_start[line - 1];
	to = line < src->lines ? src->line_start[line] - 1 : src->len;
	if (to > from && src->text[to - 1] == '\r')
		to--;
	*ret_text = src->text + from;
	*ret_len = to - from;
	return true;
}

struct loc sources_loc(const struct sources *s, uint32_t file, size_t offset, uint32_t len) {
	const struct source *src = indexed(s, file);
	uint32_t low = 0, high;

	if (!src)
		return (struct loc){ 0 };
	offset = MIN(offset, src->len);
	high = src->lines;
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (src->line_start[mid] <= offset)
			low = mid;
		else
			high = mid;
	}
	return (struct loc){
		.file = file,
		.line = low + 1,
		.col = (uint32_t)utf8_count(src->text + src->line_start[low], offset - src->line_start[low]) + 1,
		.len = len,
	};
}

const char *severity_to_str(enum severity s) {
	return severity_names[s];
}

int severity_from_str(const char *text, enum severity *ret_s) {
	for (enum severity s = 0; s < _SEVERITY_MAX; s++)
		if (strcmp(severity_names[s], text) == 0) {
			*ret_s = s;
			return 0;
		}
	return -EINVAL;
}

void diags_init(struct diags *d, struct arena *a, const struct sources *s) {
	*d = (struct diags){ .arena = a, .sources = s };
}

void diags_done(struct diags *d) {
	vec_done(&d->list);
}

static void push(struct diags *d, struct diag item) {
	item.message = arena_dup(d->arena, item.message, strlen(item.message));
	item.hint = item.hint ? arena_dup(d->arena, item.hint, strlen(item.hint)) : NULL;
	item.seq = (uint32_t)d->list.n;
	vec_push(&d->list, item);
	d->count[item.severity]++;
}

void diag_add(struct diags *d, enum severity severity, const char *check, struct loc loc, const char *hint,
	      const char *fmt, ...) {
	struct diag item = { .loc = loc, .home = loc, .severity = severity, .check = check, .hint = hint };
	va_list ap;

	if (severity == SEVERITY_IGNORE)
		return;
	va_start(ap, fmt);
	item.message = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
	push(d, item);
}

void diag_note(struct diags *d, struct loc loc, const char *fmt, ...) {
	const struct diag *last = d->list.n ? &d->list.v[d->list.n - 1] : NULL;
	struct diag item = { .loc = loc, .severity = SEVERITY_NOTE };
	va_list ap;

	item.home = last ? last->home : loc;
	item.check = last ? last->check : NULL;
	va_start(ap, fmt);
	item.message = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
	push(d, item);
}

void diags_append(struct diags *d, const struct diags *more) {
	for (size_t i = 0; i < more->list.n; i++)
		push(d, more->list.v[i]);
}

static int diag_order(const void *pa, const void *pb) {
	const struct diag *a = pa, *b = pb;

#define ORDER(x)                                                                                                       \
	do {                                                                                                           \
		if (a->x != b->x)                                                                                      \
			return a->x < b->x ? -1 : 1;                                                                   \
	} while (0)
	ORDER(home.file);
	ORDER(home.line);
	ORDER(home.col);
	ORDER(seq);
#undef ORDER
	return 0;
}

static bool says_the_same(const struct diag *a, const struct diag *b) {
	return a->loc.file == b->loc.file && a->loc.line == b->loc.line && a->loc.col == b->loc.col &&
	       a->severity == b->severity && strcmp(a->message, b->message) == 0;
}

void diags_sort(struct diags *d) {
	size_t n = 0;

	if (d->list.n)
		qsort(d->list.v, d->list.n, sizeof(*d->list.v), diag_order);
	for (size_t i = 0; i < d->list.n; i++) {
		if (n && says_the_same(&d->list.v[n - 1], &d->list.v[i]))
			d->count[d->list.v[i].severity]--;
		else
			d->list.v[n++] = d->list.v[i];
	}
	d->list.n = n;
}

/* Prints the user's text so that nothing in it can drive the terminal: one column for each code point, to keep those of
 * the marks below it true. */
static void print_quoted(FILE *out, const char *text, size_t len) {
	for (size_t i = 0, n; i < len; i += n) {
		bool harmless;

		n = utf8_next(text + i, len - i, &harmless);
		if (harmless)
			(void)fwrite(text + i, 1, n, out);
		else
			(void)fputc(text[i] == '\t' ? ' ' : '.', out);
	}
}

enum { LINE_SHOWN_MAX = 200 };

static void print_excerpt(const struct diags *d, const struct diag *item, FILE *out, bool colour) {
	const char *text;
	size_t len;
	uint32_t marks;

	if (!item->loc.line || !sources_line(d->sources, item->loc.file, item->loc.line, &text, &len))
		return;
	/* A line of megabytes helps nobody; the message has the column. */
	if (len > LINE_SHOWN_MAX)
		len = utf8_prefix(text, len, LINE_SHOWN_MAX);
	(void)fprintf(out, "%5u | ", item->loc.line);
	print_quoted(out, text, len);
	if (item->loc.col && item->loc.col <= utf8_count(text, len) + 1) {
		marks = MIN(MAX(item->loc.len, 1U), (uint32_t)utf8_count(text, len) + 2 - item->loc.col);
		(void)fprintf(out, "\n      | %*s%s^", (int)item->loc.col - 1, "",
			      colour ? severity_colours[item->severity] : "");
		for (uint32_t i = 1; i < marks; i++)
			(void)fputc('~', out);
		if (colour)
			(void)fputs("\033[0m", out);
	}
	(void)fputc('\n', out);
}

static void print_one(const struct diags *d, const struct diag *item, FILE *out, bool colour) {
	const struct source *src = sources_get(d->sources, item->loc.file);
	const char *on = colour ? severity_colours[item->severity] : "", *off = colour ? "\033[0m" : "";
	const char *bold = colour ? "\033[1m" : "";

	(void)fputs(bold, out);
	if (src)
		print_quoted(out, src->path, strlen(src->path));
	if (src && item->loc.line)
		(void)fprintf(out, ":%u:%u: ", item->loc.line, item->loc.col);
	else if (src)
		(void)fputs(": ", out);
	(void)fprintf(out, "%s%s%s: %s", on, severity_names[item->severity], off, bold);
	print_quoted(out, item->message, strlen(item->message));
	(void)fputs(off, out);
	if (item->check)
		(void)fprintf(out, " [%s]", item->check);
	(void)fputc('\n', out);
	print_excerpt(d, item, out, colour);
	if (!item->hint)
		return;
	(void)fprintf(out, "      = %shint:%s ", bold, off);
	print_quoted(out, item->hint, strlen(item->hint));
	(void)fputc('\n', out);
}

void diags_print(const struct diags *d, FILE *out, bool colour) {
	for (size_t i = 0; i < d->list.n; i++)
		print_one(d, &d->list.v[i], out, colour);
}
