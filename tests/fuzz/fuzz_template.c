/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a template, with data of every kind: it renders, or says why not and gives nothing. */
#include "fuzz.h"

#include <string.h>

#include "render/json.h"
#include "render/template.h"

static const char data[] =
	"{\"i\": 7, \"f\": 2.5, \"s\": \"Hello World\", \"u\": \"na\\u00efve\", \"n\": null, \"t\": true, \"xs\": [3, "
	"1, 2],"
	"\"d\": {\"a\": {\"b\": 1}}, \"ms\": [{\"name\": \"a\", \"v\": 1}, {\"name\": \"B\", \"v\": 2}],"
	"\"ips\": [\"10.0.0.1\", \"2001:db8::/32\"], \"e\": []}";
static const char part[] = "[{{ i }}{% macro m(x) %}{{ x }}{% endmacro %}]";
static const char base[] = "<{% block a %}base{% endblock %}>";

static void check_map(const struct line_map *map, const struct text *out) {
	for (uint32_t line = 0; line < 4; line++) {
		struct line_origin o = line_map_find(map, out->v, out->n, line);

		CLAIM(!o.datum.file || o.place.file);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	struct arena arena = { 0 };
	struct sources sources;
	struct diags diags;
	struct template_set set;
	struct line_map map = { 0 };
	struct text out = { 0 };
	const struct value *values = NULL;
	const struct template *t;
	struct scope scope;

	sources_init(&sources, &arena);
	diags_init(&diags, &arena, &sources);
	template_set_init(&set, &arena, &sources, size % 2 ? TEMPLATE_OURS : TEMPLATE_PLAIN);
	template_set_put(&set, "part", part, sizeof(part) - 1);
	template_set_put(&set, "base", base, sizeof(base) - 1);
	CLAIM(json_parse(&arena, sources_add(&sources, "data", data, sizeof(data) - 1), data, sizeof(data) - 1, &diags,
			 &values) == 0);
	scope.dict = values;
	scope.parent = NULL;
	t = template_set_text(&set, "main", "main", (const char *)bytes, size, &diags);
	if (t) {
		struct template_run run = { &scope, &arena, &diags, &map, 20000 };
		int r = template_render(t, &run, &out);

		CLAIM((r == 0) == (diags.count[SEVERITY_ERROR] == 0));
		CLAIM(r == 0 || out.n == 0);
		CLAIM(utf8_check(out.v, out.n) == out.n);
		check_map(&map, &out);
	} else {
		CLAIM(diags.count[SEVERITY_ERROR] > 0);
	}
	line_map_done(&map);
	text_done(&out);
	template_set_done(&set);
	diags_done(&diags);
	sources_done(&sources);
	arena_done(&arena);
	return 0;
}
