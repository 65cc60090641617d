/* SPDX-License-Identifier: Apache-2.0 */
/* What single texts are: a spec, a country, a time, something to quote. */
#include "fuzz.h"

#include <string.h>

#include "geo/country.h"
#include "geo/row_text.h"
#include "geo/source.h"

/* Parses, or refuses; ret_shown is the text as messages have it. */
static void check_spec(struct arena *a, const char *text, const char **ret_shown) {
	struct geo_spec spec = { 0 };
	struct sources sources;
	struct diags diags;
	int r;

	sources_init(&sources, a);
	diags_init(&diags, a, &sources);
	r = geo_spec_parse(a, text, &diags, &spec);
	CLAIM((r == 0) == (diags.list.n == 0));
	CLAIM(r < 0 || (spec.source && (spec.table != NULL) == spec.source->has_tables && geo_spec_is(text)));
	*ret_shown = spec.text;
	diags_done(&diags);
	sources_done(&sources);
}

/* Whatever a password is, nothing of it is shown. */
static void check_password(struct arena *a, const char *password) {
	char *quoted = arena_alloc(a, 2 * strlen(password) + 1), *to = quoted;
	const char *shown;

	for (const char *s = password; *s; s++) {
		if (*s == '\'' || *s == '\\')
			*to++ = '\\';
		*to++ = *s;
	}
	check_spec(a, arena_printf(a, "postgres:host=x password='%s' user=u#t", quoted), &shown);
	CLAIM(strcmp(shown, "postgres:host=x password=*** user=u#t") == 0);
	check_spec(a, arena_printf(a, "postgres:postgresql://u:%s@h:1/db#t", password), &shown);
	CLAIM(strcmp(shown, "postgres:postgresql://u:***@h:1/db#t") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct str text = { (const char *)data, size };
	struct arena a = { 0 };
	const struct country *c = country_find(text);
	const char *close = country_suggest(text), *quoted = geo_quote(&a, text);
	int64_t us;
	size_t n;

	CLAIM(!c || c == country_of_code(c->code));
	CLAIM(!close || country_find(str_of(close)));
	CLAIM(utf8_check(quoted, strlen(quoted)) == strlen(quoted) &&
	      utf8_count(quoted, strlen(quoted)) <= 4 * 4 * 60 + 3);
	for (size_t i = 0; i < strlen(quoted); i += n) {
		bool harmless;

		n = utf8_next(quoted + i, strlen(quoted) - i, &harmless);
		CLAIM(harmless);
	}
	CLAIM(geo_time_parse(text, &us) < 0 || us > GEO_NEVER);
	check_spec(&a, arena_dup(&a, data, size), &close);
	check_password(&a, arena_dup(&a, data, size));
	arena_done(&a);
	return 0;
}
