/* SPDX-License-Identifier: Apache-2.0 */
/* Every line that is spoken of is one of the text, and every string lies in it. */
#include "fuzz.h"

#include "render/keepalived_read.h"

static void claim_name(const struct keepalived_name *n, struct str text, uint32_t lines) {
	CLAIM(n->line >= 1 && n->line <= lines);
	CLAIM(!n->name.s || (n->name.s >= text.s && n->name.s + n->name.len <= text.s + text.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const struct str text = { (const char *)data, size };
	struct keepalived_conf c;
	uint32_t lines = 1, line;
	const char *error;
	int r;

	for (size_t i = 0; i < size; i++)
		lines += text.s[i] == '\n';
	r = keepalived_read(text, &c, &error, &line);
	CLAIM((r == 0) == !error);
	CLAIM(line <= lines);
	for (size_t i = 0; i < c.instances.n; i++) {
		claim_name(&c.instances.v[i].name, text, lines);
		CLAIM(c.instances.v[i].vrid <= 255);
		for (size_t k = 0; k < c.instances.v[i].vips.n; k++)
			CLAIM(c.instances.v[i].vips.v[k].line <= lines && c.instances.v[i].vips.v[k].len <= 128);
	}
	for (size_t i = 0; i < c.groups.n; i++)
		for (size_t k = 0; k < c.groups.v[i].members.n; k++)
			claim_name(&c.groups.v[i].members.v[k], text, lines);
	keepalived_conf_done(&c);
	return 0;
}
