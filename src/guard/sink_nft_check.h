/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the guard's table what it should be, and if not: make it so. One transaction, so that no packet sees half of it;
 * bans stay where they are unless the table itself, its chain or one of its sets is not what it should be.
 */
#pragma once

#include "guard/sink_nft_element.h"

/*
 * Learns the lengths that the table has sets for. *ret_found is what was wrong, a sentence that lives for ever, or
 * NULL. 0, or -errno: -EEXIST when there is a table of this name that is not the guard's (it is left alone).
 */
int nft_mend(struct netlink *n, struct nft_ruleset *s, const char **ret_found);

/* Whether each attribute of `want` is in `got` with the same value, and those that can stand several times (the
 * expressions of a rule) in the same order and number. */
bool nft_matches(const struct nlmsghdr *want, const struct nlmsghdr *got);
