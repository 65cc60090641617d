/* SPDX-License-Identifier: Apache-2.0 */
/* A growing buffer of bytes, for output that is measured, cut and copied while it grows. Out of memory aborts. */
#pragma once

#include <string.h>

#include "base/str.h"
#include "base/vec.h"

struct text {
	char *v;
	size_t n, cap;
};

void text_grow(struct text *t, size_t more);

static inline void text_add(struct text *t, const char *s, size_t len) {
	if (!len)
		return;
	if (t->cap - t->n < len)
		text_grow(t, len);
	if (!t->v)
		__builtin_unreachable(); /* room for a byte is a buffer */
	memcpy(t->v + t->n, s, len);
	t->n += len;
}

static inline void text_char(struct text *t, char c) {
	text_add(t, &c, 1);
}

static inline void text_puts(struct text *t, const char *s) {
	text_add(t, s, strlen(s));
}

void text_pad(struct text *t, char c, size_t n);
void text_printf(struct text *t, const char *fmt, ...) _printf_(2, 3);

/* Appends one code point as UTF-8. */
void text_utf8(struct text *t, uint32_t point);

static inline void text_done(struct text *t) {
	free(t->v);
	*t = (struct text){ 0 };
}

/* Whether Python's str.isspace() holds for a code point. */
bool point_is_space(uint32_t point);

/* The bytes of white space (as Python's \s and str.strip() mean it) at the beginning, and without those at the end. */
size_t utf8_spaces(const char *s, size_t len);
size_t utf8_rstrip(const char *s, size_t len);

/* Takes a line off the front as Python's str.splitlines() does: without its end, and none after the last end. */
bool str_next_line(struct str *rest, struct str *ret_line);
