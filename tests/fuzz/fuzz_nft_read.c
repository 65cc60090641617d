/* SPDX-License-Identifier: Apache-2.0 */
/* Either a refusal with a line of the text and a reason, or boxes that are never empty and of one family. */
#include "fuzz.h"

#include <string.h>

#include "render/nft_read.h"

static bool is_of_family(const struct prefix_set *s, enum family f) {
	for (size_t i = 0; i < s->ranges.n; i++)
		if (ip_family(s->ranges.v[i].first) != f || ip_compare(s->ranges.v[i].first, s->ranges.v[i].last) > 0)
			return false;
	return s->ranges.n && !s->dirty;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const struct str text = { (const char *)data, size };
	struct arena a = { 0 };
	struct nft_text t;
	size_t lines = 1;

	for (size_t i = 0; i < text.len; i++)
		lines += text.s[i] == '\n';
	if (nft_read(text, &a, &t) < 0) {
		CLAIM(t.error_line >= 1 && t.error_line <= lines && t.error[0]);
	} else {
		CLAIM(!t.error_line && !t.error[0]);
		for (size_t i = 0; i < t.flows.boxes.n; i++) {
			const struct flow_box *b = &t.flows.boxes.v[i];
			const struct nft_rule *rule = b->origin;

			CLAIM(is_of_family(&b->from, b->family) && is_of_family(&b->to, b->family));
			CLAIM(b->port_first <= b->port_last && rule->line >= 1 && rule->line <= lines);
		}
	}
	nft_text_done(&t);
	arena_done(&a);
	return 0;
}
