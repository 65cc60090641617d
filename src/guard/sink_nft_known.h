/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known to be in the sets, so that it need not be read again: the kernel takes time that grows with the square
 * of a set's size to list it. It is believed as long as `valid`, and the generation of the kernel's rules (which goes
 * up by one with each transaction of anybody) is what our own transactions have made it. Zero is empty, and not valid.
 */
#pragma once

#include "addr/ip.h"

struct nft_known {
	struct nft_known_slot *slot;
	size_t used, slots; /* slots: a power of two, or 0 */
	bool valid;
	uint32_t generation;
};

void nft_known_put(struct nft_known *k, size_t set, struct ip key, int64_t until_ms);
void nft_known_remove(struct nft_known *k, size_t set, struct ip key);

/* An element that is there and has not ended. */
bool nft_known_has(const struct nft_known *k, size_t set, struct ip key, int64_t now_ms);

/* Forgets what has ended, and calls fn for all others. */
void nft_known_each(struct nft_known *k, int64_t now_ms,
		    void (*fn)(size_t set, struct ip key, int64_t until_ms, void *user), void *user);

void nft_known_clear(struct nft_known *k); /* empty, and not valid */
