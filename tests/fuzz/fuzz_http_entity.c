/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of a request, one a line: whatever they say, what is sent lies inside the thing, and dates come back. */
#include "fuzz.h"

#include <string.h>

#include "net/http_entity.h"

static void check_date(const char *text) {
	char out[HTTP_DATE_MAX];
	int64_t t, again;

	if (!text || http_date_parse(text, 1700000000, &t) < 0)
		return;
	http_date_format(t, out);
	CLAIM(strlen(out) == HTTP_DATE_MAX - 1);
	CLAIM(http_date_parse(out, 0, &again) == 0);
	CLAIM(again == t || strstr(text, ":60")); /* a leap second of the last year of all */
}

static void check_answer(const struct http_entity *e, const struct http_conditions *c) {
	struct http_answer a = http_entity_answer(e, c), whole;
	struct http_conditions no_range = *c;

	CLAIM(a.whole == (a.gzip ? e->gzip.len : e->bytes.len));
	CLAIM(a.first <= a.whole && a.len <= a.whole - a.first);
	CLAIM(a.status == 200 || a.status == 206 || a.status == 304 || a.status == 412 || a.status == 416);
	CLAIM(a.status != 200 || a.len == a.whole);
	CLAIM(a.status != 206 || (a.len > 0 && c->range && !c->is_head));
	CLAIM(a.status != 412 || c->if_match || c->if_unmodified_since);
	CLAIM(a.status != 304 || c->if_none_match || c->if_modified_since);
	CLAIM(!a.gzip || e->gzip.len > 0);
	no_range.range = NULL;
	whole = http_entity_answer(e, &no_range);
	CLAIM(whole.gzip == a.gzip && (a.status == whole.status || whole.status == 200));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct http_entity e = { .bytes = { "0123456789", 10 }, .etag = "\"e1\"", .modified = 784111777 };
	struct http_conditions c = { .now = 1700000000 };
	const char **header[] = { &c.range,    &c.if_range,          &c.if_none_match,      &c.accept_encoding,
				  &c.if_match, &c.if_modified_since, &c.if_unmodified_since };
	char *text = calloc(1, size + 1), *rest = text, *line;

	CLAIM(text);
	if (size)
		memcpy(text, data, size);
	for (size_t i = 0; i < ARRAY_LEN(header) && (line = strsep(&rest, "\n")); i++)
		*header[i] = *line ? line : NULL;
	check_date(c.if_modified_since);
	check_date(c.if_unmodified_since);
	check_answer(&e, &c);
	e.gzip = (struct str){ "abcdef", 6 };
	check_answer(&e, &c);
	c.is_head = true;
	check_answer(&e, &c);
	free(text);
	return 0;
}
