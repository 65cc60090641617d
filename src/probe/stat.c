/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than the other", 1947.
 * The exact distribution of the rank sum is counted by dynamic programming: the number of ways to choose na of the
 * ranks 1..N with each sum.
 */
#include "probe/stat.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/macro.h"

static int compare_values(const void *a, const void *b) {
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void stat_sort(uint32_t *v, size_t n) {
	if (n)
		qsort(v, n, sizeof(*v), compare_values);
}

double stat_quantile(const uint32_t *sorted, size_t n, double q) {
	double at;
	size_t i;

	if (!n)
		return NAN;
	at = q * (double)(n - 1);
	i = MIN((size_t)at, n - 1);
	if (i + 1 == n)
		return sorted[i];
	return sorted[i] + (at - (double)i) * ((double)sorted[i + 1] - sorted[i]);
}

double stat_median(const uint32_t *v, size_t n) {
	uint32_t *copy;
	double median;

	if (!n)
		return NAN;
	copy = reallocarray(NULL, n, sizeof(*copy));
	if (!copy)
		return NAN;
	memcpy(copy, v, n * sizeof(*copy));
	stat_sort(copy, n);
	median = stat_quantile(copy, n, 0.5);
	free(copy);
	return median;
}

struct sample {
	uint32_t value;
	bool first; /* of a */
};

static int compare_samples(const void *a, const void *b) {
	const struct sample *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/* The sum of a's ranks, ties sharing theirs, and the sum of t³ - t over the ties. */
static double rank_sum(struct sample *all, size_t n, double *ret_ties) {
	double sum = 0, ties = 0;

	qsort(all, n, sizeof(*all), compare_samples);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && all[end].value == all[i].value;)
			end++;
		const double t = (double)(end - i), rank = ((double)i + 1 + (double)end) / 2;

		ties += t * t * t - t;
		for (size_t k = i; k < end; k++)
			sum += all[k].first ? rank : 0;
	}
	*ret_ties = ties;
	return sum;
}

/* Of all choices of na ranks out of n, the share whose sum is at most `sum`, or at least its mirror image. */
static double exact_p(size_t na, size_t n, double sum) {
	const size_t most = na * n;
	const double mean = (double)na * (double)(n + 1) / 2, far = fabs(sum - mean);
	double *ways = calloc((na + 1) * (most + 1), sizeof(*ways)), all = 0, extreme = 0;

	if (!ways)
		return NAN;
	ways[0] = 1;
	for (size_t rank = 1; rank <= n; rank++)
		for (size_t k = MIN(rank, na); k > 0; k--)
			for (size_t s = rank; s <= most; s++)
				ways[k * (most + 1) + s] += ways[(k - 1) * (most + 1) + s - rank];
	for (size_t s = 0; s <= most; s++) {
		const double w = ways[na * (most + 1) + s];

		all += w;
		if (fabs((double)s - mean) >= far - 1e-9)
			extreme += w;
	}
	free(ways);
	return extreme / all;
}

static double normal_p(double na, double nb, double sum, double ties) {
	const double n = na + nb, mean = na * (n + 1) / 2;
	const double variance = na * nb / 12 * (n + 1 - ties / (n * (n - 1)));
	const double far = fabs(sum - mean) - 0.5;

	if (variance <= 0 || far <= 0)
		return 1;
	return erfc(far / sqrt(variance) / sqrt(2));
}

double stat_mann_whitney(const uint32_t *a, size_t na, const uint32_t *b, size_t nb) {
	const size_t n = na + nb;
	struct sample *all;
	double sum, ties;

	if (!na || !nb)
		return NAN;
	all = reallocarray(NULL, n, sizeof(*all));
	if (!all)
		return NAN;
	for (size_t i = 0; i < n; i++)
		all[i] = (struct sample){ i < na ? a[i] : b[i - na], i < na };
	sum = rank_sum(all, n, &ties);
	free(all);
	if (ties == 0 && na <= STAT_EXACT_MAX && nb <= STAT_EXACT_MAX)
		return exact_p(na, n, sum);
	return normal_p((double)na, (double)nb, sum, ties);
}
