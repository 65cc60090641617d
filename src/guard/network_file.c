/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/network_file.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { FILE_MAX = 1 << 28 };

static const char first_line[] = "# Written by hextet guard. What is changed here by hand is changed back.\n";

const struct network_format network_format_list[] = {
	{ "plain", "", "" },        { "nginx", "deny ", ";" },
	{ "nginx-geo", "", " 1;" }, { "apache", "Require not ip ", "" },
	{ NULL, NULL, NULL },
};

char *network_format_names(void) {
	char *names = NULL;
	size_t len;
	FILE *f = open_memstream(&names, &len);

	if (!f)
		return NULL;
	for (size_t i = 0; network_format_list[i].name; i++)
		(void)fprintf(f, "%s%s", i ? ", " : "", network_format_list[i].name);
	(void)fclose(f);
	return names;
}

/* The network of a line, if it is one; *ret_ours: written just as we do. */
static bool parse_line(const struct network_format *format, struct str line, struct prefix *ret_p, bool *ret_ours) {
	size_t before = strlen(format->before), after = strlen(format->after), len;
	char text[PREFIX_TEXT_MAX];

	if (line.len < before + after || memcmp(line.s, format->before, before) != 0 ||
	    memcmp(line.s + line.len - after, format->after, after) != 0)
		return false;
	line = (struct str){ line.s + before, line.len - before - after };
	if (prefix_parse(line.s, line.len, ret_p, NULL) < 0)
		return false;
	len = prefix_format(*ret_p, text);
	*ret_ours = str_eq(line, (struct str){ text, len });
	return true;
}

static uint64_t parse(const struct network_format *format, const char *s, size_t len, struct network_list *list) {
	enum { FIRST = sizeof(first_line) - 1 };
	struct prefix p, last = { 0 };
	uint64_t unreadable = 0;
	bool any = false, ours = false;

	if (len < FIRST || memcmp(s, first_line, FIRST) != 0) {
		unreadable++;
	} else {
		s += FIRST;
		len -= FIRST;
	}
	for (const char *end; len; len -= (size_t)(end + 1 - s), s = end + 1) {
		end = memchr(s, '\n', len);
		if (!end)
			return unreadable + 1;
		if (!parse_line(format, (struct str){ s, (size_t)(end - s) }, &p, &ours) || !ours ||
		    (any && prefix_compare(last, p) >= 0)) {
			unreadable++;
			continue;
		}
		network_list_add(list, last = p);
		any = true;
	}
	return unreadable;
}

static int file_why(const char *path, int r, char **ret_why) {
	return ban_sink_why(ret_why, r, "%s: %s%s", path, strerror(-r),
			    r == -EACCES || r == -EPERM || r == -EROFS
				    ? "; the folder must be one that the guard may write to"
				    : "");
}

int network_file_read(const struct network_file *f, struct network_list *list, uint64_t *ret_unreadable,
		      char **ret_why) {
	struct arena arena = { 0 };
	char *text;
	size_t len;
	int r = file_read(&arena, f->path, FILE_MAX, &text, &len);

	if (r >= 0) {
		*ret_unreadable = parse(f->format, text, len, list);
		network_list_sort(list);
	}
	arena_done(&arena);
	if (r == -ENOENT && f->claimed) { /* it was there: written again even if it is to be empty */
		*ret_unreadable = 1;
		return 0;
	}
	return r < 0 ? file_why(f->path, r, ret_why) : 0;
}

static char *compose(const struct network_file *f, const struct network_list *list, size_t *ret_len) {
	char *text = NULL, network[PREFIX_TEXT_MAX];
	FILE *out = open_memstream(&text, ret_len);

	if (!out)
		return NULL;
	(void)fputs(first_line, out);
	for (size_t i = 0; i < list->v.n; i++) {
		(void)prefix_format(list->v.v[i], network);
		(void)fputs(f->format->before, out);
		(void)fputs(network, out);
		(void)fputs(f->format->after, out);
		(void)fputc('\n', out);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static bool has_content(const char *path, const char *text, size_t len) {
	struct arena arena = { 0 };
	char *there;
	size_t there_len;
	bool same = file_read(&arena, path, FILE_MAX, &there, &there_len) >= 0 && there_len == len &&
		    memcmp(there, text, len) == 0;

	arena_done(&arena);
	return same;
}

/* The number of the first line that no list of this form has, or 0. */
static unsigned first_other(const struct network_format *format, struct str text) {
	struct prefix p;
	struct str line;
	bool ours;

	for (unsigned n = 1; text.len && str_split(&text, '\n', &line); n++) {
		line = str_trim(line);
		if (line.len && line.s[0] != '#' && !parse_line(format, line, &p, &ours))
			return n;
	}
	return 0;
}

/* A new file is made beside the old one: a folder that may not be written is found before the first ban. */
static int check_folder(const char *path, char **ret_why) {
	_cleanup_(freep) char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	return access(dirname(copy), W_OK) < 0 && errno != ENOENT ? file_why(path, -errno, ret_why) : 0;
}

int network_file_claim(struct network_file *f, char **ret_why) {
	struct arena arena = { 0 };
	struct str text = { 0 };
	char *bytes = NULL;
	unsigned other = 0;
	int r;

	if (f->claimed)
		return check_folder(f->path, ret_why);
	r = file_read(&arena, f->path, FILE_MAX, &bytes, &text.len);
	if (r >= 0 && bytes) {
		text.s = bytes;
		other = first_other(f->format, text);
	}
	arena_done(&arena);
	if (other)
		return ban_sink_why(ret_why, -EEXIST,
				    "%s: line %u is no line of a list of bans: name another file, or remove this one",
				    f->path, other);
	if (r < 0 && r != -ENOENT)
		return file_why(f->path, r, ret_why);
	f->claimed = true;
	if (r >= 0)
		return 0;
	r = network_file_write(f, &(struct network_list){ 0 }, ret_why);
	f->claimed = r >= 0;
	return r;
}

int network_file_write(struct network_file *f, const struct network_list *list, char **ret_why) {
	int r = network_file_claim(f, ret_why);
	size_t len;
	char *text;

	if (r < 0)
		return r;
	if (!(text = compose(f, list, &len)))
		return -ENOMEM;
	if (!has_content(f->path, text, len))
		r = file_write_atomic(f->path, text, len, 0644);
	free(text);
	return r < 0 ? file_why(f->path, r, ret_why) : 0;
}
