/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/route_table.h"

#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <string.h>

enum { TABLES_MAX = 1 << 16 };

static const char *const places[] = {
	"/etc/iproute2/rt_tables",
	"/etc/iproute2/rt_tables.d/*.conf",
	"/usr/share/iproute2/rt_tables",
	"/usr/share/iproute2/rt_tables.d/*.conf",
};

static int parse_number(struct str text, uint32_t *ret_number) {
	unsigned base = 10;
	uint64_t number = 0;

	if (text.len > 2 && text.s[0] == '0' && (text.s[1] == 'x' || text.s[1] == 'X')) {
		base = 16;
		text = (struct str){ text.s + 2, text.len - 2 };
	}
	for (size_t i = 0; i < text.len; i++) {
		char c = text.s[i];
		unsigned digit = isdigit((unsigned char)c) ? (unsigned)(c - '0')
							   : (unsigned)(tolower((unsigned char)c) - 'a' + 10);

		if (!isxdigit((unsigned char)c) || digit >= base)
			return -EINVAL;
		number = number * base + digit;
		if (number > UINT32_MAX)
			return -EINVAL;
	}
	if (!text.len)
		return -EINVAL;
	*ret_number = (uint32_t)number;
	return 0;
}

int route_table_find(struct str file, const char *name, uint32_t *ret_table) {
	struct str line;

	while (str_split(&file, '\n', &line)) {
		struct str number, rest;

		(void)str_split(&line, '#', &rest);
		rest = str_trim(rest);
		for (number = rest; number.len && !isspace((unsigned char)number.s[number.len - 1]);)
			number.len--;
		/* What is behind the last blank is the name. */
		rest = (struct str){ rest.s + number.len, rest.len - number.len };
		if (str_is(rest, name) && parse_number(str_trim(number), ret_table) == 0)
			return 0;
	}
	return -ENOENT;
}

static int find_in(const char *path, const char *name, uint32_t *ret_table) {
	struct arena a = { 0 };
	struct str text;
	char *bytes;
	int r = file_read(&a, path, TABLES_MAX, &bytes, &text.len);

	if (r >= 0) {
		text.s = bytes;
		r = route_table_find(text, name, ret_table);
	}
	arena_done(&a);
	return r;
}

int route_table_parse(const char *text, uint32_t *ret_table) {
	bool found = parse_number(str_of(text), ret_table) == 0;

	for (size_t i = 0; i < ARRAY_LEN(places) && !found && *text; i++) {
		glob_t files;

		if (glob(places[i], 0, NULL, &files) == 0)
			for (size_t j = 0; j < files.gl_pathc && !found; j++)
				found = find_in(files.gl_pathv[j], text, ret_table) == 0;
		globfree(&files);
	}
	return found ? 0 : -EINVAL;
}
