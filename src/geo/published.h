/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A published file: its bytes in sealed memory that nobody can change or cut short, as a thing for HTTP and as a
 * database. Answers that are being sent hold a reference.
 */
#pragma once

#include "geo/mmdb.h"
#include "net/http_entity.h"

enum { SHA256_HEX_MAX = 65 };

/* SHA-256 in hex. */
void published_hash(struct str bytes, char ret_hex[static SHA256_HEX_MAX]);

struct published {
	unsigned refs;
	struct http_entity entity;
	struct mmdb db;
	char sha256[SHA256_HEX_MAX];
	uint64_t networks;
};

/*
 * Takes the memory file `fd` (memfd_create(MFD_ALLOW_SEALING)), seals it and maps it; the descriptor stays the
 * caller's. Its content must have been verified. `modified`: seconds since 1970. 0, -EBADMSG when it is no database
 * after all, or -errno.
 */
int published_new(int fd, const char *sha256, int64_t modified, struct published **ret_p);

/* Adds the gzipped form, a memory file too. 0 or -errno. */
int published_add_gzip(struct published *p, int fd);

struct published *published_ref(struct published *p);
void published_unref(void *p); /* NULL is fine */
