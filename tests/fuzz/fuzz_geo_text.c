/* SPDX-License-Identifier: Apache-2.0 */
/* What single texts are: a spec, a country, a time, something to quote. */
#include "fuzz.h"

#include <string.h>

#include "geo/country.h"
#include "geo/row_text.h"
#include "geo/source.h"

static void check_spec(struct arena *a, const char *text) {
	struct geo_spec spec = { 0 }, again = { 0 };
	struct sources sources;
	struct diags diags;
	int r;

	sources_init(&sources, a);
	diags_init(&diags, a, &sources);
	r = geo_spec_parse(a, text, &diags, &spec);
	CLAIM((r == 0) == (diags.list.n == 0));
	if (r == 0) {
		CLAIM(spec.source && (spec.table != NULL) == spec.source->has_tables && geo_spec_is(text));
		/* Nothing is left to hide in what is shown. */
		r = geo_spec_parse(a, spec.text, &diags, &again);
		CLAIM(r < 0 || strcmp(again.text, spec.text) == 0);
	}
	diags_done(&diags);
	sources_done(&sources);
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
	check_spec(&a, arena_dup(&a, data, size));
	arena_done(&a);
	return 0;
}
