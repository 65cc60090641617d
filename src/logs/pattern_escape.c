/* SPDX-License-Identifier: Apache-2.0 */
/* The servers' escapes, undone. Every result is at most as long as what was written. */
#include <string.h>

#include "addr/digit.h"
#include "logs/pattern_run.h"

/* `n` hex digits at s, or -1. */
static int32_t hex(const char *s, size_t left, size_t n) {
	int32_t v = 0;

	if (left < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int digit = digit_hex(s[i]);

		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

/* One letter behind a backslash, or -1. */
static int letter(char c) {
	static const char from[] = "\"\\/nrtbfv", to[] = "\"\\/\n\r\t\b\f\v";
	const char *p = c ? strchr(from, c) : NULL;

	return p ? to[p - from] : -1;
}

/* UTF-8 of a code unit; servers write control characters only in this way, a lone surrogate becomes what it says. */
static size_t put_point(char *room, int32_t point) {
	if (point < 0x80) {
		room[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		room[0] = (char)(0xc0 | point >> 6);
		room[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	room[0] = (char)(0xe0 | point >> 12);
	room[1] = (char)(0x80 | (point >> 6 & 0x3f));
	room[2] = (char)(0x80 | (point & 0x3f));
	return 3;
}

/* One escape at s; its length in *ret_len and what was written in its place; 0 bytes and length 1: it is none. */
static size_t undo(enum pattern_escape escape, const char *s, size_t left, char *room, size_t *ret_len) {
	int32_t v;

	*ret_len = 1;
	room[0] = s[0];
	if (escape == ESCAPE_HASH) {
		v = hex(s + 1, left - 1, 2);
		if (v >= 0) {
			room[0] = (char)v;
			*ret_len = 3;
		}
		return 1;
	}
	if (left > 1 && s[1] == 'x' && escape != ESCAPE_JSON) {
		v = hex(s + 2, left - 2, 2);
		if (v >= 0) {
			room[0] = (char)v;
			*ret_len = 4;
		}
		return 1;
	}
	if (left > 1 && s[1] == 'u' && escape == ESCAPE_JSON) {
		v = hex(s + 2, left - 2, 4);
		if (v < 0)
			return 1;
		*ret_len = 6;
		return put_point(room, v);
	}
	if (left > 1 && escape != ESCAPE_HEX && letter(s[1]) >= 0) {
		room[0] = (char)letter(s[1]);
		*ret_len = 2;
	}
	return 1;
}

size_t pattern_unescape(enum pattern_escape escape, struct str text, char *room) {
	const char first = escape == ESCAPE_HASH ? '#' : '\\';
	size_t at = 0, out = 0;

	while (at < text.len) {
		const char *next = memchr(text.s + at, first, text.len - at);
		size_t plain = next ? (size_t)(next - (text.s + at)) : text.len - at, taken;

		memcpy(room + out, text.s + at, plain);
		at += plain;
		out += plain;
		if (at == text.len)
			break;
		out += undo(escape, text.s + at, text.len - at, room + out, &taken);
		at += taken;
	}
	return out;
}
