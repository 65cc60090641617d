/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guard knows, as JSON, for the control socket and for whoever reads the database without a guard. Times are
 * as guard_time() writes them, or null; spans are seconds. Bytes of logs that are no UTF-8 become U+FFFD.
 * Memory that ends gives NULL, which jansson's calls take.
 */
#pragma once

#include <jansson.h>

#include "guard/store.h"

enum { GUARD_TIME_MAX = 40 };

/* RFC 3339 in UTC, with milliseconds where there are any; "-" for LOG_TIME_NONE. The one way in which times are shown.
 */
const char *guard_time(int64_t ms, char room[static GUARD_TIME_MAX]);

json_t *fact_time(int64_t ms);       /* LOG_TIME_NONE: null */
json_t *fact_text(const char *text); /* NULL: null */
json_t *fact_prefix(struct prefix p);

/* {id,prefix,at,until,rule,count,evidence:{…},comment,ends,left,lifted,lifted_by} */
json_t *fact_ban(const struct stored_ban *b, int64_t wall_ms);

struct guard;
json_t *fact_status(struct guard *g);
json_t *fact_explain(struct guard *g, struct ip ip);
bool fact_all_works(const struct guard *g); /* what /health asks */

/* What of the allowlist lies in a network: at most `max` of it; the number of all in *ret_n. */
json_t *fact_allowed_in(const struct guard *g, struct prefix network, size_t max, size_t *ret_n);
/* The entry that holds all of the network, or NULL. */
struct guard_allow;
const struct guard_allow *fact_allowed_by(const struct guard *g, struct prefix network);
