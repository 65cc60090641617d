/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as JSON: each value's place is where a value of its kind begins. */
#include "fuzz.h"

#include <string.h>

#include "render/json.h"

static void check(const struct sources *s, const struct value *v) {
	static const char *const begins[_VALUE_KIND_MAX] = {
		[VALUE_NULL] = "n", [VALUE_BOOL] = "tf", [VALUE_INT] = "-0123456789", [VALUE_REAL] = "-0123456789",
		[VALUE_STR] = "\"", [VALUE_LIST] = "[",  [VALUE_DICT] = "{",
	};
	const char *line;
	size_t len, at;

	CLAIM(sources_line(s, v->loc.file, v->loc.line, &line, &len));
	at = utf8_prefix(line, len, v->loc.col - 1);
	CLAIM(at < len && strchr(begins[v->kind], line[at]));
	for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->list.n; i++)
		check(s, v->list.v[i]);
	for (uint32_t i = 0; v->kind == VALUE_DICT && i < v->dict.n; i++) {
		check(s, v->dict.v[i].key);
		check(s, v->dict.v[i].value);
		CLAIM(value_get(v, key_of(v->dict.v[i].key->str.s, v->dict.v[i].key->str.len)) == v->dict.v[i].value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	struct arena arena = { 0 };
	struct sources sources;
	struct diags diags;
	const struct value *v = NULL;
	char *text = arena_dup(&arena, bytes, size);

	sources_init(&sources, &arena);
	diags_init(&diags, &arena, &sources);
	if (json_parse(&arena, sources_add(&sources, "f", text, size), text, size, &diags, &v) == 0)
		check(&sources, v);
	else
		CLAIM(diags.count[SEVERITY_ERROR] == 1);
	diags_done(&diags);
	sources_done(&sources);
	arena_done(&arena);
	return 0;
}
