/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 addresses behind a translation prefix, RFC 6052 section 2.2: their 32 bits follow the prefix and jump over bits
 * 64 to 71. For the policy's model; the firewall has its own. */
#pragma once

#include "addr/set.h"

/* Whether the RFC knows a translation prefix of this length. */
bool policy_nat64_valid(struct prefix nat64);

/* Adds a set of IPv4 addresses as they are seen behind the prefix. */
void policy_embed(struct prefix nat64, const struct prefix_set *v4, struct prefix_set *set);

/* The other way; of what lies in the prefix. Bits that the mapping leaves free do not count. */
void policy_unembed(struct prefix nat64, const struct prefix_set *v6, struct prefix_set *set);
