/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of spans are found as beginnings are, walking the other way, with '{' and '}' in each other's place. */
#include "probe/scan_scope.h"

#include "base/vec.h"

struct walk {
	VEC(uint32_t) outer; /* where the blocks around this one begin, as it is walked */
	uint32_t here;
};

static void enter(struct walk *w, uint32_t at) {
	vec_push(&w->outer, w->here);
	w->here = at;
}

static void leave(struct walk *w) {
	if (w->outer.n)
		w->here = w->outer.v[--w->outer.n];
}

struct scan_span *scan_spans(const struct scan_source *s, enum scan_scope scope) {
	struct scan_span *spans = reallocarray(NULL, s->n + 1, sizeof(*spans));
	const bool statement = scope == SCAN_IN_STATEMENT;
	struct walk up = { 0 }, down = { .here = (uint32_t)s->n };

	if (!spans)
		abort();
	for (uint32_t i = 0; i < s->n; i++) {
		const char c = s->tokens[i].kind == SCAN_PUNCT ? s->tokens[i].punct : '\0';

		spans[i].from = up.here;
		if (c == '{')
			enter(&up, i + 1);
		else if (c == '}')
			leave(&up);
		else if (c == ';' && statement)
			up.here = i + 1;
	}
	for (uint32_t i = (uint32_t)s->n; i-- > 0;) {
		const char c = s->tokens[i].kind == SCAN_PUNCT ? s->tokens[i].punct : '\0';

		if (c == '}')
			enter(&down, i);
		else if (c == '{')
			leave(&down);
		else if (c == ';' && statement)
			down.here = i;
		spans[i].to = down.here;
	}
	vec_done(&up.outer);
	vec_done(&down.outer);
	return spans;
}
