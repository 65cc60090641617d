/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a report shows of a certificate (RFC 5280): whose, by whom, for which names, how long. Nothing is verified here,
 * that is the TLS library's part; a certificate that is not well-formed gives -EBADMSG. Any bytes will do; time and
 * memory are linear in len, and at most X509_NAMES_MAX names are kept.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"

enum { X509_NAMES_MAX = 200 };

struct x509 {
	struct str subject, issuer;    /* "C=DE, O=Example, CN=www.example.net", in the certificate's order */
	struct str names;              /* DNS names and addresses, ", " between them; may be empty */
	int64_t not_before, not_after; /* seconds since 1970 */
};

/* DER. Texts live in the arena; what could drive a terminal is a '.' in them. 0 or -EBADMSG. */
int x509_parse(const uint8_t *der, size_t len, struct arena *a, struct x509 *ret_x509);
