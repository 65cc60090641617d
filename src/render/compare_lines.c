/* SPDX-License-Identifier: Apache-2.0 */
#include "render/compare_lines.h"

#include "base/text_diff.h"

enum { DIFF_MAX = 4 << 20 };

int compare_lines(struct str old, struct str text, struct arena *a, struct change *c) {
	const struct text_side before = { arena_printf(a, "a/%s", c->path), old };
	const struct text_side after = { arena_printf(a, "b/%s", c->path), text };
	struct text_diff diff;
	int r = text_diff(&before, &after, DIFF_MAX, a, &diff);

	if (r < 0)
		return r;
	c->diff = diff.text;
	c->added = diff.added;
	c->deleted = diff.deleted;
	return 0;
}
