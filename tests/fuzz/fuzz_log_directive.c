/* SPDX-License-Identifier: Apache-2.0 */
/* A format, a newline, and a line: any text is either refused with a reason, or makes a parser that takes any line. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "logs/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const struct log_options options = { .now_ms = INT64_C(1795414451000) };
	const char *text = (const char *)data, *newline = size ? memchr(text, '\n', size) : NULL;
	size_t len = newline ? (size_t)(newline - text) : size, at = 0;
	struct log_parser *p = NULL;
	struct log_record record;
	char *why = NULL;
	int r = log_parser_new((struct str){ text, len }, &options, &p, &why);

	CLAIM((r == 0) == (p != NULL) && (r == -EINVAL) == (why != NULL));
	if (p && newline) {
		(void)log_parse(p, newline + 1, size - len - 1, &record, &at);
		CLAIM(at <= size - len - 1);
	}
	log_parser_free(p);
	free(why);
	return 0;
}
