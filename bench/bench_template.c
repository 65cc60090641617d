/* SPDX-License-Identifier: Apache-2.0 */
/* bench_template TEMPLATE DATA ROUNDS: compiles once, renders many times, prints {"seconds": per round, "text":
 * result}. */
#include <stdlib.h>
#include <time.h>

#include "base/emit.h"
#include "base/file.h"
#include "render/json.h"
#include "render/template.h"

static double now(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double measure(const struct template *t, const struct template_run *run, struct arena *scratch, int rounds,
		      struct text *out) {
	double start = now();

	for (int i = 0; i < rounds; i++) {
		struct arena_mark mark = arena_mark(scratch);

		out->n = 0;
		if (template_render(t, run, out) < 0)
			exit(1);
		arena_release(scratch, mark);
	}
	return (now() - start) / rounds;
}

int main(int argc, char **argv) {
	struct arena a = { 0 }, scratch = { 0 };
	struct sources sources;
	struct diags diags;
	struct template_set set;
	const struct value *data;
	const struct template *t;
	struct text out = { 0 };
	char *text, *json;
	size_t len, json_len;
	double seconds;

	if (argc != 4 || file_read(&a, argv[1], TEMPLATE_SIZE_MAX, &text, &len) < 0 ||
	    file_read(&a, argv[2], 1 << 24, &json, &json_len) < 0)
		return 2;
	sources_init(&sources, &a);
	diags_init(&diags, &a, &sources);
	template_set_init(&set, &a, &sources, TEMPLATE_OURS);
	if (json_parse(&a, sources_add(&sources, argv[2], json, json_len), json, json_len, &diags, &data) < 0)
		return 1;
	t = template_set_text(&set, "bench", argv[1], text, len, &diags);
	if (!t)
		return 1;
	(void)arena_alloc(&scratch, 1); /* a chunk that stays */
	seconds = measure(t, &(struct template_run){ &(struct scope){ .dict = data }, &scratch, &diags, NULL },
			  &scratch, (int)strtol(argv[3], NULL, 10), &out);
	(void)printf("{\"seconds\": %.9f, \"text\": ", seconds);
	json_write_string(stdout, out.v, out.n);
	(void)puts("}");
	return 0;
}
