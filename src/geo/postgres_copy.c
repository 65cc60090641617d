/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns are separated by tabs; a backslash stands before what would be mistaken for one or for the row's end, and
 * before itself; \N alone is NULL (PostgreSQL's manual, COPY, "Text Format"). The server never sends octal or
 * hexadecimal forms.
 */
#include "geo/postgres_copy.h"

#include <string.h>

/* What a letter behind a backslash means; any other byte means itself. */
static char meaning(char c) {
	static const char letters[] = "bfnrtv", bytes[] = "\b\f\n\r\t\v";
	const char *at = memchr(letters, c, sizeof(letters) - 1);

	return at ? bytes[at - letters] : c;
}

bool postgres_copy_cut(char *row, size_t len, struct str *ret_columns, size_t n) {
	const char *s = row, *end = row + len;

	if (s < end && end[-1] == '\n')
		end--;
	for (size_t i = 0; i < n; i++, s++) {
		const char *start = s;
		char *to = row + (s - row);

		for (; s < end && *s != '\t'; s++) {
			bool escaped = *s == '\\' && s + 1 < end;

			s += escaped;
			*to++ = escaped ? meaning(*s) : *s;
		}
		ret_columns[i] = (struct str){ start, (size_t)(to - start) };
		/* An N that is text has no backslash. */
		if (s - start == 2 && to - start == 1 && *start == 'N')
			ret_columns[i] = (struct str){ NULL, 0 };
		if (s == end)
			return i + 1 == n;
	}
	return false;
}
