/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three passes over the room, each no longer than the one before: parameters off, decoded, dot segments resolved. The
 * order matters: "%3B" is no parameter's beginning (servers cut before they decode), "%2e%2e" is two dots.
 */
#include "guard/path.h"

#include <string.h>

static int hex(char c) {
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Nothing to do: no byte of "%;?#", no segment that is empty or begins with a dot. */
static bool is_normal(struct str p) {
	char before = 0;

	for (size_t i = 0; i < p.len; i++) {
		char c = p.s[i];

		if (c == '%' || c == ';' || c == '?' || c == '#')
			return false;
		if ((c == '.' && (before == '/' || i == 0)) || (c == '/' && before == '/' && i > 0))
			return false;
		before = c;
	}
	return true;
}

static size_t copy_without_parameters(struct str p, char *room) {
	size_t n = 0;
	bool parameter = false;

	for (size_t i = 0; i < p.len && p.s[i] != '?' && p.s[i] != '#'; i++) {
		parameter = p.s[i] != '/' && (parameter || p.s[i] == ';');
		if (!parameter)
			room[n++] = p.s[i];
	}
	return n;
}

static size_t decode(char *s, size_t len) {
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int a = s[i] == '%' && len - i > 2 ? hex(s[i + 1]) : -1, b = a >= 0 ? hex(s[i + 2]) : -1;

		s[n++] = b >= 0 ? (char)(a << 4 | b) : s[i];
		i += b >= 0 ? 2 : 0;
	}
	return n;
}

/* The output is segments, each with the slash behind it, and never ahead of the input. */
static size_t resolve(char *s, size_t len) {
	size_t root = len && s[0] == '/', n = root;

	for (size_t i = root, end; i < len; i = end) {
		const char *slash = memchr(s + i, '/', len - i);
		size_t segment = slash ? (size_t)(slash - (s + i)) : len - i;

		end = i + segment + (slash ? 1 : 0);
		if (segment == 0 || (segment == 1 && s[i] == '.'))
			continue;
		if (segment == 2 && s[i] == '.' && s[i + 1] == '.') {
			for (n -= n > root; n > root && s[n - 1] != '/'; n--)
				;
			continue;
		}
		memmove(s + n, s + i, end - i);
		n += end - i;
	}
	return n;
}

struct str path_normal(struct str path, char room[static PATH_MAX_LEN]) {
	path.len = MIN(path.len, PATH_MAX_LEN);
	if (is_normal(path))
		return path;
	return (struct str){ room, resolve(room, decode(room, copy_without_parameters(path, room))) };
}

static char fold(char c) {
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

/* On a mismatch only the last star can be to blame: whatever an earlier one could take, the last one can take too. */
bool glob_match(struct str glob, struct str text, bool fold_case) {
	size_t g = 0, t = 0, star = SIZE_MAX, star_text = 0;

	while (t < text.len) {
		if (g < glob.len && glob.s[g] == '*') {
			star = g++;
			star_text = t;
		} else if (g < glob.len && (glob.s[g] == '?' || glob.s[g] == text.s[t] ||
					    (fold_case && fold(glob.s[g]) == fold(text.s[t])))) {
			g++;
			t++;
		} else if (star != SIZE_MAX) {
			g = star + 1;
			t = ++star_text;
		} else {
			return false;
		}
	}
	while (g < glob.len && glob.s[g] == '*')
		g++;
	return g == glob.len;
}
