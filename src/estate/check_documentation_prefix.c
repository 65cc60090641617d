/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "addr/special.h"
#include "estate/check.h"
#include "estate/written.h"

enum { BLOCKS_MAX = 8 };

struct search {
	struct check_run *run;
	const struct special *blocks[BLOCKS_MAX];
	size_t n;
};

static void collect(struct search *s) {
	size_t n;
	const struct special *table = special_table(&n);

	for (size_t i = 0; i < n && s->n < BLOCKS_MAX; i++)
		if (strcmp(table[i].kind, "documentation") == 0)
			s->blocks[s->n++] = &table[i];
}

static void look(const struct written *w, void *user) {
	const struct search *s = user;

	for (size_t i = 0; i < s->n; i++) {
		const struct special *b = s->blocks[i];

		if (ip_is_v4(b->prefix.ip) == ip_is_v4(w->ip) &&
		    prefix_covers(b->prefix, (struct prefix){ w->ip, w->len })) {
			char block[PREFIX_TEXT_MAX];

			(void)prefix_format(b->prefix, block);
			check_report(s->run, w->at, "write the address that you were really given",
				     "\"%s\" is in %s, which is for documentation (%s)", w->at->text.s, block,
				     b->reference);
		}
	}
}

static void run(struct check_run *r) {
	struct search s = { .run = r };

	collect(&s);
	written_each(r->estate, look, &s);
}

const struct check check_documentation_prefix = {
	.name = "documentation-prefix",
	.severity = SEVERITY_WARNING,
	.summary = "An address out of the space that is kept for documentation",
	.doc = "2001:db8::/32, 3fff::/20, 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24 stand for addresses in "
	       "books and examples (RFC 3849, RFC 9637, RFC 5737). No provider routes them and most filters drop "
	       "them: such an address was left over from an example. An estate that is itself an example sets this "
	       "check to ignore.",
	.run = run,
};
