/* SPDX-License-Identifier: Apache-2.0 */
/* Placeholders of all languages are read alike: %d, %-5s, {}, {name}, ${name}, #{name}, $name. */
#include "probe/scan_format.h"

#include <string.h>

#include "probe/scan_name.h"

enum { NAME_MAX_LEN = 256 }; /* of what is between braces; what is longer is not looked through for every brace */

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static bool is_name_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool scan_format_is_ip4(struct str t) {
	unsigned found = 0;

	for (size_t i = 0; i + 1 < t.len; i++) {
		if (t.s[i] != '%')
			continue;
		i++;
		while (i < t.len && (is_digit(t.s[i]) || t.s[i] == 'h' || t.s[i] == 'l'))
			i++;
		if (i >= t.len || !strchr("diu", t.s[i]) || !t.s[i])
			found = 0;
		else if (++found == 4)
			return true;
		if (found && !(i + 1 < t.len && t.s[i + 1] == '.' && i + 2 < t.len && t.s[i + 2] == '%'))
			found = 0;
	}
	return memmem(t.s, t.len, "{}.{}.{}.{}", 11) || memmem(t.s, t.len, "%v.%v.%v.%v", 11);
}

/* Where a value is put into a text: %s, {}, {name}, ${name}, #{name}, $name. The offset behind it, or 0. */
static size_t placeholder(struct str t, size_t at, struct str *ret_name) {
	size_t from = at;

	*ret_name = (struct str){ t.s, 0 };
	if (at < t.len && t.s[at] == '%') {
		for (at++; at < t.len && (is_digit(t.s[at]) || memchr("-.hlz", t.s[at], 5)); at++)
			;
		return at < t.len && memchr("sdiuv", t.s[at], 5) ? at + 1 : 0;
	}
	from += at < t.len && (t.s[at] == '$' || t.s[at] == '#');
	if (from < t.len && t.s[from] == '{') {
		const char *close = memchr(t.s + from, '}', MIN(t.len - from, (size_t)NAME_MAX_LEN));

		*ret_name = (struct str){ t.s + from + 1, close ? (size_t)(close - t.s) - from - 1 : 0 };
		/* a call that is given something may well put brackets around it */
		return close && !memchr(ret_name->s, '{', ret_name->len) &&
				       (!memchr(ret_name->s, '(', ret_name->len) ||
					(ret_name->len > 1 && memcmp(ret_name->s + ret_name->len - 2, "()", 2) == 0))
			       ? (size_t)(close - t.s) + 1
			       : 0;
	}
	if (from == at || t.s[at] == '#')
		return 0;
	for (at = from; at < t.len && (is_digit(t.s[at]) || is_name_letter(t.s[at])); at++)
		;
	*ret_name = (struct str){ t.s + from, at - from };
	return at > from ? at : 0;
}

/* Two of them with a colon between; the offset behind, or 0. */
static size_t host_and_port(struct str t, size_t at, struct str *ret_host) {
	struct str port;
	const size_t colon = placeholder(t, at, ret_host);

	return colon && colon < t.len && t.s[colon] == ':' ? placeholder(t, colon + 1, &port) : 0;
}

bool scan_format_is_host_port(struct str t) {
	struct str host;
	bool url = false;

	if (t.len && host_and_port(t, 0, &host) == t.len && scan_name_is_endpoint(host))
		return true;
	for (size_t at = 2; at < t.len; at++) {
		const bool authority = t.s[at - 1] == '/' && t.s[at - 2] == '/';
		const bool after_user = url && t.s[at - 1] == '@';
		const size_t end = authority || after_user ? host_and_port(t, at, &host) : 0;

		url |= authority;
		if (end && (end == t.len || t.s[end] != '@'))
			return true;
	}
	return false;
}

bool scan_format_is_pair(struct str t) {
	struct str host;

	return t.len && host_and_port(t, 0, &host) == t.len && (!host.len || is_digit(host.s[0]));
}
