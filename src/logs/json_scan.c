/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loop over names and values with the containers' path as its stack. Strings are most of a line: their ends are
 * looked for sixteen bytes at a time.
 */
#include "logs/json_scan.h"

#include <errno.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "addr/digit.h"

struct walk {
	const char *s;
	size_t len, at;
	json_value_fn *fn;
	void *user;
	char path[JSON_PATH_MAX];
	struct level {
		size_t path_len; /* of the container; SIZE_MAX: too long */
		bool is_list;
	} level[JSON_DEPTH];
	unsigned depth;
};

/* The first quote or backslash at or behind `at`, or len. */
static size_t find_special(const char *s, size_t len, size_t at) {
#ifdef __SSE2__
	for (; len - at >= 16; at += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + at));
		unsigned bits = (unsigned)_mm_movemask_epi8(
			_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));

		if (bits)
			return at + (unsigned)__builtin_ctz(bits);
	}
#endif
	while (at < len && s[at] != '"' && s[at] != '\\')
		at++;
	return at;
}

/* The string whose opening quote is at w->at. */
static bool take_string(struct walk *w, struct str *ret_text, bool *ret_escaped) {
	size_t start = w->at + 1, i = find_special(w->s, w->len, start);
	bool escaped = false;

	while (i < w->len && w->s[i] == '\\') {
		escaped = true;
		if (w->len - i < 2)
			return false;
		i = find_special(w->s, w->len, i + 2);
	}
	if (i >= w->len)
		return false;
	*ret_text = (struct str){ w->s + start, i - start };
	*ret_escaped = escaped;
	w->at = i + 1;
	return true;
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct walk *w) {
	while (w->at < w->len && is_blank(w->s[w->at]))
		w->at++;
}

static bool take(struct walk *w, char c) {
	if (w->at == w->len || w->s[w->at] != c)
		return false;
	w->at++;
	return true;
}

/* Number, literal, or what a format written by hand has there. */
static struct str take_word(struct walk *w) {
	static const char ends[] = ",:{}[]\" \t\r\n";
	size_t start = w->at;

	while (w->at < w->len && !memchr(ends, w->s[w->at], sizeof(ends) - 1))
		w->at++;
	return (struct str){ w->s + start, w->at - start };
}

/* The path of a member of the container at the top. */
static struct str path_of(struct walk *w, struct str name, bool escaped) {
	size_t at = w->level[w->depth].path_len;
	char plain[JSON_PATH_MAX];

	if (w->depth == 1 && !escaped)
		return name;
	if (at == SIZE_MAX || name.len >= JSON_PATH_MAX || at + 1 + name.len > JSON_PATH_MAX)
		return (struct str){ NULL, 0 };
	if (escaped)
		name = (struct str){ plain, json_unescape(name, plain) };
	if (w->depth > 1)
		w->path[at++] = '.';
	memcpy(w->path + at, name.s, name.len);
	return (struct str){ w->path, at + name.len };
}

static bool open_container(struct walk *w, struct str path, bool is_list) {
	if (w->depth + 1 == JSON_DEPTH)
		return false;
	w->at++;
	w->level[++w->depth] = (struct level){ path.s && path.len <= JSON_PATH_MAX ? path.len : SIZE_MAX, is_list };
	if (path.s && path.len <= JSON_PATH_MAX && path.s != w->path)
		memcpy(w->path, path.s, path.len);
	return true;
}

/* A value other than a container. */
static bool take_scalar(struct walk *w, struct str path) {
	struct json_value v = { .in_list = w->level[w->depth].is_list };

	if (w->at < w->len && w->s[w->at] == '"') {
		v.quoted = true;
		if (!take_string(w, &v.text, &v.escaped))
			return false;
	} else {
		v.text = take_word(w);
		if (!v.text.len || str_is(v.text, "null"))
			return true;
	}
	if (path.s)
		w->fn(path, &v, w->user);
	return true;
}

/* "name": of the object at the top. */
static bool take_name(struct walk *w, struct str *ret_path) {
	struct str name;
	bool escaped;

	if (w->at == w->len || w->s[w->at] != '"' || !take_string(w, &name, &escaped))
		return false;
	skip_blanks(w);
	if (!take(w, ':'))
		return false;
	skip_blanks(w);
	*ret_path = path_of(w, name, escaped);
	return true;
}

/* One member or item; opens a container without walking through it. */
static bool take_member(struct walk *w) {
	const struct level *l = &w->level[w->depth];
	struct str path = { l->path_len == SIZE_MAX ? NULL : w->path, l->path_len };
	char c;

	if (!l->is_list && !take_name(w, &path))
		return false;
	c = w->at < w->len ? w->s[w->at] : 0;
	return c == '{' || c == '[' ? open_container(w, path, c == '[') : take_scalar(w, path);
}

/* What stands behind a value: a comma, or the ends of one container or more. */
static bool take_ends(struct walk *w) {
	for (;;) {
		skip_blanks(w);
		if (take(w, ','))
			return true;
		if (!take(w, w->level[w->depth].is_list ? ']' : '}'))
			return false;
		if (!--w->depth)
			return true;
	}
}

static bool walk(struct walk *w) {
	skip_blanks(w);
	if (!take(w, '{'))
		return false;
	w->level[++w->depth] = (struct level){ 0, false };
	while (w->depth) {
		unsigned depth = w->depth;

		skip_blanks(w);
		/* An end where a member would be: the container is empty, or its last comma one too many. */
		if (w->at < w->len && w->s[w->at] == (w->level[depth].is_list ? ']' : '}')) {
			if (!take_ends(w))
				return false;
		} else if (!take_member(w) || (w->depth == depth && !take_ends(w))) {
			return false;
		}
	}
	skip_blanks(w);
	return w->at == w->len;
}

int json_scan(const char *s, size_t len, json_value_fn *fn, void *user, size_t *ret_at) {
	struct walk w;

	/* The path's bytes need no value. */
	w.s = s;
	w.len = len;
	w.at = 0;
	w.fn = fn;
	w.user = user;
	w.depth = 0;
	if (walk(&w))
		return 0;
	*ret_at = w.at;
	return -EINVAL;
}

/* n hex digits, or -1. */
static int32_t read_hex(const char *s, size_t len, size_t n) {
	int32_t v = 0;

	if (len < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int digit = digit_hex(s[i]);

		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

static size_t put_utf8(uint32_t c, char *to) {
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* The code point of \uXXXX, or of a pair of surrogates; half of a pair is U+FFFD. `s` is behind the 'u'; returns the
 * bytes behind it that are taken, 0 when these are no four digits. */
static size_t read_unicode(const char *s, size_t len, uint32_t *ret_c) {
	int32_t c = read_hex(s, len, 4), low;

	if (c < 0)
		return 0;
	*ret_c = (uint32_t)c;
	if (c < 0xd800 || c > 0xdfff)
		return 4;
	*ret_c = 0xfffd;
	if (c > 0xdbff || len < 10 || s[4] != '\\' || s[5] != 'u')
		return 4;
	low = read_hex(s + 6, len - 6, 4);
	if (low < 0xdc00 || low > 0xdfff)
		return 4;
	*ret_c = 0x10000 + ((uint32_t)(c & 0x3ff) << 10 | (uint32_t)(low & 0x3ff));
	return 10;
}

size_t json_unescape(struct str text, char *ret_text) {
	static const char plain[128] = { ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
					 ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t' };
	size_t n = 0;

	for (size_t i = 0; i < text.len;) {
		const char *s = text.s + i, *slash = memchr(s, '\\', text.len - i);
		size_t left = text.len - i, taken;
		uint32_t c;

		if (s[0] != '\\') {
			taken = slash ? (size_t)(slash - s) : left;
			memcpy(ret_text + n, s, taken);
			n += taken;
		} else if (left > 1 && (unsigned char)s[1] < 128 && plain[(unsigned char)s[1]]) {
			ret_text[n++] = plain[(unsigned char)s[1]];
			taken = 2;
		} else if (left > 1 && s[1] == 'u' && (taken = read_unicode(s + 2, left - 2, &c))) {
			n += put_utf8(c, ret_text + n);
			taken += 2;
		} else if (left > 1 && s[1] == 'x' && read_hex(s + 2, left - 2, 2) >= 0) {
			ret_text[n++] = (char)read_hex(s + 2, left - 2, 2);
			taken = 4;
		} else {
			ret_text[n++] = '\\';
			taken = 1;
		}
		i += taken;
	}
	return n;
}
