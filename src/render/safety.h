/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much may go away at once. A render that would take away more than a share of what the old one had is refused
 * until somebody says --force: an emptied group, a lost file of the estate and a wrong folder look like that. octoDNS
 * does so with the records of a zone, with the same share (MAX_SAFE_DELETE_PCENT); its floor is about how many records
 * there were, ours about how many go.
 *
 * What is counted: flows, DNS records and listeners that vanish or become smaller, each kind by itself, of each machine
 * and of all machines that change together; and machines that are gone altogether, of all machines. The facts of a
 * machine that is gone do not count as lost: nobody needs its firewall any more. Fewer than `floor` losses never are
 * too many. What appears does not count, so a first render is never refused.
 */
#pragma once

#include "render/fact_delta.h"

struct safety {
	uint32_t percent; /* at most this much of the old may go */
	uint32_t floor;   /* and fewer losses than this always may */
};

#define SAFETY_DEFAULT ((struct safety){ .percent = 30, .floor = 10 })

/* Whether this is too much. */
bool safety_refuses(const struct safety *s, const struct fact_count *c);

/* "30%" or "30", 0 to 100. 0 or -EINVAL. */
int safety_parse_percent(const char *text, uint32_t *ret_percent);

/* "12 of 30 flows (40 %) would go away, and at most 30 % may"; kind: "flow", "machine", … */
const char *safety_text(const struct safety *s, const struct fact_count *c, const char *kind, struct arena *a);
