/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiled trie is made of; between client_build.c, which writes it, and client_find.h, which reads it.
 *
 * A cell is 32 bits:
 *
 *   0 size:3 0 offset:27 a leaf of up to 4 << size runs (also of one): the ends, then a code (16 bits) for each. An end
 *                        is the window (16 bits of IPv4, 32 of IPv6) of the run's last address; the last one, and so
 *                        every unused one, is all ones. It is stored with its first bit flipped: SSE2 compares signed
 *                        numbers only.
 *   1 bits:4 offset:27   bits > 0: a table of 2^bits cells, for the next bits. bits 0: struct client_skip.
 *
 * Offsets count CELL_ALIGN bytes in the pool. POOL_TAIL bytes behind the last node can be read: each leaf is read as if
 * it were of the largest size.
 */
#pragma once

#include <stdint.h>

enum { CELL_ALIGN = 16, CELL_LEAF_SHIFT = 28, CELL_TABLE_SHIFT = 27, CELL_TABLE_BITS = 15, LEAF_RUNS = 16 };
enum { POOL_TAIL = 64 };

#define CELL_TABLE UINT32_C(0x80000000)
#define CELL_OFFSET UINT32_C(0x07ffffff)

/* All borders lie where the next `bits` (1 … 31) bits are key: the cells below it, of it (without those bits), above.
 */
struct client_skip {
	uint32_t key, bits;
	uint32_t side[3];
};
