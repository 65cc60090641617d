/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a fetched file: its digest, and what its server called it (FILE.etag). */
#pragma once

#include "base/str.h"
#include "geo/published.h"

struct fetch_state {
	char sha256[SHA256_HEX_MAX]; /* of the file that is there; "" when there is none */
	uint64_t bytes;
	char etag[256];   /* "" when it is not known, or that of our own publisher */
	int64_t modified; /* the server's Last-Modified; 0 when it is not known */
};

/* The file's own digest, and what FILE.etag says of a file with this digest; a malformed one says nothing. 0, also when
 * there is no file, or -errno. */
int fetch_state_read(const char *path, struct fetch_state *ret_state);

/* Writes FILE.etag, or removes it when it is not needed. 0 or -errno. */
int fetch_state_write(const char *path, const struct fetch_state *s, bool needed);
