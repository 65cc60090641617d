/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a set of the guard's table. */
#pragma once

#include "guard/sink_nft_message.h"

struct nft_element {
	struct ip key;   /* IPv4 is mapped, as everywhere */
	int64_t left_ms; /* until it ends; INT64_MAX: never */
	bool end;        /* of an interval: the first address behind it */
};

/* All elements of a set. fn is called when all is read, so that nothing is told twice. 0 or -errno: -ENOENT when there
 * is no such table or set. */
int nft_each_element(struct netlink *n, const struct nft_ruleset *s, size_t set,
		     void (*fn)(const struct nft_element *e, void *user), void *user);

/* The generation of the kernel's rules: one more with each transaction of anybody. 0 or -errno. */
int nft_generation(struct netlink *n, const struct nft_ruleset *s, uint32_t *ret_generation);
