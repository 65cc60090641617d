/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/job.h"

#include <string.h>

#include "base/file.h"

enum { INPUT_MAX = 1 << 30 };

void job_init(struct job *j, const struct output_options *output) {
	*j = (struct job){ .output = *output };
	sources_init(&j->sources, &j->arena);
	diags_init(&j->diags, &j->arena, &j->sources);
	emit_init(&j->emit, stdout, output->format);
}

int job_finish(struct job *j, int code) {
	bool wrong = j->diags.count[SEVERITY_ERROR] > 0;

	/* First the results, so that a terminal shows the complaint last. */
	code = output_finish(&j->emit, wrong && code == EXIT_DONE ? EXIT_NO : code);
	diags_sort(&j->diags);
	diags_print(&j->diags, stderr, output_colour(&j->output, stderr));
	diags_done(&j->diags);
	sources_done(&j->sources);
	arena_done(&j->arena);
	return code;
}

struct job_input job_argument(struct job *j, int n, const char *text) {
	uint32_t file = sources_add(&j->sources, arena_printf(&j->arena, "argument %d", n + 1), text, strlen(text));

	return (struct job_input){ str_of(text), file, 0 };
}

int job_each_line(struct job *j, const char *path, int (*fn)(struct job_input in, void *user), void *user) {
	char *text;
	size_t len;
	struct str rest, line;
	uint32_t file;
	int r = file_read(&j->arena, path, INPUT_MAX, &text, &len);

	if (r < 0)
		return r;
	file = sources_add(&j->sources, strcmp(path, "-") == 0 ? "<stdin>" : path, text, len);
	rest = (struct str){ text, len };
	while (str_split(&rest, '\n', &line)) {
		const char *comment = memchr(line.s, '#', line.len);

		if (comment)
			line.len = (size_t)(comment - line.s);
		line = str_trim(line);
		r = line.len ? fn((struct job_input){ line, file, (size_t)(line.s - text) }, user) : 0;
		if (r)
			return r;
	}
	return 0;
}

int job_each_input(struct job *j, char **args, int n, int (*fn)(struct job_input in, void *user), void *user) {
	int r = 0;

	if (n == 0)
		return job_each_line(j, "-", fn, user);
	for (int i = 0; i < n && r == 0; i++)
		r = strcmp(args[i], "-") == 0 ? job_each_line(j, "-", fn, user) : fn(job_argument(j, i, args[i]), user);
	return r;
}
