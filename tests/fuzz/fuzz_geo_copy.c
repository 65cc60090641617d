/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are cut into slices of themselves, one behind the other; and what is escaped is found again. */
#include "fuzz.h"

#include <string.h>

#include "geo/postgres_copy.h"

enum { COLUMNS = 5 };

static void cut_any(const uint8_t *data, size_t size) {
	struct str columns[COLUMNS];
	char *row = malloc(size ? size : 1);

	if (size)
		memcpy(row, data, size);
	if (postgres_copy_cut(row, size, columns, COLUMNS)) {
		const char *behind = row;

		for (size_t i = 0; i < COLUMNS; i++) {
			if (!columns[i].s)
				continue;
			CLAIM(columns[i].s >= behind && columns[i].s + columns[i].len <= row + size);
			behind = columns[i].s + columns[i].len;
		}
	}
	free(row);
}

/* The columns are the input, cut into five; a column that is only 'N' is written as NULL. */
static void there_and_back(const uint8_t *data, size_t size) {
	static const char bytes[] = "\b\f\n\r\t\v\\", letters[] = "bfnrtv\\";
	char *row = malloc(2 * size + 2 * COLUMNS);
	struct str columns[COLUMNS];
	size_t len = 0;

	for (size_t i = 0, at = 0; i < COLUMNS; i++) {
		size_t end = size * (i + 1) / COLUMNS;
		bool null = end - at == 1 && data[at] == 'N';

		for (; at < end; at++) {
			const char *special = data[at] ? strchr(bytes, data[at]) : NULL;

			if (special || null)
				row[len++] = '\\';
			row[len++] = special ? letters[special - bytes] : (char)data[at];
		}
		row[len++] = i + 1 < COLUMNS ? '\t' : '\n';
	}
	CLAIM(postgres_copy_cut(row, len, columns, COLUMNS));
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t at = size * i / COLUMNS, n = size * (i + 1) / COLUMNS - at;

		if (n == 1 && data[at] == 'N')
			CLAIM(!columns[i].s);
		else
			CLAIM(columns[i].s && columns[i].len == n && (!n || memcmp(columns[i].s, data + at, n) == 0));
	}
	free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	cut_any(data, size);
	there_and_back(data, size);
	return 0;
}
