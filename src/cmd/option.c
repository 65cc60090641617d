/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/option.h"

#include <ctype.h>

static bool is_end(const struct argp_option *o) {
	return !o->name && !o->key && !o->doc && !o->group;
}

struct option_walk option_walk(const struct argp *argp) {
	struct option_walk w = { .with_help = true };

	if (argp) {
		w.next = argp->options;
		w.child[0] = argp->children;
		w.depth = 1;
	}
	return w;
}

/* Goes to the next table; false when there is none. */
static bool next_table(struct option_walk *w) {
	while (w->depth) {
		const struct argp_child **c = &w->child[w->depth - 1];

		if (*c && (*c)->argp) {
			const struct argp *argp = (*c)->argp;

			(*c)++;
			w->next = argp->options;
			if (w->depth < OPTION_DEPTH)
				w->child[w->depth++] = argp->children;
			return true;
		}
		w->depth--;
	}
	w->next = w->with_help ? help_options : NULL;
	w->with_help = false;
	return w->next;
}

const struct argp_option *option_next(struct option_walk *w) {
	for (;;) {
		const struct argp_option *o = w->next;

		if (!o || is_end(o)) {
			if (!next_table(w))
				return NULL;
			continue;
		}
		w->next++;
		if ((o->name || o->key) && !(o->flags & (OPTION_HIDDEN | OPTION_ALIAS)))
			return o;
	}
}

const struct argp_option *option_alias(const struct argp_option *o) {
	do {
		o++;
	} while ((o->flags & (OPTION_ALIAS | OPTION_HIDDEN)) == (OPTION_ALIAS | OPTION_HIDDEN));
	return o->flags & OPTION_ALIAS ? o : NULL;
}

char option_letter(const struct argp_option *o) {
	return o->key > 0 && o->key < 0x80 && isprint(o->key) ? (char)o->key : 0;
}
