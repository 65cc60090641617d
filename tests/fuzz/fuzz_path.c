/* SPDX-License-Identifier: Apache-2.0 */
/* A path is not longer than it was and has nothing left to resolve; a glob matches what its definition says. The input
 * is a path; up to its first newline, it is also a glob for what follows. */
#include "fuzz.h"

#include <string.h>

#include "guard/path.h"

enum { SMALL = 10 }; /* what the definition can afford */

/* The definition: a star is nothing, or one byte and the star again. */
static bool matches(const uint8_t *g, size_t gn, const uint8_t *t, size_t tn) {
	if (!gn)
		return !tn;
	if (*g == '*')
		return matches(g + 1, gn - 1, t, tn) || (tn && matches(g, gn, t + 1, tn - 1));
	return tn && (*g == '?' || *g == *t) && matches(g + 1, gn - 1, t + 1, tn - 1);
}

static void check_segments(struct str p) {
	struct str rest = p, piece;

	if (p.len && p.s[0] == '/') {
		rest.s++;
		rest.len--;
	}
	while (rest.s && str_split(&rest, '/', &piece)) {
		CLAIM(piece.len || !rest.s); /* only the last one may be empty */
		CLAIM(!str_is(piece, ".") && !str_is(piece, ".."));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const struct str path = { (const char *)data, size };
	static char room[PATH_MAX_LEN];
	const uint8_t *newline = memchr(data, '\n', size);
	struct str p = path_normal(path, room), glob, text;

	CLAIM(p.len <= size && p.len <= PATH_MAX_LEN);
	CLAIM(p.s == room || (p.s == path.s && p.len == MIN(size, PATH_MAX_LEN)));
	check_segments(p);
	if (!newline)
		return 0;
	glob = (struct str){ (const char *)data, (size_t)(newline - data) };
	text = (struct str){ (const char *)newline + 1, size - glob.len - 1 };
	if (glob.len <= SMALL && text.len <= SMALL)
		CLAIM(glob_match(glob, text, false) == matches(data, glob.len, newline + 1, text.len));
	else
		(void)glob_match(glob, text, true);
	return 0;
}
