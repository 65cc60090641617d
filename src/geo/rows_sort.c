/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most inputs are sorted: one look tells. Others are put into 256 buckets by the highest byte of the address, in place
 * by swapping (American flag sort: McIlroy, Bostic, McIlroy, "Engineering Radix Sort", 1993), each bucket then by the
 * next byte; few rows are sorted by insertion. No second array, and no input is slow: at most 16 passes.
 *
 * One body serves both sizes of rows; it is inlined with the size known.
 */
#include "geo/rows_sort.h"

#include <string.h>

enum { FEW = 24, ROW_MAX = MAX(sizeof(struct geo_row4), sizeof(struct geo_row6)) };

/* Of the rows that are sorted: what they are, and where the low halves of addresses are. */
struct kind {
	bool v4;
	size_t size;
	const struct geo_low6 *low;
};

/* The address, left-aligned. */
static inline struct ip key_of(const char *row, struct kind k) {
	const struct geo_row6 *r = (const struct geo_row6 *)(const void *)row;

	if (k.v4)
		return (struct ip){ (uint64_t)((const struct geo_row4 *)(const void *)row)->first << 32, 0 };
	return (struct ip){ r->first, r->value & GEO_ROW6_LONG ? k.low[r->value & ~GEO_ROW6_LONG].first : 0 };
}

static inline unsigned byte_of(struct ip key, unsigned at) {
	return (at < 8 ? key.hi >> (56 - 8 * at) : key.lo >> (120 - 8 * at)) & 0xff;
}

static inline __attribute__((always_inline)) void sort_few(char *rows, size_t n, struct kind k) {
	char row[ROW_MAX];

	for (size_t i = 1; i < n; i++) {
		struct ip key = key_of(rows + i * k.size, k);
		size_t to = i;

		while (to && ip_compare(key_of(rows + (to - 1) * k.size, k), key) > 0)
			to--;
		if (to == i)
			continue;
		memcpy(row, rows + i * k.size, k.size);
		memmove(rows + (to + 1) * k.size, rows + to * k.size, (i - to) * k.size);
		memcpy(rows + to * k.size, row, k.size);
	}
}

/* Puts each row into its bucket: follows a chain of rows that displace each other until it closes. */
static inline __attribute__((always_inline)) void permute(char *rows, struct kind k, unsigned at,
							  size_t next[static 256], const size_t end[static 256]) {
	char row[ROW_MAX], other[ROW_MAX];

	for (unsigned bucket = 0; bucket < 256; bucket++)
		while (next[bucket] < end[bucket]) {
			char *home = rows + next[bucket]++ * k.size;
			unsigned to = byte_of(key_of(home, k), at);

			if (to == bucket)
				continue;
			memcpy(row, home, k.size);
			for (; to != bucket; to = byte_of(key_of(row, k), at)) {
				char *place = rows + next[to]++ * k.size;

				memcpy(other, place, k.size);
				memcpy(place, row, k.size);
				memcpy(row, other, k.size);
			}
			memcpy(home, row, k.size);
		}
}

static inline __attribute__((always_inline)) void count(const char *rows, size_t n, struct kind k, unsigned at,
							size_t next[static 256], size_t end[static 256]) {
	size_t sum = 0;

	memset(end, 0, 256 * sizeof(*end));
	for (size_t i = 0; i < n; i++)
		end[byte_of(key_of(rows + i * k.size, k), at)]++;
	for (unsigned i = 0; i < 256; i++) {
		next[i] = sum;
		sum += end[i];
		end[i] = sum;
	}
}

static void sort(char *rows, size_t n, struct kind k, unsigned at) {
	const struct kind k4 = { true, sizeof(struct geo_row4), NULL }, k6 = { false, sizeof(struct geo_row6), k.low };
	size_t next[256], end[256];

	if (k.v4) {
		count(rows, n, k4, at, next, end);
		permute(rows, k4, at, next, end);
	} else {
		count(rows, n, k6, at, next, end);
		permute(rows, k6, at, next, end);
	}
	if (at == (k.v4 ? 3 : 15))
		return;
	for (unsigned i = 0; i < 256; i++) {
		size_t start = i ? end[i - 1] : 0;

		if (end[i] - start > FEW)
			sort(rows + start * k.size, end[i] - start, k, at + 1);
		else if (k.v4)
			sort_few(rows + start * k.size, end[i] - start, k4);
		else
			sort_few(rows + start * k.size, end[i] - start, k6);
	}
}

static bool sorted(const char *rows, size_t n, struct kind k) {
	for (size_t i = 1; i < n; i++)
		if (ip_compare(key_of(rows + (i - 1) * k.size, k), key_of(rows + i * k.size, k)) > 0)
			return false;
	return true;
}

void geo_rows_sort(struct geo_rows *rows, enum family family) {
	struct kind k = { .v4 = family == FAMILY_4, .low = rows->low.v };
	char *start = k.v4 ? (char *)rows->v4.v : (char *)rows->v6.v;
	size_t n = k.v4 ? rows->v4.n : rows->v6.n;

	k.size = k.v4 ? sizeof(struct geo_row4) : sizeof(struct geo_row6);
	if (!sorted(start, n, k))
		sort(start, n, k, 0);
}
