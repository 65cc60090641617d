/* SPDX-License-Identifier: Apache-2.0 */
/*
 * American flag sort (McIlroy, Bostic, McIlroy: Engineering Radix Sort, 1993): count the values of a byte, put each
 * record into its bucket by swapping, go on with the next byte in each bucket. A byte that all records share costs one
 * look at it. Small buckets are sorted by insertion.
 */
#include "geo/extsort_radix.h"

#include <string.h>

#include "geo/extsort.h"

enum { SMALL = 24 };

static void insertion_sort(uint8_t *base, size_t n, size_t len, size_t at) {
	uint8_t moving[EXTSORT_RECORD_MAX];

	for (size_t i = 1; i < n; i++) {
		uint8_t *record = base + i * len, *place = record;

		while (place > base && memcmp(place - len + at, record + at, len - at) > 0)
			place -= len;
		if (place == record)
			continue;
		memcpy(moving, record, len);
		memmove(place + len, place, (size_t)(record - place));
		memcpy(place, moving, len);
	}
}

static void swap(uint8_t *a, uint8_t *b, size_t len) {
	uint8_t c[EXTSORT_RECORD_MAX];

	memcpy(c, a, len);
	memcpy(a, b, len);
	memcpy(b, c, len);
}

/* Puts the records into buckets by the byte at `at`; ret_end[v] is the index behind bucket v. False: there is one
 * bucket only, and nothing moved. */
static bool distribute(uint8_t *base, size_t n, size_t len, size_t at, size_t ret_end[static 256]) {
	size_t next[256], count[256] = { 0 };

	for (size_t i = 0; i < n; i++)
		count[base[i * len + at]]++;
	if (count[base[at]] == n)
		return false;
	for (size_t v = 0, sum = 0; v < 256; v++) {
		next[v] = sum;
		ret_end[v] = sum += count[v];
	}
	for (size_t v = 0; v < 256; v++)
		while (next[v] < ret_end[v]) {
			uint8_t *record = base + next[v] * len;

			if (record[at] == v)
				next[v]++;
			else
				swap(record, base + next[record[at]]++ * len, len);
		}
	return true;
}

static void sort_from(uint8_t *base, size_t n, size_t len, size_t at) {
	size_t end[256];

	while (n > SMALL && at < len && !distribute(base, n, len, at, end))
		at++;
	if (n <= SMALL || at == len) {
		insertion_sort(base, at < len ? n : 0, len, at);
		return;
	}
	for (size_t v = 0, begin = 0; v < 256; begin = end[v++])
		if (end[v] - begin > 1)
			sort_from(base + begin * len, end[v] - begin, len, at + 1);
}

void radix_sort(uint8_t *records, size_t n, size_t len) {
	sort_from(records, n, len, 0);
}
