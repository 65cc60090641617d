/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the one file of an estate → loaded, names resolved, all checks run, all findings printed. */
#include "fuzz.h"

#include "estate/check.h"

const char *__lsan_default_suppressions(void) {
	return "leak:libfyaml.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena a = { 0 };
	struct sources s;
	struct diags d;
	struct estate *e;
	FILE *out = fopen("/dev/null", "w");

	sources_init(&s, &a);
	diags_init(&d, &a, &s);
	estate_load_text(&a, &s, &d, "input.yaml", (const char *)data, size, &e);
	CLAIM(e->loaded == !d.count[SEVERITY_ERROR]);
	for (size_t i = 1; i < e->claim_count; i++)
		CLAIM(prefix_compare(e->claims[i - 1].prefix, e->claims[i].prefix) <= 0);
	CLAIM(checks_run(e, NULL, &a, &d) == 0);
	diags_sort(&d);
	for (size_t i = 0; i < d.list.n; i++)
		CLAIM(d.list.v[i].loc.file == 1 && *d.list.v[i].message);
	diags_print(&d, out, false);
	(void)fclose(out);
	estate_done(e);
	diags_done(&d);
	sources_done(&s);
	arena_done(&a);
	return 0;
}
