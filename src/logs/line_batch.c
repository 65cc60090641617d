/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/line_batch.h"

#include <errno.h>
#include <string.h>

int line_batch_init(struct line_batch *b, struct log_source *source) {
	*b = (struct line_batch){ .source = source, .bytes = malloc(LINE_BATCH_FULL + LOG_LINE_MAX + 2) };
	return b->bytes ? 0 : -ENOMEM;
}

void line_batch_done(struct line_batch *b) {
	free(b->bytes);
	b->bytes = NULL;
}

void line_batch_add(struct line_batch *b, const char *s, size_t len) {
	char *p = b->bytes + b->len, *end;

	len = MIN(len, b->line + LOG_LINE_MAX + 1 - b->len);
	memcpy(p, s, len);
	b->len += len;
	for (end = p + len; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		*p = ' ';
}

int line_batch_end(struct line_batch *b) {
	b->bytes[b->len++] = '\n';
	b->line = b->len;
	return b->len > LINE_BATCH_FULL ? line_batch_flush(b) : 0;
}

int line_batch_flush(struct line_batch *b) {
	struct log_batch batch = { .bytes = b->bytes, .len = b->line };

	b->len = b->line = 0;
	return batch.len ? source_lines(b->source, &batch) : 0;
}
