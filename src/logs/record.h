/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one line of an access log says, and why a line says nothing.
 *
 * Texts are slices of the line, or of the parser's own memory where the log's escapes had to be undone; both are good
 * until the parser's next line. They come from strangers: any byte may be in them.
 */
#pragma once

#include "addr/ip.h"

/* Milliseconds since 1970 UTC throughout. A log that knows seconds only says the second's beginning. */
#define LOG_TIME_NONE INT64_MIN

enum {
	LOG_LINE_MAX = 1 << 20, /* bytes; a longer line is LOG_LINE_TOO_LONG */
};

struct log_record {
	struct ip addr;  /* the client's: mapped folded, zone stripped, behind trusted proxies the one they name */
	int64_t time_ms; /* or LOG_TIME_NONE, when the format has no time */
	struct str method;
	struct str path; /* the target without its query ('?' and behind) and scheme://host, otherwise as requested */
	struct str host; /* without port, as sent */
	struct str agent;
	uint64_t bytes;  /* of the body or answer, as the format counts; UINT64_MAX: not said */
	uint16_t status; /* 0: not said, or "-", or -1 */
			 /* Absent texts are { NULL, 0 }; an empty one has s != NULL. */
};

/* Why a line could not be parsed. log_reason_text() has the sentence. */
enum log_reason {
	LOG_OK,
	LOG_EMPTY,         /* an empty line */
	LOG_LINE_TOO_LONG, /* over LOG_LINE_MAX */
	LOG_NO_QUOTE,      /* no quote where the format has one */
	LOG_NO_LITERAL,    /* a text of the format is not in the line */
	LOG_NO_ADDRESS,    /* there is no address where the format has one: "-", "unix:", a host name */
	LOG_BAD_ADDRESS,   /* what is there is none */
	LOG_BAD_FORWARDED, /* a trusted proxy named a client that is no address; forwarded_may_be_cut() */
	LOG_NO_TIME,
	LOG_BAD_TIME,
	LOG_BAD_STATUS,
	LOG_BAD_ID, /* HAProxy's unique id */
	LOG_BAD_JSON,
	LOG_OTHER, /* well-formed, but not of the kind that the format takes: another program's line in a shared log */
	_LOG_REASON_MAX
};
const char *log_reason_name(enum log_reason r); /* "no-quote", for programs; never NULL */
const char *log_reason_text(enum log_reason r); /* "the line has no quote where the format has one"; never NULL */
