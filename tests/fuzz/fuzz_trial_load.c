/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a trial's report: what is taken is written in every form, and is read again as the same. */
#include "fuzz.h"

#include <string.h>

#include "base/emit.h"
#include "probe/trial_load.h"

static void write_all(const struct trial *t) {
	FILE *out = fopen("/dev/null", "w");

	CLAIM(out);
	trial_report_text(t, true, out);
	trial_report_junit(t, out);
	trial_report_html(t, out);
	(void)fclose(out);
}

static void read_again(const struct trial *t) {
	struct arena a = { 0 };
	struct trial again;
	struct trial_deltas d = { 0 };
	struct emit e;
	const char *why;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	CLAIM(out);
	emit_init(&e, out, EMIT_JSON_LINES);
	trial_report_emit(t, &e);
	CLAIM(emit_done(&e) == 0);
	(void)fclose(out);
	CLAIM(trial_load(text, len, &a, &again, &why) == 0);
	CLAIM(again.n == t->n);
	trial_delta(&(struct compare_options){ 0 }, t, &again, &a, &d);
	for (size_t i = 0; i < d.list.n; i++)
		CLAIM(d.list.v[i].change != TRIAL_NEW || t->n > 1);
	vec_done(&d.list);
	trial_done(&again);
	arena_done(&a);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	struct arena a = { 0 };
	struct trial t;
	const char *why = NULL;

	if (trial_load((const char *)bytes, size, &a, &t, &why) == 0) {
		write_all(&t);
		read_again(&t);
		trial_done(&t);
	} else {
		CLAIM(why && *why);
	}
	arena_done(&a);
	return 0;
}
