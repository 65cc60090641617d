/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the texts of a line's fields mean, the same for every format. Results are slices of what is given. No server
 * escapes a blank, '/', '?', ':' or '@', so it makes no difference whether escapes have been undone already.
 *
 * Internal to the room.
 */
#pragma once

#include "logs/record.h"

/* "METHOD target PROTOCOL": servers take several blanks between them, and a request without the protocol. What has no
 * method and no blank is no request, and leaves both as they are. */
void field_request(struct str t, struct str *ret_method, struct str *ret_target);

/* The path of a request's target: without query, and without the scheme://authority of a proxy's request; that
 * authority becomes *host when it is absent. */
struct str field_target(struct str t, struct str *host);

/* Without port. An IPv6 literal has brackets; a text with more colons and without them is left as it is. */
struct str field_host(struct str t);

/* Three digits; with HAProxy's '+' of logasap before them. "-", "0", "-1" and an absent one are 0. 0 or -EINVAL. */
int field_status(struct str t, uint16_t *ret_status);

/* UINT64_MAX when it is no number. */
uint64_t field_bytes(struct str t);

/* Whether somebody meant an address: digits and dots, or hex digits and colons. */
bool field_is_address_like(struct str t);
