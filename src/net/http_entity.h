/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request for a stored thing gets, as a pure function of headers and thing: conditional requests, ranges and
 * content coding of RFC 9110 (sections 8, 12.5.3, 13, 14).
 */
#pragma once

#include "base/str.h"

/* A thing in memory: the bytes, and the same gzipped (may be empty: then it is never sent coded). */
struct http_entity {
	struct str bytes, gzip;
	char etag[72]; /* strong, with its quotes: the SHA-256 of the bytes in hex; "-gzip" is put in for the coded form
			*/
	int64_t modified; /* seconds since 1970 */
	const char *type; /* media type */
};

/* Header values as received; NULL: absent. */
struct http_conditions {
	const char *if_match, *if_none_match, *if_modified_since, *if_unmodified_since, *range, *if_range,
		*accept_encoding;
	bool is_head;
};

struct http_answer {
	unsigned status; /* 200, 206, 304, 412, 416 */
	bool gzip;
	uint64_t first, len; /* of the (coded) bytes to send; len 0 for 304, 412, 416 */
};

/* Never fails: what is malformed counts as absent, as the RFC says. Only single ranges are honoured; a list of ranges
 * gets the whole. */
struct http_answer http_entity_answer(const struct http_entity *e, const struct http_conditions *c);

/* IMF-fixdate; room for 30 bytes. And back, the two obsolete forms too: 0 or -EINVAL. */
enum { HTTP_DATE_MAX = 30 };
void http_date_format(int64_t time, char ret_text[static HTTP_DATE_MAX]);
int http_date_parse(const char *text, int64_t *ret_time);
