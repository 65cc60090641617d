/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One walk over a result, three ways to write it: text for people, JSON for programs, key=value for tests and shells.
 *
 *     struct emit e;
 *     emit_init(&e, stdout, EMIT_JSON);
 *     emit_object(&e, NULL);
 *     emit_text(&e, "canonical", "2001:db8::1");
 *     emit_uint(&e, "family", 6);
 *     emit_end(&e);
 *     return emit_done(&e);
 *
 * text: "canonical: 2001:db8::1", lists indented with "- "; json: pretty-printed, arrays and objects, UTF-8, bytes that
 * are not UTF-8 as U+FFFD; json lines: every top-level value, or every item of a list at the top, on a line of its own;
 * kv: "list.0.canonical=2001:db8::1". What could drive a terminal (utf8_next) is escaped: in JSON as \uHHHH, in text
 * and kv, with backslashes, as \xHH a byte. Depth is at most EMIT_DEPTH.
 */
#pragma once

#include "base/str.h"

enum emit_format { EMIT_TEXT, EMIT_JSON, EMIT_JSON_LINES, EMIT_KV, _EMIT_MAX };

enum { EMIT_DEPTH = 16 };

struct emit {
	FILE *out;
	enum emit_format format;
	unsigned depth;
	struct emit_level {
		const char *name; /* of the container inside its parent; NULL inside a list */
		unsigned count;   /* items written so far */
		bool is_list;
	} level[EMIT_DEPTH];
};

/* "text", "json", "jsonl" or "kv"; 0 or -EINVAL. */
int emit_format_from_str(const char *text, enum emit_format *ret_format);

void emit_init(struct emit *e, FILE *out, enum emit_format format);

/* Names are given inside objects and NULL inside lists and at the top. */
void emit_object(struct emit *e, const char *name);
void emit_list(struct emit *e, const char *name);
void emit_end(struct emit *e);

void emit_text(struct emit *e, const char *name, const char *value); /* NULL is written as null */
void emit_str(struct emit *e, const char *name, struct str value);
void emit_uint(struct emit *e, const char *name, uint64_t value);
void emit_bool(struct emit *e, const char *name, bool value);
void emit_null(struct emit *e, const char *name);
void emit_json(struct emit *e, const char *name, struct str json); /* JSON on one line, written as it is */
void emit_real(struct emit *e, const char *name, double value);    /* six significant digits; not finite: null */

/* Ends the output and flushes. Returns 0 or the -errno of any write since init. */
int emit_done(struct emit *e);

/* Writes a JSON string with its quotes. */
void json_write_string(FILE *out, const char *s, size_t len);
