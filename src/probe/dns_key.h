/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TSIG keys (RFC 8945), in whichever way the name server's own tools write them:
 *
 *     key "fire" { algorithm hmac-sha256; secret "bWFkZSB1cA=="; };          tsig-keygen, named.conf
 *     key:                                                                   keymgr -t, knot.conf
 *       - id: fire
 *         algorithm: hmac-sha256
 *         secret: bWFkZSB1cA==
 *     hmac-sha256:fire:bWFkZSB1cA==                                          nsupdate -y, kdig -y
 *
 * "#", "//" and "/ * * /" comments are allowed where the tools write them. Exactly one key is wanted.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"

enum {
	DNS_KEY_FILE_MAX = 64 << 10, /* bytes */
	DNS_KEY_SECRET_MAX = 1024,   /* bytes of the decoded secret */
};

/* Texts live in the arena. The algorithm is one of hmac-md5 (refused by us), hmac-sha1, -sha224, -sha256, -sha384,
 * -sha512, as RFC 8945 table 3 has them; `wire_algorithm` is its domain name with the final dot. */
struct dns_key {
	const char *name;      /* lower case, with the final dot */
	const char *algorithm; /* "hmac-sha256" */
	const char *wire_algorithm;
	const char *secret; /* base64, checked */
};

/* Problems go to diags with file:line:col, and never name the secret. 0 or -EINVAL. A pure function of the bytes. */
int dns_key_parse(const char *file, const char *text, size_t len, struct arena *a, struct diags *d,
		  struct dns_key *ret_key);

/* Reads the file and parses it; a file that others than owner and group can read is refused. 0, -EINVAL or -errno,
 * after a message in diags. */
int dns_key_read(const char *file, struct arena *a, struct diags *d, struct dns_key *ret_key);
