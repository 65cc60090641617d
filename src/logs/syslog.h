/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a syslog message: RFC 3164 and RFC 5424, with and without <PRI>, and as files have them ("Nov 23
 * 06:14:11 host tag[pid]: …", "2026-11-23T06:14:11.441+01:00 host tag[pid]: …"). The host may be missing, as what
 * programs write into /dev/log has none, and a year may stand behind the day. Pure.
 *
 * Without <PRI> it takes a time *and* a tag to make a header, and a tag has no colon inside: a line that begins with an
 * address ("2001:db8:: - …") has none. But a format whose own line begins with a time, or with what a client has sent,
 * must not look for a header: `$time_iso8601 $remote_addr $remote_user …` with the user "x:" looks like one. Those that
 * begin with an address, a bracket or a quote are safe.
 */
#pragma once

#include <sys/types.h>

#include "logs/record.h"

struct syslog_header {
	struct str time; /* as written, for log_time_parse(); { NULL, 0 }: none */
	bool time_is_iso;
	struct str host, app, pid; /* absent: { NULL, 0 } */
	int pri;                   /* -1: none */
	size_t body;               /* offset of the message's first byte */
};

/* True when the text begins with such a header. A text without one is left as it is: body 0, false. */
bool syslog_header_parse(const char *s, size_t len, struct syslog_header *ret_header);

/* Takes one message off a stream (TCP and unix stream, RFC 6587): octet counting ("123 <34>…") or a line, whose '\n' is
 * not in the message. What begins with a digit and is no count before a '<' is a line. Returns the bytes to skip, with
 * the message in *ret_message; 0 when more bytes are needed (of a line, whoever has LOG_LINE_MAX + 1 bytes need not
 * wait for more); -EBADMSG when the count is over LOG_LINE_MAX. */
ssize_t syslog_frame(const char *s, size_t len, struct str *ret_message);
