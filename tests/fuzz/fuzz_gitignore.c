/* SPDX-License-Identifier: Apache-2.0 */
/* The first line is a path, the rest the file. With a rule that takes everything back behind it, nothing is excluded.
 */
#include "fuzz.h"

#include <string.h>

#include "probe/gitignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const char *text = (const char *)data, *end = size ? memchr(text, '\n', size) : NULL;
	struct arena a = { 0 };
	const struct gitignore *g;
	const char *path;

	if (!end || memchr(text, '\0', (size_t)(end - text)))
		return 0;
	path = arena_dup(&a, text, (size_t)(end - text));
	g = gitignore_new(NULL, "", end + 1, size - (size_t)(end + 1 - text), &a);
	(void)gitignore_excludes(g, path, true);
	(void)gitignore_excludes(g, path, false);
	g = gitignore_new(g, "", "!**\n", 4, &a);
	CLAIM(strchr(path, '/') || !*path || !gitignore_excludes(g, path, false));
	arena_done(&a);
	return 0;
}
