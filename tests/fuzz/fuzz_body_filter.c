/* SPDX-License-Identifier: Apache-2.0 */
/* The first line is a filter, the rest a body. What is refused says why; a filter that changes nothing loses nothing.
 */
#include "fuzz.h"

#include <string.h>

#include "probe/body_filter.h"

static void check_identity(struct str body, struct arena *a) {
	struct body_filter *f;
	const char *why;
	struct str got;

	CLAIM(body_filter_new("s/[a-z]+/&/", a, &f, &why) == 0);
	got = body_filter_run(f, body, a);
	CLAIM(got.len == body.len && (!body.len || memcmp(got.s, body.s, body.len) == 0));
	body_filter_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	struct arena a = { 0 };
	struct str rest = { (const char *)bytes, size }, line;
	struct body_filter *f = NULL;
	const char *why = NULL;

	if (size && str_split(&rest, '\n', &line)) {
		struct str body = rest.s ? rest : STR("");

		check_identity(body, &a);
		if (body_filter_new(arena_dup(&a, line.s, line.len), &a, &f, &why) == 0) {
			(void)body_filter_run(f, body, &a);
			body_filter_free(f);
		} else {
			CLAIM(why && *why && !f);
		}
	}
	arena_done(&a);
	return 0;
}
