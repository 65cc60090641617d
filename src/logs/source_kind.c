/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/source_kind.h"

#include <stdarg.h>
#include <string.h>

static size_t count_lines(const struct log_batch *batch) {
	const char *p = batch->bytes, *end = p + batch->len;
	size_t n = 0;

	for (; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	return n;
}

int source_lines(struct log_source *s, const struct log_batch *batch) {
	int r;

	s->lines += count_lines(batch);
	s->bytes += batch->len;
	r = s->config.lines(s, batch, s->config.user);
	if (r < 0)
		source_warn(s, "stopped, for its lines could not be taken: %s", strerror(-r));
	return r;
}

static void say(struct log_source *s, enum log_source_level level, const char *fmt, va_list ap) {
	char *text = NULL;

	if (!s->config.log)
		return;
	if (vasprintf(&text, fmt, ap) < 0)
		return;
	s->config.log(s, level, text, s->config.user);
	free(text);
}

void source_info(struct log_source *s, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	say(s, LOG_SOURCE_INFO, fmt, ap);
	va_end(ap);
}

void source_warn(struct log_source *s, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	say(s, LOG_SOURCE_WARNING, fmt, ap);
	va_end(ap);
}

int source_why(char **ret_why, int error, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(ret_why, fmt, ap) < 0)
		*ret_why = NULL;
	va_end(ap);
	return error;
}
