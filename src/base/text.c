/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

void text_grow(struct text *t, size_t more) {
	size_t cap = MAX(t->cap * 2, (size_t)4096);

	if (more > SIZE_MAX / 2 - t->n)
		abort();
	while (cap < t->n + more)
		cap *= 2;
	t->v = realloc(t->v, cap);
	if (!t->v) {
		(void)fprintf(stderr, "hextet: out of memory (%zu bytes were needed)\n", cap);
		abort();
	}
	t->cap = cap;
}

void text_pad(struct text *t, char c, size_t n) {
	if (t->cap - t->n < n)
		text_grow(t, n);
	if (n)
		memset(t->v + t->n, c, n);
	t->n += n;
}

void text_printf(struct text *t, const char *fmt, ...) {
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0) {
		if (t->cap - t->n < (size_t)n + 1)
			text_grow(t, (size_t)n + 1);
		(void)vsnprintf(t->v + t->n, (size_t)n + 1, fmt, again);
		t->n += (size_t)n;
	}
	va_end(again);
}

void text_utf8(struct text *t, uint32_t point) {
	char c[4];
	size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	static const unsigned char lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; point >>= 6)
		c[i] = (char)(0x80 | (point & 0x3f));
	c[0] = (char)(lead[n] | point);
	text_add(t, c, n);
}

bool point_is_space(uint32_t point) {
	static const uint16_t wide[] = { 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000 };

	if (point < 0x80)
		return (point >= 9 && point <= 13) || (point >= 0x1c && point <= 0x20);
	if (point >= 0x2000 && point <= 0x200a)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if (wide[i] == point)
			return true;
	return false;
}

size_t utf8_spaces(const char *s, size_t len) {
	size_t at = 0, n;

	while (at < len && point_is_space(utf8_point(s + at, len - at, &n)))
		at += n;
	return at;
}

size_t utf8_rstrip(const char *s, size_t len) {
	while (len) {
		size_t at = len - 1, n;

		while (at && ((unsigned char)s[at] & 0xc0) == 0x80)
			at--;
		if (!point_is_space(utf8_point(s + at, len - at, &n)))
			break;
		len = at;
	}
	return len;
}

bool str_next_line(struct str *rest, struct str *ret_line) {
	size_t at = 0, n = 0;

	if (!rest->len)
		return false;
	for (; at < rest->len; at += n) {
		uint32_t point = utf8_point(rest->s + at, rest->len - at, &n);

		if ((point >= 0x0a && point <= 0x0d) || (point >= 0x1c && point <= 0x1e) || point == 0x85 ||
		    point == 0x2028 || point == 0x2029)
			break;
	}
	*ret_line = (struct str){ rest->s, at };
	if (at < rest->len)
		at += rest->s[at] == '\r' && at + 1 < rest->len && rest->s[at + 1] == '\n' ? 2 : n;
	*rest = (struct str){ rest->s + at, rest->len - at };
	return true;
}
