/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as 128-bit numbers, for the arithmetic inside this room. */
#pragma once

#include "addr/prefix.h"

__extension__ typedef unsigned __int128 wide;

static inline wide wide_of(struct ip ip) {
	return (wide)ip.hi << 64 | ip.lo;
}

static inline struct ip wide_ip(wide w) {
	return (struct ip){ (uint64_t)(w >> 64), (uint64_t)w };
}

/* Shifts by 0..128; shifting everything out gives 0. */
static inline wide wide_left(wide w, unsigned n) {
	return n < 128 ? w << n : 0;
}

static inline wide wide_right(wide w, unsigned n) {
	return n < 128 ? w >> n : 0;
}

/* Ones in the low n bits, n 0..128. */
static inline wide wide_ones(unsigned n) {
	return n ? ~(wide)0 >> (128 - n) : 0;
}

/* Zero bits below the lowest one; 128 for 0. */
static inline unsigned wide_trailing_zeros(wide w) {
	if ((uint64_t)w)
		return (unsigned)__builtin_ctzll((uint64_t)w);
	return w ? 64U + (unsigned)__builtin_ctzll((uint64_t)(w >> 64)) : 128;
}

/* Zero bits above the highest one; 128 for 0. */
static inline unsigned wide_leading_zeros(wide w) {
	if (w >> 64)
		return (unsigned)__builtin_clzll((uint64_t)(w >> 64));
	return (uint64_t)w ? 64U + (unsigned)__builtin_clzll((uint64_t)w) : 128;
}

/* The block of IPv4 on the address line, ::ffff:0:0/96: its first and last number. */
#define WIDE_V4_FIRST ((wide)IP4_MAPPED_LO)
#define WIDE_V4_LAST ((wide)(IP4_MAPPED_LO | UINT32_MAX))
