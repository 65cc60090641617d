/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last rule that matches decides. A pattern and a path are compared segment by segment, in which "**" takes any
 * number of them. A star goes back over one segment only, to the last star: with that, no pattern costs more than the
 * product of lengths.
 */
#include "probe/gitignore.h"

#include <string.h>

enum { SEGMENTS_MAX = 64 };

struct rule {
	struct str segments[SEGMENTS_MAX];
	unsigned n;
	bool keeps;       /* "!" */
	bool folder_only; /* "/" behind it */
	struct rule *before;
};

struct gitignore {
	const struct gitignore *outer;
	size_t skip; /* bytes of a path that are this folder's, with the slash */
	struct rule *last;
};

/* One character of a pattern against c. *at moves behind it. */
static bool takes(struct str p, size_t *at, char c) {
	size_t i = *at + 1;
	bool negated, found = false;

	if (p.s[*at] == '?') {
		*at = i;
		return true;
	}
	if (p.s[*at] == '\\' && i < p.len) {
		*at = i + 1;
		return p.s[i] == c;
	}
	if (p.s[*at] != '[') {
		*at = i;
		return p.s[i - 1] == c;
	}
	negated = i < p.len && (p.s[i] == '!' || p.s[i] == '^');
	i += negated;
	for (size_t first = i; i < p.len && (p.s[i] != ']' || i == first); i++) {
		unsigned char from, to;

		i += p.s[i] == '\\' && i + 1 < p.len;
		from = to = (unsigned char)p.s[i];
		if (i + 2 < p.len && p.s[i + 1] == '-' && p.s[i + 2] != ']') {
			i += 2;
			i += p.s[i] == '\\' && i + 1 < p.len;
			to = (unsigned char)p.s[i];
		}
		found |= (unsigned char)c >= from && (unsigned char)c <= to;
	}
	*at = MIN(i + 1, p.len);
	return i < p.len && found != negated;
}

static bool segment_matches(struct str p, struct str s) {
	size_t at = 0, i = 0, star = SIZE_MAX, from = 0;

	while (i < s.len) {
		size_t next = at;

		if (at < p.len && p.s[at] == '*') {
			star = ++at;
			from = i;
		} else if (at < p.len && takes(p, &next, s.s[i])) {
			at = next;
			i++;
		} else if (star != SIZE_MAX) {
			at = star;
			i = ++from;
		} else
			return false;
	}
	while (at < p.len && p.s[at] == '*')
		at++;
	return at == p.len;
}

static bool is_any_depth(struct str s) {
	return str_is(s, "**");
}

/* reach[k]: the pattern's first segments can take the path's first k. */
static bool path_matches(const struct rule *r, const struct str *path, unsigned n) {
	bool reach[SEGMENTS_MAX + 1] = { true };

	for (unsigned i = 0; i < r->n; i++) {
		bool next[SEGMENTS_MAX + 1] = { false };
		const bool last = i + 1 == r->n;

		for (unsigned k = 0; k <= n; k++) {
			if (!reach[k])
				continue;
			if (is_any_depth(r->segments[i]))
				for (unsigned to = k + (last && i > 0); to <= n; to++)
					next[to] = true;
			else if (k < n && segment_matches(r->segments[i], path[k]))
				next[k + 1] = true;
		}
		memcpy(reach, next, sizeof(reach));
	}
	return reach[n];
}

/* Blanks at the end do not count, unless a backslash is before them. */
static struct str trim(struct str line) {
	if (line.len && line.s[line.len - 1] == '\r')
		line.len--;
	while (line.len && line.s[line.len - 1] == ' ' && !(line.len > 1 && line.s[line.len - 2] == '\\'))
		line.len--;
	return line;
}

static void add_rule(struct gitignore *g, struct str line, struct arena *a) {
	struct rule *r;
	struct str segment;
	bool anchored;

	line = trim(line);
	if (!line.len || line.s[0] == '#')
		return;
	r = arena_new(a, struct rule);
	r->keeps = line.s[0] == '!';
	line = (struct str){ line.s + r->keeps, line.len - r->keeps };
	if (!line.len)
		return;
	r->folder_only = line.s[line.len - 1] == '/';
	line.len -= r->folder_only;
	anchored = line.len && memchr(line.s, '/', line.len);
	if (!anchored)
		r->segments[r->n++] = STR("**");
	while (str_split(&line, '/', &segment))
		if (segment.len) {
			if (r->n == SEGMENTS_MAX)
				return;
			r->segments[r->n++] = segment;
		}
	if (r->n == !anchored)
		return;
	r->before = g->last;
	g->last = r;
}

const struct gitignore *gitignore_new(const struct gitignore *outer, const char *folder, const char *text, size_t len,
				      struct arena *a) {
	struct gitignore *g = arena_new(a, struct gitignore);
	struct str rest = { text, len }, line;

	*g = (struct gitignore){ .outer = outer, .skip = *folder ? strlen(folder) + 1 : 0 };
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		rest = (struct str){ text + 3, len - 3 };
	while (len && str_split(&rest, '\n', &line))
		add_rule(g, line, a);
	return g;
}

bool gitignore_excludes(const struct gitignore *g, const char *path, bool is_folder) {
	for (; g; g = g->outer) {
		struct str segments[SEGMENTS_MAX], rest = str_of(path + MIN(g->skip, strlen(path))), segment;
		unsigned n = 0;

		while (str_split(&rest, '/', &segment) && n < SEGMENTS_MAX)
			segments[n++] = segment;
		for (const struct rule *r = g->last; r; r = r->before)
			if ((is_folder || !r->folder_only) && path_matches(r, segments, n))
				return !r->keeps;
	}
	return false;
}
