/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a file, a URL or bytes to a table that answers: read into private memory, verified from end to end, compiled.
 * `why` gets a sentence on failure.
 */
#pragma once

#include <sys/types.h>
#include <time.h>

#include "geo/client_trie.h"
#include "hextet-geo.h"

struct client_table {
	struct client_trie trie;
	uint64_t build_epoch, networks;
};

/* 0; -EBADMSG: it is not what the format says; -ENOMEM, -EFBIG. */
int client_table_new(const void *bytes, size_t len, struct client_table **ret_table, char why[HEXTET_GEO_MESSAGE]);
void client_table_free(struct client_table *t);

/* What tells one state of a file from another. */
struct client_identity {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec modified, changed;
};
bool client_identity_equal(const struct client_identity *a, const struct client_identity *b);

/* Bytes of a file or server as they were at one moment; `identity` of a file, `etag` of a server. */
struct client_bytes {
	uint8_t *v;
	size_t len;
	struct client_identity identity;
	char etag[256];
};
void client_bytes_done(struct client_bytes *b);

/* 0 and the identity of what the path leads to now; -errno. */
int client_file_identity(const char *path, struct client_identity *ret_identity);

/* Reads the whole file, again and again while others write to it. 0; -EBUSY when that did not end; -errno. */
int client_file_read(const char *path, struct client_bytes *ret_bytes, char why[HEXTET_GEO_MESSAGE]);

bool client_is_url(const char *path_or_url);

/* Asks a server for something else than the ETag given ("": for anything): 1 there is, 0 there is not, -errno. */
int client_url_read(const char *url, const char *etag, struct client_bytes *ret_bytes, char why[HEXTET_GEO_MESSAGE]);
