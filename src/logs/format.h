/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access-log formats. A user names one, or pastes the server's own directive, and it becomes a parser:
 *
 *     nginx haproxy varnish apache json sshd      the server's default format
 *     nginx:TEXT haproxy:TEXT varnish:TEXT apache:TEXT json:field=name,…
 *     log_format main '$remote_addr - …';         nginx's directive, quotes, pieces, name, escape= and ; included
 *     log-format "%ci:%cp [%tr] …"                HAProxy's
 *     LogFormat "%h %l %u …" combined             Apache's
 *     $remote_addr …   %ci:%cp …   %h %l …        the text alone, told apart by its variables
 *
 * Parsing is by structure, since what stands between is a stranger's: a quote in the format is a quote that the server
 * escapes inside fields, so it can be found first; what has no quotes around it and may contain blanks ($remote_user)
 * is what is left when the fields on both sides of it have been taken off. Where two such fields touch and anything
 * that is read is among them, the format is refused when it is compiled, never guessed. What is behind the last field
 * that is read is not looked at; a line that ends before it gives what it has. Lines that carry a syslog header (RFC
 * 3164 as files have it, RFC 5424) are read behind it.
 *
 *     r = log_parser_new(STR("nginx"), &options, &parser, &why);
 *     reason = log_parse(parser, line, len, &record, &at);
 */
#pragma once

#include "addr/set.h"
#include "logs/record.h"

struct log_options {
	const struct prefix_set *trusted; /* proxies whose X-Forwarded-For is believed; normal; NULL: none. Borrowed */
	/* For times without year or zone (syslog, HAProxy's %tr): the year is the one that brings the time closest to
	 * this; the zone is the process's (TZ). Milliseconds since 1970. */
	int64_t now_ms;
};

struct log_parser;

/* A kind of format: format_NAME.c ends in `const struct log_format log_format_NAME`. */
struct log_format {
	const char *name, *summary;
	const char *fallback; /* the text when none is given: the server's default */
	/*
	 * Makes a parser of a directive's text. 0, -EINVAL and *ret_why (malloc'ed: what is wrong with the text and
	 * what to write), or -ENOMEM.
	 */
	int (*compile)(struct str text, const struct log_options *o, struct log_parser **ret_parser, char **ret_why);
};
extern const struct log_format *const log_format_list[]; /* NULL-terminated */

/* What every parser begins with; kinds put their own behind it. */
struct log_parser {
	const struct log_format *format;
	const struct log_options *options; /* copied, in the parser */
	/* line is without its end; ret_at is the offset in the line of what a reason is about. */
	enum log_reason (*parse)(struct log_parser *p, const char *line, size_t len, struct log_record *ret_record,
				 size_t *ret_at);
	void (*free)(struct log_parser *p);
};

/* By name or directive, see above. As compile(). */
int log_parser_new(struct str text, const struct log_options *o, struct log_parser **ret_parser, char **ret_why);
void log_parser_free(struct log_parser *p); /* NULL is fine */

/* One line without its end. Fills the record only when the result is LOG_OK. Never allocates without bound, never reads
 * past len; any bytes will do. */
static inline enum log_reason log_parse(struct log_parser *p, const char *line, size_t len,
					struct log_record *ret_record, size_t *ret_at) {
	return p->parse(p, line, len, ret_record, ret_at);
}
