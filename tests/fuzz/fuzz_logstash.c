/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration of Logstash: settings and the refusal name lines of the text. */
#include "fuzz.h"

#include "render/logstash_read.h"

struct heard {
	struct str text;
	uint32_t lines;
};

static void hear(const struct logstash_setting *s, void *user) {
	const struct heard *h = user;

	CLAIM(s->line >= 1 && s->line <= h->lines);
	CLAIM(!s->value.len || (s->value.s >= h->text.s && s->value.s + s->value.len <= h->text.s + h->text.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct heard h = { { (const char *)data, size }, 1 };
	const char *reason = NULL;
	uint32_t line = 0;

	for (size_t i = 0; i < size; i++)
		h.lines += data[i] == '\n';
	if (logstash_read(h.text, hear, &h, &line, &reason) < 0)
		CLAIM(reason && reason[0] && line >= 1 && line <= h.lines);
	return 0;
}
