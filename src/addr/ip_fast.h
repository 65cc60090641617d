/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The quick road of ip_parse() for processors with SSE2: it takes the texts that are plainly right and leaves the rest,
 * right or wrong, to the byte-wise reader in ip.c. Nothing is decided here that ip.c does not decide equally; the unit
 * tests compare the two.
 *
 * One pass classifies up to 39 bytes into bit masks, one bit a byte: separators, digits. All of the grammar is then
 * arithmetic on masks (a run of five hex digits is h & h>>1 & h>>2 & h>>3 & h>>4), and the groups end where the bits of
 * the separator mask are, so that no load waits for the length of the group before it and no branch depends on how many
 * digits a group has.
 */
#pragma once

#include "addr/wide.h"

#ifdef __SSE2__

#include <emmintrin.h>
#include <string.h>

enum { FAST_LEN_MAX = 39 };

/* One bit for each byte of the text. */
struct fast_masks {
	uint64_t all, colon, dot, digit, hex, zero;
};

static inline uint32_t fast_load4(const char *s) {
	uint32_t x;

	memcpy(&x, s, sizeof(x));
	return x;
}

/* 4..16 bytes, zeros behind them. Four loads that overlap, at places that fit any length: nothing past the end is
 * touched, and no branch depends on the length. */
static inline __m128i fast_load_short(const char *s, size_t len) {
	size_t end = len - 4, second = MIN(end, 4), third = MIN(end, 8);
	wide w = (wide)fast_load4(s) | (wide)fast_load4(s + second) << 8 * second |
		 (wide)fast_load4(s + third) << 8 * third | (wide)fast_load4(s + end) << 8 * end;

	return _mm_set_epi64x((int64_t)(w >> 64), (int64_t)w);
}

static inline uint64_t fast_bits(__m128i bytes, size_t at) {
	return (uint64_t)(unsigned)_mm_movemask_epi8(bytes) << at;
}

static inline __m128i fast_below(__m128i v, char first, char count) {
	__m128i d = _mm_sub_epi8(v, _mm_set1_epi8(first));

	return _mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8((char)(count - 1))), d);
}

static inline void fast_classify6(__m128i v, size_t at, struct fast_masks *m) {
	__m128i digit = fast_below(v, '0', 10);
	__m128i letter = fast_below(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 6);

	m->colon |= fast_bits(_mm_cmpeq_epi8(v, _mm_set1_epi8(':')), at);
	m->hex |= fast_bits(_mm_or_si128(digit, letter), at);
}

/* The four bytes that end before `end`; those before the text are zero. */
static inline uint32_t fast_before(const char *s, unsigned end) {
	return end >= 4 ? fast_load4(s + end - 4) : fast_load4(s) << 8 * (4 - end);
}

/* The last `n` (1..4) of four hex digits as a number. The first digit is in the lowest byte. */
static inline unsigned fast_group(uint32_t ascii, unsigned n) {
	uint32_t x = (ascii & 0x0f0f0f0f) + (ascii >> 6 & 0x01010101) * 9;

	x &= UINT32_MAX << (32 - 8 * n);
	x = x << 4 | x >> 8;
	return (x & 0xff) << 8 | (x >> 16 & 0xff);
}

static inline bool fast_grammar6(const struct fast_masks *m, size_t len, uint64_t gaps) {
	uint64_t h = m->hex, h2 = h & h >> 1, ends = (uint64_t)1 << (len - 1);

	return (m->hex | m->colon) == m->all && !(gaps & (gaps - 1)) && !(h2 & h2 >> 2 & h >> 4) &&
	       !(m->colon & ~gaps & 1) && !(m->colon & ends & ~(gaps << 1));
}

static inline bool fast_parse6(const char *s, size_t len, struct fast_masks *m, struct ip *ret_ip) {
	uint64_t gaps = m->colon & m->colon >> 1, last = (uint64_t)1 << len, ends;
	unsigned gap = gaps ? (unsigned)__builtin_ctzll(gaps) : 64, groups = 0, before = 0;
	unsigned start = 2 * (unsigned)(gaps & 1);
	wide sum = 0;

	if (!fast_grammar6(m, len, gaps))
		return false;
	/* Each bit left ends a group. The second colon of the gap does not, nor the end of the text behind it, nor the
	 * first colon when it leads. */
	ends = (m->colon | last) & ~(gaps << 1 | (gaps << 2 & last) | (gaps & 1));
	for (; ends; ends &= ends - 1) {
		unsigned end = (unsigned)__builtin_ctzll(ends);

		sum = sum << 16 | fast_group(fast_before(s, end), end - start);
		groups++;
		before = end == gap ? groups : before;
		start = end + 1 + (end == gap);
	}
	if (!gaps && groups == 8) {
		*ret_ip = wide_ip(sum);
		return true;
	}
	if (!gaps || groups > 7)
		return false;
	wide right = sum & wide_ones(16 * (groups - before));
	*ret_ip = wide_ip((sum ^ right) << 16 * (8 - groups) | right);
	return true;
}

/* Four numbers of up to three digits at once; the last digit of each is in the highest byte. */
static inline bool fast_octets(const uint32_t part[static 4], struct ip *ret_ip) {
	__m128i digits =
		_mm_and_si128(_mm_set_epi32((int)part[3], (int)part[2], (int)part[1], (int)part[0]), _mm_set1_epi8(15));
	__m128i tens = _mm_and_si128(digits, _mm_set1_epi32(0xff0000)), others = _mm_srli_epi16(digits, 8);
	__m128i n = _mm_add_epi32(_mm_madd_epi16(tens, _mm_set1_epi32(10 << 16)),
				  _mm_madd_epi16(others, _mm_set1_epi32(1 << 16 | 100)));
	__m128i packed = _mm_packs_epi32(n, n);

	if (_mm_movemask_epi8(_mm_cmpgt_epi32(n, _mm_set1_epi32(255))))
		return false;
	*ret_ip = ip_from_v4(__builtin_bswap32((uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(packed, packed))));
	return true;
}

static inline bool fast_parse4(const char *s, size_t len, const struct fast_masks *m, struct ip *ret_ip) {
	uint64_t ends = m->dot | (uint64_t)1 << len, d = m->digit;
	unsigned start = 0, end;
	uint32_t part[4];

	/* Digits and dots only, no number of four digits, none with a leading zero, no two dots together. */
	if ((d | m->dot) != m->all || (d & d >> 1 & d >> 2 & d >> 3) || (m->zero & (m->dot << 1 | 1) & d >> 1) ||
	    (m->dot & (ends >> 1 | 1)))
		return false;
	for (unsigned i = 0; i < 4; i++, ends &= ends - 1) {
		if (!ends)
			return false;
		end = (unsigned)__builtin_ctzll(ends);
		part[i] = fast_before(s, end) & UINT32_MAX << (32 - 8 * (end - start));
		start = end + 1;
	}
	return !ends && fast_octets(part, ret_ip);
}

/* Whether the text was one of the plain ones; then *ret_ip is set. */
static inline bool fast_parse(const char *s, size_t len, struct ip *ret_ip) {
	struct fast_masks m = { .all = ((uint64_t)1 << (len & 63)) - 1 };
	__m128i v;

	if (len < 4 || len > FAST_LEN_MAX)
		return false;
	if (len > 16) {
		fast_classify6(_mm_loadu_si128((const __m128i *)(const void *)s), 0, &m);
		if (len > 32)
			fast_classify6(_mm_loadu_si128((const __m128i *)(const void *)(s + 16)), 16, &m);
		fast_classify6(_mm_loadu_si128((const __m128i *)(const void *)(s + len - 16)), len - 16, &m);
		return fast_parse6(s, len, &m, ret_ip);
	}
	v = fast_load_short(s, len);
	m.dot = fast_bits(_mm_cmpeq_epi8(v, _mm_set1_epi8('.')), 0);
	if (!m.dot) {
		fast_classify6(v, 0, &m);
		return fast_parse6(s, len, &m, ret_ip);
	}
	m.digit = fast_bits(fast_below(v, '0', 10), 0);
	m.zero = fast_bits(_mm_cmpeq_epi8(v, _mm_set1_epi8('0')), 0);
	return fast_parse4(s, len, &m, ret_ip);
}

#else

static inline bool fast_parse(const char *s, size_t len, struct ip *ret_ip) {
	(void)s, (void)len, (void)ret_ip;
	return false;
}

#endif
