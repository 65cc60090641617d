/* SPDX-License-Identifier: Apache-2.0 */
/* One line through the parsers of a server: by every format given, with and without the processor's own scanner. */
#pragma once

#include "fuzz.h"

#include <string.h>

#include "logs/pattern_run.h"

enum { FUZZ_LOG_FORMATS = 8 };

static inline struct log_parser *fuzz_log_parser(const char *format) {
	const struct log_options options = { .now_ms = INT64_C(1795414451000) };
	struct log_parser *p = NULL;
	char *why = NULL;

	CLAIM(log_parser_new(str_of(format), &options, &p, &why) == 0);
	return p;
}

static inline bool fuzz_log_same(struct str a, struct str b) {
	return !a.s == !b.s && a.len == b.len && (!a.len || memcmp(a.s, b.s, a.len) == 0);
}

static inline void fuzz_log_compare(struct log_parser *fast, struct log_parser *plain, const char *line, size_t len) {
	struct log_record a, b;
	size_t at = 0, plain_at = 0;
	enum log_reason reason = log_parse(fast, line, len, &a, &at);

	CLAIM(log_parse(plain, line, len, &b, &plain_at) == reason);
	CLAIM(at <= len && reason < _LOG_REASON_MAX);
	if (reason != LOG_OK) {
		CLAIM(at == plain_at);
		return;
	}
	CLAIM(ip_equal(a.addr, b.addr) && a.time_ms == b.time_ms && a.status == b.status && a.bytes == b.bytes);
	CLAIM(fuzz_log_same(a.method, b.method) && fuzz_log_same(a.path, b.path));
	CLAIM(fuzz_log_same(a.host, b.host) && fuzz_log_same(a.agent, b.agent));
	CLAIM(a.status < 1000 && a.path.len <= len && a.agent.len <= len);
}

static inline void fuzz_log_line(const char *const *formats, const uint8_t *data, size_t size) {
	static struct log_parser *fast[FUZZ_LOG_FORMATS], *plain[FUZZ_LOG_FORMATS];
	/* Its own block, so that ASan sees a read past the end. */
	char *line = malloc(size + !size);

	CLAIM(line);
	if (size)
		memcpy(line, data, size);
	for (size_t i = 0; formats[i]; i++) {
		if (!fast[i]) {
			fast[i] = fuzz_log_parser(formats[i]);
			plain[i] = fuzz_log_parser(formats[i]);
			((struct pattern *)plain[i])->fill = scan_fill_portable;
		}
		fuzz_log_compare(fast[i], plain[i], line, size);
	}
	free(line);
}
