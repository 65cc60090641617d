/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of rows about special places; every sink asks before it takes a row.
 *
 *   inside ::ffff:0:0/96         is IPv4, and taken as the IPv4 network inside   note [geo-mapped], where written so
 *   inside ::/96                 left out: IPv4 lives there in a file               warning [geo-compatible]
 *   inside 2002::/16 (6to4)      left out: the IPv4 network inside answers there     warning [geo-6to4]
 *   inside 2001::/32 (Teredo)    taken; the address is of a server, not a client     warning [geo-teredo]
 *   inside 64:ff9b::/96, 64:ff9b:1::/48 (NAT64)   taken                              warning [geo-nat64]
 *   inside another block that is not global (special.h)   taken                            note [geo-reserved]
 *
 * A row that only contains such a place never changes the answers there that are IPv4's. Of each kind the first
 * GEO_POLICY_SHOWN rows are named and the rest counted in one more finding.
 */
#pragma once

#include "geo/row.h"

enum { GEO_POLICY_SHOWN = 5 };

struct geo_policy {
	unsigned seen[8];          /* a count for each kind of place */
	struct prefix_set special; /* every special place */
	struct range plain[2];     /* of IPv4 and IPv6, around the last row: nothing special is there */
};

void geo_policy_init(struct geo_policy *p);
void geo_policy_done(struct geo_policy *p);

/* True: keep it; false: it is left out. `file` as in geo_sink. */
bool geo_policy_take(struct geo_policy *p, const struct geo_row *row, uint32_t file, struct diags *diags);

/* Counts of what was not named. */
void geo_policy_finish(struct geo_policy *p, uint32_t file, struct diags *diags);
