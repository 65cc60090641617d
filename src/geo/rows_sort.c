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

enum { FEW = 24, ROW_MAX = sizeof(struct geo_row6) };

/* The address, left-aligned. */
static inline struct ip key_of(const char *row, bool v4) {
	if (v4)
		return (struct ip){ (uint64_t)((const struct geo_row4 *)(const void *)row)->first << 32, 0 };
	return ((const struct geo_row6 *)(const void *)row)->first;
}

static inline unsigned byte_of(struct ip key, unsigned at) {
	return (at < 8 ? key.hi >> (56 - 8 * at) : key.lo >> (120 - 8 * at)) & 0xff;
}

static inline __attribute__((always_inline)) void sort_few(char *rows, size_t n, size_t size, bool v4) {
	char row[ROW_MAX];

	for (size_t i = 1; i < n; i++) {
		struct ip key = key_of(rows + i * size, v4);
		size_t to = i;

		while (to && ip_compare(key_of(rows + (to - 1) * size, v4), key) > 0)
			to--;
		if (to == i)
			continue;
		memcpy(row, rows + i * size, size);
		memmove(rows + (to + 1) * size, rows + to * size, (i - to) * size);
		memcpy(rows + to * size, row, size);
	}
}

/* Puts each row into its bucket: follows a chain of rows that displace each other until it closes. */
static inline __attribute__((always_inline)) void permute(char *rows, size_t size, bool v4, unsigned at,
							  size_t next[static 256], const size_t end[static 256]) {
	char row[ROW_MAX], other[ROW_MAX];

	for (unsigned bucket = 0; bucket < 256; bucket++)
		while (next[bucket] < end[bucket]) {
			char *home = rows + next[bucket] * size;
			unsigned to = byte_of(key_of(home, v4), at);

			if (to == bucket) {
				next[bucket]++;
				continue;
			}
			memcpy(row, home, size);
			do {
				char *place = rows + next[to]++ * size;

				memcpy(other, place, size);
				memcpy(place, row, size);
				memcpy(row, other, size);
				to = byte_of(key_of(row, v4), at);
			} while (to != bucket);
			memcpy(home, row, size);
			next[bucket]++;
		}
}

static inline __attribute__((always_inline)) void buckets(const char *rows, size_t n, size_t size, bool v4, unsigned at,
							  size_t next[static 256], size_t end[static 256]) {
	size_t sum = 0;

	memset(end, 0, 256 * sizeof(*end));
	for (size_t i = 0; i < n; i++)
		end[byte_of(key_of(rows + i * size, v4), at)]++;
	for (unsigned i = 0; i < 256; i++) {
		next[i] = sum;
		sum += end[i];
		end[i] = sum;
	}
}

static void sort(char *rows, size_t n, bool v4, unsigned at) {
	size_t next[256], end[256], size = v4 ? sizeof(struct geo_row4) : sizeof(struct geo_row6);

	if (v4) {
		buckets(rows, n, sizeof(struct geo_row4), true, at, next, end);
		permute(rows, sizeof(struct geo_row4), true, at, next, end);
	} else {
		buckets(rows, n, sizeof(struct geo_row6), false, at, next, end);
		permute(rows, sizeof(struct geo_row6), false, at, next, end);
	}
	if (at == (v4 ? 3 : 15))
		return;
	for (unsigned i = 0; i < 256; i++) {
		size_t start = i ? end[i - 1] : 0;

		if (end[i] - start > FEW)
			sort(rows + start * size, end[i] - start, v4, at + 1);
		else if (v4)
			sort_few(rows + start * size, end[i] - start, sizeof(struct geo_row4), true);
		else
			sort_few(rows + start * size, end[i] - start, sizeof(struct geo_row6), false);
	}
}

static bool sorted(const char *rows, size_t n, size_t size, bool v4) {
	for (size_t i = 1; i < n; i++)
		if (ip_compare(key_of(rows + (i - 1) * size, v4), key_of(rows + i * size, v4)) > 0)
			return false;
	return true;
}

void geo_rows_sort4(struct geo_row4 *rows, size_t n) {
	if (!sorted((const char *)rows, n, sizeof(*rows), true))
		sort((char *)rows, n, true, 0);
}

void geo_rows_sort6(struct geo_row6 *rows, size_t n) {
	if (!sorted((const char *)rows, n, sizeof(*rows), false))
		sort((char *)rows, n, false, 0);
}
