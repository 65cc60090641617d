/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches a published geo file when it changed, and puts it in place only when all of it is there and good.
 *
 * What is there already is asked about by its SHA-256, which is the ETag of our own publisher; the ETag of another
 * server is kept in FILE.etag, with the SHA-256 that it belongs to, so that it does not count for another file. The
 * file is held against a digest when there is one: `sha256`, else an ETag that is one, else URL.sha256 where the server
 * has that; and against every rule of the format in each case (mmdb_verify.h).
 *
 * Two fetches of one file do not meet: .FILE.lock is held meanwhile, and stays.
 */
#pragma once

#include "base/diag.h"
#include "geo/published.h"

struct geo_fetch {
	const char *url;    /* http:// or https:// */
	const char *output; /* the file */
	const char *sha256; /* in hex: what it must be; or NULL */
	const char *ca_file;
	uint64_t size_max;   /* 0: 4 GiB */
	unsigned timeout_ms; /* 0: 120 000 */
	int family;          /* 4, 6, or 0: either */
	bool force;          /* unconditionally */
};

struct geo_fetched {
	bool changed;
	unsigned status;     /* what the server said: 200 or 304 */
	bool digest_checked; /* or the server told of none */
	char sha256[SHA256_HEX_MAX];
	uint64_t bytes, networks; /* networks: 0 when unchanged */
	int64_t modified;         /* 0: the server does not say */
	unsigned retry_after_s;   /* of a failure; 0: the server does not say */
};

/*
 * 0 and what came of it; or -errno with an error in diags, and the previous file untouched: -EBADMSG what came is not
 * what it should be, -EBUSY another fetch is at it, -EINVAL the URL, others: could not.
 */
int geo_fetch(const struct geo_fetch *f, struct diags *diags, struct geo_fetched *ret_fetched);

/* Whether it may go better later: not for a URL that is none, a 404, a certificate that is not trusted, no permission.
 */
bool geo_fetch_is_temporary(int error);
