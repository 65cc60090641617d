/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a syslog message: RFC 3164 and RFC 5424, with and without <PRI>, and as files have them ("Nov 23
 * 06:14:11 host tag[pid]: …", "2026-11-23T06:14:11.441+01:00 host tag[pid]: …"). Pure.
 */
#pragma once

#include "logs/record.h"

struct syslog_header {
	struct str time; /* as written; { NULL, 0 }: none */
	bool time_is_iso;
	struct str host, app, pid; /* absent: { NULL, 0 } */
	int pri;                   /* -1: none */
	size_t body;               /* offset of the message's first byte */
};

/* True when the text begins with such a header. A text without one is left as it is: body 0, false. */
bool syslog_header_parse(const char *s, size_t len, struct syslog_header *ret_header);

/* Takes one message off a stream (TCP and unix stream, RFC 6587): octet counting ("123 <34>…") or a line. Returns the
 * bytes to skip, with the message in *ret_message; 0 when more bytes are needed; -EBADMSG when the count is not one or
 * is over LOG_LINE_MAX. */
ssize_t syslog_frame(const char *s, size_t len, struct str *ret_message);
