/* SPDX-License-Identifier: Apache-2.0 */
/* report_tool FORMAT <JSON: reads a trial's report and writes it as json, jsonl, text, junit or html. */
#include <string.h>

#include "base/emit.h"
#include "base/file.h"
#include "probe/trial_load.h"

int main(int argc, char **argv) {
	const char *format = argc > 1 ? argv[1] : "json", *why = NULL;
	struct arena a = { 0 };
	struct trial t;
	struct emit e;
	char *text;
	size_t len;

	if (file_read(&a, "-", TRIAL_FILE_MAX, &text, &len) < 0)
		return 3;
	if (trial_load(text, len, &a, &t, &why) < 0) {
		(void)fprintf(stderr, "%s\n", why);
		arena_done(&a);
		return 3;
	}
	if (strcmp(format, "junit") == 0)
		trial_report_junit(&t, stdout);
	else if (strcmp(format, "html") == 0)
		trial_report_html(&t, stdout);
	else if (strcmp(format, "text") == 0 || strcmp(format, "colour") == 0)
		trial_report_text(&t, *format == 'c', stdout);
	else {
		emit_init(&e, stdout, strcmp(format, "jsonl") == 0 ? EMIT_JSON_LINES : EMIT_JSON);
		trial_report_emit(&t, &e);
		(void)emit_done(&e);
	}
	trial_done(&t);
	arena_done(&a);
	return 0;
}
