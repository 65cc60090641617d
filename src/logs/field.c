/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/field.h"

#include <errno.h>
#include <string.h>

#include "addr/digit.h"

static struct str from(struct str t, size_t at) {
	return (struct str){ t.s + at, t.len - at };
}

static bool is_letter(char c) {
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

/* RFC 9110 section 5.6.2. */
static bool is_method(struct str t) {
	static const char other[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < t.len; i++) {
		char c = t.s[i];

		if (!digit_is_decimal(c) && !is_letter(c) && (!c || !memchr(other, c, sizeof(other) - 1)))
			return false;
	}
	return t.len;
}

static struct str without_blanks(struct str t) {
	while (t.len && t.s[0] == ' ')
		t = from(t, 1);
	while (t.len && t.s[t.len - 1] == ' ')
		t.len--;
	return t;
}

void field_request(struct str t, struct str *ret_method, struct str *ret_target) {
	const char *blank = t.len ? memchr(t.s, ' ', t.len) : NULL, *last;
	struct str method, target;

	if (!blank)
		return;
	method = (struct str){ t.s, (size_t)(blank - t.s) };
	if (!is_method(method))
		return;
	target = without_blanks(from(t, method.len));
	last = target.len ? memrchr(target.s, ' ', target.len) : NULL;
	if (last && target.s + target.len - last > 5 && memcmp(last + 1, "HTTP/", 5) == 0)
		target = without_blanks((struct str){ target.s, (size_t)(last - target.s) });
	*ret_method = method;
	if (target.len)
		*ret_target = target;
}

/* Offset of the authority in an absolute-form target, or 0. */
static size_t authority(struct str t) {
	size_t i = 0;

	if (!t.len || t.s[0] == '/' || t.s[0] == '*')
		return 0;
	while (i < t.len && (is_letter(t.s[i]) ||
			     (i && (digit_is_decimal(t.s[i]) || t.s[i] == '+' || t.s[i] == '-' || t.s[i] == '.'))))
		i++;
	return i && t.len - i >= 3 && memcmp(t.s + i, "://", 3) == 0 ? i + 3 : 0;
}

struct str field_target(struct str t, struct str *host) {
	size_t at = authority(t), end;
	const char *query, *login;

	if (at) {
		for (end = at; end < t.len && t.s[end] != '/' && t.s[end] != '?' && t.s[end] != '#'; end++)
			;
		if (!host->s) {
			login = memrchr(t.s + at, '@', end - at);
			at = login ? (size_t)(login + 1 - t.s) : at;
			*host = (struct str){ t.s + at, end - at };
		}
		t = from(t, end);
	}
	query = t.len ? memchr(t.s, '?', t.len) : NULL;
	if (query)
		t.len = (size_t)(query - t.s);
	return at && !t.len ? STR("/") : t;
}

struct str field_host(struct str t) {
	const char *end = t.len ? memchr(t.s, t.s[0] == '[' ? ']' : ':', t.len) : NULL;

	if (!end)
		return t;
	if (t.s[0] == '[')
		return (struct str){ t.s, (size_t)(end - t.s) + 1 };
	if (memchr(end + 1, ':', t.len - (size_t)(end + 1 - t.s)))
		return t;
	return (struct str){ t.s, (size_t)(end - t.s) };
}

int field_status(struct str t, uint16_t *ret_status) {
	unsigned v = 0;

	if (!t.s || (t.len == 1 && (t.s[0] == '-' || t.s[0] == '0')) || (t.len == 2 && memcmp(t.s, "-1", 2) == 0)) {
		*ret_status = 0;
		return 0;
	}
	if (t.len == 4 && t.s[0] == '+')
		t = from(t, 1);
	if (t.len != 3)
		return -EINVAL;
	for (size_t i = 0; i < 3; i++) {
		if (!digit_is_decimal(t.s[i]))
			return -EINVAL;
		v = v * 10 + (unsigned)(t.s[i] - '0');
	}
	*ret_status = (uint16_t)v;
	return 0;
}

uint64_t field_bytes(struct str t) {
	uint64_t v = 0;

	if (t.len && t.s[0] == '+')
		t = from(t, 1);
	if (!t.len || t.len > 19)
		return UINT64_MAX;
	for (size_t i = 0; i < t.len; i++) {
		if (!digit_is_decimal(t.s[i]))
			return UINT64_MAX;
		v = v * 10 + (uint64_t)(t.s[i] - '0');
	}
	return v;
}

bool field_is_address_like(struct str t) {
	bool colon = t.len && memchr(t.s, ':', t.len), letter = false;

	for (size_t i = 0; i < t.len && t.s[i] != '%'; i++) {
		if (digit_hex(t.s[i]) < 0 && t.s[i] != '.' && t.s[i] != ':' && t.s[i] != '[' && t.s[i] != ']')
			return false;
		letter |= digit_hex(t.s[i]) >= 10;
	}
	return t.len && (colon || !letter);
}
