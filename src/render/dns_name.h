/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the estate as names in DNS. A name without a dot is relative to the estate's domain; any other is complete,
 * with or without its final dot. Upper and lower case are the same (RFC 4343), so the text is lower case.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct dns_name {
	struct str text; /* complete, without the final dot, zero-terminated */
	struct str key;  /* labels from the top down, each with a zero behind it: memcmp gives RFC 4034 section 6.1 */
};

/* domain NULL: nothing is relative. Does not judge: see dns_name_fault(). */
struct dns_name dns_name_make(struct arena *a, const char *text, const struct dns_name *domain);

/* What DNS does not allow about it (RFC 1035 section 2.3.4), or NULL. */
const char *dns_name_fault(const struct dns_name *n);

/* -1, 0 or 1; a name comes before those below it. */
int dns_name_compare(const struct dns_name *a, const struct dns_name *b);

/* Whether it is the domain or below it. */
bool dns_name_inside(const struct dns_name *n, const struct dns_name *domain);

/* The text relative to a domain that it is inside of; "@" for the domain itself. */
const char *dns_name_relative(struct arena *a, const struct dns_name *n, const struct dns_name *domain);
