/* SPDX-License-Identifier: Apache-2.0 */
/* Lines through a parser, for tests: a line is put at the end of a heap block, so that ASan sees a read past it. */
#pragma once

#include <errno.h>
#include <string.h>

#include "logs/format.h"

struct line_reader {
	struct log_parser *parser;
	char *line; /* the last one */
	size_t at;
};

/* Fails the test when the format is refused. */
static inline struct log_parser *line_parser(const char *format, const struct prefix_set *trusted) {
	/* 23/Nov/2026:06:14:11 UTC */
	const struct log_options options = { .trusted = trusted, .now_ms = INT64_C(1795414451000) };
	struct log_parser *parser = NULL;
	char *why = NULL;

	if (log_parser_new(str_of(format), &options, &parser, &why) < 0)
		fail_msg("%s: %s", format, why);
	return parser;
}

static inline enum log_reason line_read(struct line_reader *r, struct str line, struct log_record *ret_record) {
	free(r->line);
	r->line = malloc(line.len + !line.len);
	if (!r->line)
		abort();
	if (line.len)
		memcpy(r->line, line.s, line.len);
	return log_parse(r->parser, r->line, line.len, ret_record, &r->at);
}

static inline void line_reader_done(struct line_reader *r) {
	log_parser_free(r->parser);
	free(r->line);
	*r = (struct line_reader){ 0 };
}

/* What a line must give. Texts: NULL for absent ones. */
struct line_case {
	const char *line;
	const char *addr; /* NULL: the line is refused, */
	const char *method, *path, *host, *agent;
	unsigned status;
	enum log_reason reason; /* for this reason, */
	size_t at;              /* here */
};

static inline void line_text_is(const char *line, const char *what, struct str is, const char *want) {
	if (want ? !is.s || !str_is(is, want) : is.s != NULL)
		fail_msg("%s: %s is %.*s, not %s", line, what, is.s ? (int)is.len : 6, is.s ? is.s : "absent",
			 want ? want : "absent");
}

static inline void line_case_check(struct line_reader *r, const struct line_case *c) {
	struct log_record record;
	char addr[IP_TEXT_MAX];
	enum log_reason reason = line_read(r, str_of(c->line), &record);

	if (reason != c->reason)
		fail_msg("%s: %s (at %zu), not: %s", c->line, log_reason_text(reason), r->at,
			 log_reason_text(c->reason));
	if (reason != LOG_OK) {
		if (r->at != c->at)
			fail_msg("%s: %s at %zu, not %zu", c->line, log_reason_text(reason), r->at, c->at);
		return;
	}
	(void)ip_format(record.addr, addr);
	if (strcmp(addr, c->addr) != 0 || record.status != c->status)
		fail_msg("%s: %s %u, not %s %u", c->line, addr, record.status, c->addr, c->status);
	line_text_is(c->line, "method", record.method, c->method);
	line_text_is(c->line, "path", record.path, c->path);
	line_text_is(c->line, "host", record.host, c->host);
	line_text_is(c->line, "agent", record.agent, c->agent);
}

static inline void line_cases_check(const char *format, const struct prefix_set *trusted, const struct line_case *cases,
				    size_t n) {
	struct line_reader r = { .parser = line_parser(format, trusted) };

	for (size_t i = 0; i < n; i++)
		line_case_check(&r, &cases[i]);
	line_reader_done(&r);
}
