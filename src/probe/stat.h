/* SPDX-License-Identifier: Apache-2.0 */
/* Order statistics of a sample, and whether two samples are of one distribution. Values are of any unit. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void stat_sort(uint32_t *v, size_t n);

/* The value below which a share q (0..1) of the sorted sample lies, interpolated (Hyndman and Fan's type 7). NaN for an
 * empty sample. */
double stat_quantile(const uint32_t *sorted, size_t n, double q);

/* The median; the sample may be in any order and is left so. NaN for an empty one. */
double stat_median(const uint32_t *v, size_t n);

/*
 * The two-sided p-value of the Mann-Whitney U test: how likely two samples of one distribution differ in rank by at
 * least this much. Exact for samples of up to STAT_EXACT_MAX values without ties; else the normal approximation with
 * the corrections for ties and continuity. NaN when a sample is empty, 1 when all values are equal.
 */
enum { STAT_EXACT_MAX = 25 };
double stat_mann_whitney(const uint32_t *a, size_t na, const uint32_t *b, size_t nb);
