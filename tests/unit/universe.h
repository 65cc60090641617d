/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small universes for comparison with brute force: one prefix, cut into 2^bits cells of one length. A model of a set is
 * one bool a cell. The cell that is ::ffff:0:0/96 does not belong to an IPv6 universe: it is IPv4.
 */
#pragma once

#include "addr/prefix.h"
#include "addr/wide.h"
#include "random.h"

enum { CELLS_MAX = 1 << 10, NO_CELL = CELLS_MAX };

struct universe {
	const char *name;
	struct prefix base;
	unsigned bits;
	unsigned hole; /* the cell that is not there, or NO_CELL */
};

static const struct universe universes[] = {
	{ "10.0.0.0/22 in hosts", { { 0, IP4_MAPPED_LO | 0x0a000000 }, 118 }, 10, NO_CELL },
	{ "0.0.0.0/0 in /10", { { 0, IP4_MAPPED_LO }, 96 }, 10, NO_CELL },
	{ "255.255.252.0/22 in hosts", { { 0, IP4_MAPPED_LO | 0xfffffc00 }, 118 }, 10, NO_CELL },
	{ "2001:db8::/54 in /64", { { UINT64_C(0x20010db800000000), 0 }, 54 }, 10, NO_CELL },
	{ "2001:db8::/59 in /69", { { UINT64_C(0x20010db800000000), 0 }, 59 }, 10, NO_CELL },
	{ "::/0 in /10", { { 0, 0 }, 0 }, 10, NO_CELL },
	{ "the end of IPv6 in hosts", { { UINT64_MAX, UINT64_MAX << 10 }, 118 }, 10, NO_CELL },
	{ "::fc00:0:0/86 in /96", { { 0, UINT64_C(0x0000fc0000000000) }, 86 }, 10, 1023 },
	{ "::/79 in /89", { { 0, 0 }, 79 }, 10, NO_CELL },
};

static inline unsigned universe_cells(const struct universe *u) {
	return 1U << u->bits;
}

/* A prefix of 2^size cells that begins at cell `at`. */
static inline struct prefix universe_prefix(const struct universe *u, unsigned at, unsigned size) {
	unsigned cell_len = u->base.len + u->bits;
	wide start = wide_of(u->base.ip) + wide_left(at >> size << size, 128 - cell_len);

	return (struct prefix){ wide_ip(start), (uint8_t)(cell_len - size) };
}

static inline struct ip universe_first(const struct universe *u, unsigned cell) {
	return prefix_first(universe_prefix(u, cell, 0));
}

static inline struct ip universe_last(const struct universe *u, unsigned cell) {
	return prefix_last(universe_prefix(u, cell, 0));
}

/* A random prefix, as its first cell and the logarithm of its cells; small ones are as likely as large ones. */
static inline struct prefix universe_random(const struct universe *u, uint64_t *seed, unsigned max_size,
					    unsigned *ret_at, unsigned *ret_size) {
	do {
		*ret_size = random_below(seed, MIN(max_size, u->bits) + 1);
		*ret_at = random_below(seed, universe_cells(u)) >> *ret_size << *ret_size;
	} while (*ret_size == 0 && *ret_at == u->hole);
	return universe_prefix(u, *ret_at, *ret_size);
}
