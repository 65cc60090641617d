/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as pg_hba.conf: rules and complaints come in the order of the lines, and what is let through is a prefix
 * without host bits. */
#include "fuzz.h"

#include "render/hba_read.h"

struct seen {
	uint32_t line;
	unsigned complaints;
};

static void rule(const struct hba_rule *r, void *user) {
	struct seen *s = user;

	CLAIM(r->line > s->line);
	s->line = r->line;
	if (!r->is_local && !r->any)
		CLAIM(prefix_equal(prefix_around(r->from.ip, r->from.len), r->from));
}

static void complain(uint32_t line, const char *message, void *user) {
	struct seen *s = user;

	CLAIM(line >= s->line && message[0]);
	s->line = line;
	s->complaints++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct seen s = { 0 };
	const struct hba_reader reader = { rule, complain, &s };

	CLAIM(hba_read((struct str){ (const char *)data, size }, &reader) == s.complaints);
	return 0;
}
