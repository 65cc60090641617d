/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three compares and a movemask for each 16 or 32 bytes. The rest of a line behind its last whole block is read as the
 * 64 bytes that end where the line ends, and the bits are moved down; only a line under 64 bytes is copied.
 *
 * SSE2 is part of x86-64, so the portable loop is what other processors run; AVX2 is asked for at run time.
 */
#include "logs/scan.h"

#include <string.h>

/* One block's bits. */
struct bits {
	uint64_t quote, blank, escape;
};

/* Whole blocks, then the rest, with the given reader of 64 bytes. */
#define FILL(c, at, read_block)                                                                                        \
	do {                                                                                                           \
		struct bits b;                                                                                         \
		uint64_t escape = 0;                                                                                   \
		size_t block = 0, left = (c)->len - (at);                                                              \
		const char *s = (c)->s + (at);                                                                         \
                                                                                                                       \
		(c)->base = (at);                                                                                      \
		for (; block < SCAN_BLOCKS && left >= 64; block++, s += 64, left -= 64) {                              \
			b = read_block(s, (c)->mark, (c)->escape);                                                     \
			(c)->quote[block] = b.quote;                                                                   \
			(c)->blank[block] = b.blank;                                                                   \
			escape |= b.escape;                                                                            \
		}                                                                                                      \
		if (block < SCAN_BLOCKS && left) {                                                                     \
			char room[64] = { 0 };                                                                         \
			unsigned shift = (c)->len >= 64 ? 64 - (unsigned)left : 0;                                     \
                                                                                                                       \
			if ((c)->len < 64)                                                                             \
				memcpy(room, s, left);                                                                 \
			b = read_block((c)->len >= 64 ? s - shift : room, (c)->mark, (c)->escape);                     \
			(c)->quote[block] = b.quote >> shift;                                                          \
			(c)->blank[block] = b.blank >> shift;                                                          \
			escape |= b.escape >> shift;                                                                   \
		}                                                                                                      \
		(c)->escaped |= escape != 0;                                                                           \
	} while (0)

#ifdef __SSE2__

#include <immintrin.h>

static inline struct bits read_sse2(const char *s, char mark, char escape) {
	struct bits b = { 0, 0, 0 };

	for (unsigned i = 0; i < 64; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + i));

		b.quote |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(mark))) << i;
		b.blank |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(' '))) << i;
		b.escape |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(escape))) << i;
	}
	return b;
}

__attribute__((target("avx2"))) static inline struct bits read_avx2(const char *s, char mark, char escape) {
	struct bits b = { 0, 0, 0 };

	for (unsigned i = 0; i < 64; i += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(s + i));

		b.quote |= (uint64_t)(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(mark))) << i;
		b.blank |= (uint64_t)(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(' '))) << i;
		b.escape |= (uint64_t)(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(escape)))
			    << i;
	}
	return b;
}

void scan_fill_portable(struct scan *c, size_t base) {
	FILL(c, base, read_sse2);
}

__attribute__((target("avx2"))) static void fill_avx2(struct scan *c, size_t base) {
	FILL(c, base, read_avx2);
}

scan_fill_fn *scan_fill_best(void) {
	return __builtin_cpu_supports("avx2") ? fill_avx2 : scan_fill_portable;
}

#else

static inline struct bits read_bytes(const char *s, char mark, char escape) {
	struct bits b = { 0, 0, 0 };

	for (unsigned i = 0; i < 64; i++) {
		b.quote |= (uint64_t)(s[i] == mark) << i;
		b.blank |= (uint64_t)(s[i] == ' ') << i;
		b.escape |= (uint64_t)(s[i] == escape) << i;
	}
	return b;
}

void scan_fill_portable(struct scan *c, size_t base) {
	FILL(c, base, read_bytes);
}

scan_fill_fn *scan_fill_best(void) {
	return scan_fill_portable;
}

#endif
