/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request for a stored thing gets, as a pure function of headers, thing and time: conditional requests, ranges
 * and content coding of RFC 9110 (sections 8, 12.5.3, 13, 14), for GET and HEAD.
 */
#pragma once

#include "base/str.h"

/* Room for "SHA-256 in hex", in quotes, and for the same with -gzip. */
enum { HTTP_ETAG_MAX = 72 };

/* A thing in memory: the bytes, and the same gzipped (may be empty: then it is never sent coded). */
struct http_entity {
	struct str bytes, gzip;
	/* Strong, with its quotes: the SHA-256 of the bytes in hex. The coded form's has "-gzip" before the last
	 * quote. */
	char etag[HTTP_ETAG_MAX];
	int64_t modified;  /* seconds since 1970; greater than that of any thing that was here before */
	const char *type;  /* media type */
	const char *cache; /* Cache-Control, or NULL */
};

/* Header values as received; NULL: absent. */
struct http_conditions {
	const char *if_match, *if_none_match, *if_modified_since, *if_unmodified_since, *range, *if_range,
		*accept_encoding;
	bool is_head;
	int64_t now; /* seconds since 1970 */
};

struct http_answer {
	unsigned status;     /* 200, 206, 304, 412, 416 */
	bool gzip;           /* the form that ETag, lengths and offsets are of */
	uint64_t first, len; /* of that form's bytes to send; len 0 for 304, 412, 416 */
	uint64_t whole;      /* length of that form, for Content-Range */
};

/*
 * Never fails. Malformed dates, ranges and codings count as absent, as the RFC says; a malformed list of ETags ends
 * where it is malformed. Only single ranges are honoured; a list of ranges gets the whole. A date in If-Range never
 * holds, since more than one thing may have been here in that second (section 8.8.2.2): the whole is sent, which is
 * always right.
 */
struct http_answer http_entity_answer(const struct http_entity *e, const struct http_conditions *c);

/* The ETag of one form. */
void http_entity_etag(const struct http_entity *e, bool gzip, char ret_etag[static HTTP_ETAG_MAX]);

/* IMF-fixdate; room for 30 bytes. Years before 1 and behind 9999 become these. */
enum { HTTP_DATE_MAX = 30 };
void http_date_format(int64_t time, char ret_text[static HTTP_DATE_MAX]);

/* And back, the two obsolete forms too: 0 or -EINVAL. `now` tells the century of two digits: a year that would be more
 * than 50 years ahead is one that was. */
int http_date_parse(const char *text, int64_t now, int64_t *ret_time);
