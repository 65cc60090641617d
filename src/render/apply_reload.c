/* SPDX-License-Identifier: Apache-2.0 */
#include "render/apply_reload.h"

#include <errno.h>

#include "base/child.h"
#include "render/target.h"

enum { OUTPUT_MAX = 16 << 10, WORDS_MAX = 16, LINES_MAX = 10 };

void apply_tell(const struct apply_say *say, const char *fmt, ...) {
	_cleanup_(freep) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		say->line(text, say->user);
}

static unsigned rank(const char *target) {
	static const char *const first[] = { "sysctl", "networkd", "nftables" };
	unsigned i = 0;

	while (i < ARRAY_LEN(first) && strcmp(first[i], target) != 0)
		i++;
	return i;
}

static int by_rank(const void *pa, const void *pb) {
	const struct journal_reload *a = pa, *b = pb;
	const unsigned ra = rank(a->target), rb = rank(b->target);

	return ra == rb ? strcmp(a->target, b->target) : ra < rb ? -1 : 1;
}

void reload_sort(struct journal_reload *list, size_t n) {
	if (n)
		qsort(list, n, sizeof(*list), by_rank);
}

const char *const *reload_commands(const struct journal_reload *r) {
	for (const struct target *const *t = target_list; *t; t++)
		if (strcmp((*t)->name, r->target) == 0)
			return r->withdraw ? (*t)->withdraw : (*t)->reload;
	return NULL;
}

static void tell_output(const struct apply_say *say, struct str output) {
	struct str line;

	for (unsigned i = 0; i < LINES_MAX && str_split(&output, '\n', &line); i++)
		if (line.len)
			apply_tell(say, "    %.*s", (int)line.len, line.s);
}

static int run_one(const char *command, unsigned limit_s, struct arena *a, const struct apply_say *say) {
	const char *argv[WORDS_MAX + 1] = { NULL };
	const struct child_options options = {
		.argv = argv, .folder = "/", .limit_s = limit_s, .output_max = OUTPUT_MAX
	};
	struct str rest = str_of(command), word, output = { 0 };
	int r, status = 0;

	for (size_t n = 0; n < WORDS_MAX && str_split(&rest, ' ', &word); n++)
		argv[n] = arena_dup(a, word.s, word.len);
	r = child_run(&options, a, &status, &output);
	if (r == 0 && status == 0)
		apply_tell(say, "%s: done", command);
	else if (r == 0)
		apply_tell(say, "%s: exit status %d", command, status);
	else if (r == -ETIMEDOUT)
		apply_tell(say, "%s: not done within %u s, killed", command, limit_s);
	else
		apply_tell(say, "%s: %s", command, r == -ENOENT ? "there is no such program" : strerror(-r));
	if (r < 0 || status)
		tell_output(say, output);
	return r < 0 || status ? -EIO : 0;
}

int reload_run(const struct journal_reload *list, size_t n, unsigned limit_s, bool all, const struct apply_say *say) {
	_cleanup_(arena_done) struct arena a = { 0 };
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		const char *const *command = reload_commands(&list[i]);

		if (!command && list[i].withdraw)
			apply_tell(say, "%s: its files are gone, and the program that read them was not told",
				   list[i].target);
		for (; command && *command; command++) {
			int r = run_one(*command, limit_s, &a, say);

			result = result ? result : r;
			if (r < 0 && !all)
				return result;
		}
	}
	return result;
}
