/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a zone file (RFC 1035 section 5) into records: $ORIGIN, $TTL, parentheses, comments, quoted text, owners left
 * out, TTLs and class IN. A record set that it cannot understand whole is an error by line: $INCLUDE, \DDD escapes in
 * names, other classes, addresses that are none. The SOA is left out, because its serial is not what a zone means.
 * A pure function; texts of data are its words with one blank between them, addresses in canonical form, names in data
 * complete for NS, CNAME, PTR, DNAME, MX and SRV.
 */
#pragma once

#include "render/facts.h"

/* 0, or -EINVAL with ret_error ("line 7: …", in the arena of the facts). */
int facts_dns_read(struct facts *f, struct str text, const char **ret_error);
