/* SPDX-License-Identifier: Apache-2.0 */
/* The path of containers is the only state; each format derives its separators from the item counts on it. */
#include "base/emit.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const format_names[_EMIT_MAX] = {
	[EMIT_TEXT] = "text",
	[EMIT_JSON] = "json",
	[EMIT_JSON_LINES] = "jsonl",
	[EMIT_KV] = "kv",
};

int emit_format_from_str(const char *text, enum emit_format *ret_format) {
	for (enum emit_format f = 0; f < _EMIT_MAX; f++)
		if (strcmp(text, format_names[f]) == 0) {
			*ret_format = f;
			return 0;
		}
	return -EINVAL;
}

void emit_init(struct emit *e, FILE *out, enum emit_format format) {
	*e = (struct emit){ .out = out, .format = format, .level[0].is_list = true };
}

void json_write_string(FILE *out, const char *s, size_t len) {
	static const char short_escapes[32] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };

	(void)fputc('"', out);
	for (size_t i = 0, n; i < len; i += n) {
		const unsigned char c = (unsigned char)s[i];
		bool harmless;

		n = utf8_next(s + i, len - i, &harmless);
		if (c == '"' || c == '\\')
			(void)fprintf(out, "\\%c", c);
		else if (harmless)
			(void)fwrite(s + i, 1, n, out);
		else if (c < 0x20 && short_escapes[c])
			(void)fprintf(out, "\\%c", short_escapes[c]);
		else if (n == 1 && c >= 0x80)
			(void)fputs("\xef\xbf\xbd", out);
		else
			(void)fprintf(out, "\\u%04x", utf8_point(s + i, n, &n)); /* all of them fit into four digits */
	}
	(void)fputc('"', out);
}

static void kv_write(FILE *out, const char *s, size_t len) {
	for (size_t i = 0, n; i < len; i += n) {
		bool harmless;

		n = utf8_next(s + i, len - i, &harmless);
		if (harmless && s[i] != '\\')
			(void)fwrite(s + i, 1, n, out);
		else
			for (size_t k = i; k < i + n; k++)
				(void)fprintf(out, "\\x%02x", (unsigned char)s[k]);
	}
}

static void indent(struct emit *e, unsigned depth) {
	for (unsigned i = 0; i < depth; i++)
		(void)fputs("  ", e->out);
}

static bool compact(const struct emit *e) {
	return e->format == EMIT_JSON_LINES;
}

/* In JSON Lines a list at the top is not written: its items are the lines. */
static bool at_top(const struct emit *e) {
	return !e->depth || (compact(e) && e->depth == 1 && e->level[1].is_list);
}

/* The first member of an object in a list stands behind the list's dash. */
static bool behind_dash(const struct emit *e) {
	const struct emit_level *l = &e->level[e->depth];

	return e->depth > 1 && !l->is_list && !l->count && e->level[e->depth - 1].is_list;
}

/* Everything that comes before a value: comma, line, indentation, name. */
static void open_item(struct emit *e, const char *name, bool container) {
	struct emit_level *l = &e->level[e->depth];

	switch (e->format) {
	case EMIT_JSON:
	case EMIT_JSON_LINES:
		if (!at_top(e) && l->count)
			(void)fputc(',', e->out);
		if (e->depth && !compact(e)) {
			(void)fputc('\n', e->out);
			indent(e, e->depth);
		}
		if (name) {
			json_write_string(e->out, name, strlen(name));
			(void)fputs(compact(e) ? ":" : ": ", e->out);
		}
		break;
	case EMIT_TEXT:
		if (!e->depth && container && l->count)
			(void)fputc('\n', e->out);
		if (e->depth && !behind_dash(e))
			indent(e, e->depth - 1);
		if (e->depth && l->is_list)
			(void)fputs("- ", e->out);
		if (name)
			(void)fprintf(e->out, "%s:%s", name, container ? "\n" : " ");
		break;
	case EMIT_KV:
		for (unsigned i = 1; i <= e->depth && !container; i++) {
			const struct emit_level *up = &e->level[i - 1];

			if (e->level[i].name)
				(void)fprintf(e->out, "%s.", e->level[i].name);
			else if (i > 1 || up->count)
				(void)fprintf(e->out, "%u.", up->count);
		}
		if (!container && name)
			(void)fprintf(e->out, "%s=", name);
		else if (!container)
			(void)fprintf(e->out, "%u=", l->count);
		break;
	case _EMIT_MAX:
		break;
	}
	if (!container)
		l->count++;
}

static void close_item(struct emit *e) {
	if (e->format == EMIT_TEXT || e->format == EMIT_KV || at_top(e))
		(void)fputc('\n', e->out);
}

static void open_container(struct emit *e, const char *name, bool is_list) {
	open_item(e, name, true);
	if (e->format == EMIT_JSON || (compact(e) && (e->depth || !is_list)))
		(void)fputc(is_list ? '[' : '{', e->out);
	assert(e->depth + 1 < EMIT_DEPTH);
	e->depth++;
	e->level[e->depth] = (struct emit_level){ .name = name, .is_list = is_list };
}

void emit_object(struct emit *e, const char *name) {
	open_container(e, name, false);
}

void emit_list(struct emit *e, const char *name) {
	open_container(e, name, true);
}

void emit_end(struct emit *e) {
	struct emit_level *l = &e->level[e->depth];

	assert(e->depth > 0);
	e->depth--;
	e->level[e->depth].count++;
	if (e->format != EMIT_JSON && e->format != EMIT_JSON_LINES)
		return;
	if (l->count && !compact(e)) {
		(void)fputc('\n', e->out);
		indent(e, e->depth);
	}
	if (compact(e) && !e->depth && l->is_list)
		return;
	(void)fputc(l->is_list ? ']' : '}', e->out);
	if (at_top(e))
		(void)fputc('\n', e->out);
}

void emit_str(struct emit *e, const char *name, struct str value) {
	open_item(e, name, false);
	if (e->format == EMIT_JSON || e->format == EMIT_JSON_LINES)
		json_write_string(e->out, value.s, value.len);
	else
		kv_write(e->out, value.s, value.len);
	close_item(e);
}

void emit_text(struct emit *e, const char *name, const char *value) {
	if (value)
		emit_str(e, name, str_of(value));
	else
		emit_null(e, name);
}

static void emit_literal(struct emit *e, const char *name, const char *literal) {
	open_item(e, name, false);
	(void)fputs(literal, e->out);
	close_item(e);
}

void emit_json(struct emit *e, const char *name, struct str json) {
	open_item(e, name, false);
	(void)fwrite(json.s, 1, json.len, e->out);
	close_item(e);
}

void emit_uint(struct emit *e, const char *name, uint64_t value) {
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	emit_literal(e, name, text);
}

void emit_real(struct emit *e, const char *name, double value) {
	char text[32];

	if (!isfinite(value)) {
		emit_null(e, name);
		return;
	}
	(void)snprintf(text, sizeof(text), "%.6g", value);
	emit_literal(e, name, text);
}

void emit_bool(struct emit *e, const char *name, bool value) {
	emit_literal(e, name, value ? "true" : "false");
}

void emit_null(struct emit *e, const char *name) {
	emit_literal(e, name, e->format == EMIT_TEXT ? "-" : e->format == EMIT_KV ? "" : "null");
}

int emit_done(struct emit *e) {
	assert(e->depth == 0);
	errno = 0;
	if (fflush(e->out) == EOF || ferror(e->out))
		return errno ? -errno : -EIO;
	return 0;
}
