/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renders many templates in one process, for the comparison with Jinja2. Standard input: a JSON array of
 * {"template": TEXT, "data": TEXT of a JSON object, "templates": {NAME: TEXT}, "options": "tlk"}. Standard output: for
 * each a line {"out": TEXT} or {"errors": [{"path", "line", "col", "severity", "message"}]}.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "render/json.h"
#include "render/template.h"

static const char *member(const json_t *j, const char *name, size_t *ret_len) {
	const json_t *v = json_object_get(j, name);

	*ret_len = json_string_length(v);
	return v ? json_string_value(v) : "";
}

static struct template_options options_of(const json_t *j) {
	size_t len;
	const char *s = member(j, "options", &len);

	return (struct template_options){ strchr(s, 't') != NULL, strchr(s, 'l') != NULL, strchr(s, 'k') != NULL };
}

static json_t *errors(const struct diags *d) {
	json_t *list = json_array();

	for (size_t i = 0; i < d->list.n; i++) {
		const struct diag *item = &d->list.v[i];
		const struct source *src = sources_get(d->sources, item->loc.file);

		(void)json_array_append_new(list,
					    json_pack("{s:s, s:i, s:i, s:s, s:s}", "path", src ? src->path : "", "line",
						      (int)item->loc.line, "col", (int)item->loc.col, "severity",
						      severity_to_str(item->severity), "message", item->message));
	}
	return json_pack("{s:o}", "errors", list);
}

static json_t *render_one(const json_t *j) {
	struct arena arena = { 0 };
	struct sources sources;
	struct diags diags;
	struct template_set set;
	const struct value *data = NULL;
	const struct template *t;
	struct text out = { 0 };
	const char *text, *name;
	json_t *other, *result;
	size_t len;

	sources_init(&sources, &arena);
	diags_init(&diags, &arena, &sources);
	template_set_init(&set, &arena, &sources, options_of(j));
	text = member(j, "data", &len);
	if (json_parse(&arena, sources_add(&sources, "data.json", text, len), text, len, &diags, &data) == 0) {
		struct scope scope = { .dict = data };
		struct template_run run = { .data = &scope, .arena = &arena, .diags = &diags };

		json_object_foreach(json_object_get(j, "templates"), name, other)
			template_set_put(&set, name, json_string_value(other), json_string_length(other));
		text = member(j, "template", &len);
		t = template_set_text(&set, "main", "main", text, len, &diags);
		if (t)
			(void)template_render(t, &run, &out);
	}
	result = diags.list.n ? errors(&diags) : json_pack("{s:s%}", "out", out.v ? out.v : "", out.n);
	text_done(&out);
	template_set_done(&set);
	diags_done(&diags);
	sources_done(&sources);
	arena_done(&arena);
	return result;
}

int main(void) {
	json_error_t error;
	json_t *all = json_loadf(stdin, JSON_ALLOW_NUL, &error), *one;
	size_t i;

	if (!all) {
		(void)fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	json_array_foreach(all, i, one) {
		json_t *result = render_one(one);

		if (!result || json_dumpf(result, stdout, JSON_COMPACT) < 0)
			return 1;
		(void)putchar('\n');
		json_decref(result);
	}
	json_decref(all);
	return 0;
}
