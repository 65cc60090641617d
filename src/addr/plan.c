/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subnets of one length are numbered 0, 1, 2, … from the left; all questions are arithmetic on these numbers. What is
 * free comes as gaps between the taken ranges, each gap an interval of subnet numbers: the first free subnet is the
 * start of the first gap, and the first in RFC 3531 order is, of all gaps, the number with the smallest bit-reversed
 * value. In one interval that is the number with most zeros at its end: keep the bits of the upper end down to the
 * highest bit in which it differs from the number before the lower end.
 */
#include "addr/plan.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "addr/wide.h"

static struct prefix numbered(struct prefix p, unsigned len, wide n) {
	return (struct prefix){ wide_ip(wide_of(p.ip) | wide_left(n, 128 - len)), (uint8_t)len };
}

static int checked(struct prefix p, unsigned len, wide n, struct prefix *ret_p) {
	struct prefix found;

	if (len < p.len || len > 128 || n > wide_ones(len - p.len))
		return -ERANGE;
	found = numbered(p, len, n);
	if (prefix_family(found) != prefix_family(p))
		return -ERANGE;
	*ret_p = found;
	return 0;
}

int plan_subnet(struct prefix p, unsigned len, struct ip n, struct prefix *ret_p) {
	return checked(p, len, wide_of(n), ret_p);
}

static uint64_t reverse64(uint64_t x) {
	x = (x & UINT64_C(0x5555555555555555)) << 1 | (x >> 1 & UINT64_C(0x5555555555555555));
	x = (x & UINT64_C(0x3333333333333333)) << 2 | (x >> 2 & UINT64_C(0x3333333333333333));
	x = (x & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4 | (x >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f));
	return __builtin_bswap64(x);
}

/* The low `bits` bits of w in the opposite order. */
static wide reversed(wide w, unsigned bits) {
	wide all = (wide)reverse64((uint64_t)w) << 64 | reverse64((uint64_t)(w >> 64));

	return wide_right(all, 128 - bits);
}

int plan_subnet_sparse(struct prefix p, unsigned len, struct ip n, struct prefix *ret_p) {
	if (len < p.len || len > 128 || wide_of(n) > wide_ones(len - p.len))
		return -ERANGE;
	return checked(p, len, reversed(wide_of(n), len - p.len), ret_p);
}

int plan_count(struct prefix p, unsigned len, char ret_text[static PLAN_COUNT_TEXT_MAX]) {
	char digits[PLAN_COUNT_TEXT_MAX];
	size_t at = sizeof(digits);
	wide last;

	if (len < p.len || len > 128)
		return -EINVAL;
	/* 2^n - 1 is one below the count and, unlike it, fits; no power of two above 1 ends in 0, so no carry. */
	last = wide_ones(len - p.len);
	digits[--at] = 0;
	digits[--at] = (char)('0' + (unsigned)(last % 10) + 1);
	while (last /= 10)
		digits[--at] = (char)('0' + (unsigned)(last % 10));
	memcpy(ret_text, digits + at, sizeof(digits) - at);
	return 0;
}

/* Free subnets first..last of p. Non-zero ends the walk. */
typedef bool gap_fn(wide first, wide last, void *user);

struct gaps {
	wide start;         /* the number of p's first address */
	unsigned host_bits; /* of a subnet */
	gap_fn *fn;
	void *user;
};

/* Reports the subnets that lie entirely between two addresses. */
static bool report_gap(const struct gaps *g, wide first, wide last) {
	wide host = wide_ones(g->host_bits), from = first - g->start, to = last - g->start;
	wide a = wide_right(from, g->host_bits), b = wide_right(to, g->host_bits);

	if ((from & host) && a++ == b)
		return false;
	if ((to & host) != host && b-- == a)
		return false;
	return a <= b && g->fn(a, b, g->user);
}

/* The same, without the subnets that would be IPv4: those of an IPv6 prefix inside ::ffff:0:0/96. */
static bool report_gap_around_v4(const struct gaps *g, wide first, wide last) {
	if (g->host_bits > 32 || g->start >= WIDE_V4_FIRST || last < WIDE_V4_FIRST || first > WIDE_V4_LAST)
		return report_gap(g, first, last);
	if (first < WIDE_V4_FIRST && report_gap(g, first, WIDE_V4_FIRST - 1))
		return true;
	return last > WIDE_V4_LAST && report_gap(g, WIDE_V4_LAST + 1, last);
}

static void each_gap(struct prefix p, unsigned len, const struct prefix_set *taken, gap_fn *fn, void *user) {
	struct gaps g = { wide_of(p.ip), 128 - len, fn, user };
	wide at = g.start, end = wide_of(prefix_last(p));

	for (size_t i = prefix_set_find(taken, p.ip); i < taken->ranges.n; i++) {
		const struct range *r = &taken->ranges.v[i];

		if (ip_family(r->first) != prefix_family(p) || wide_of(r->first) > end)
			break;
		if (wide_of(r->first) > at && report_gap_around_v4(&g, at, wide_of(r->first) - 1))
			return;
		if (wide_of(r->last) >= end)
			return;
		at = wide_of(r->last) + 1;
	}
	(void)report_gap_around_v4(&g, at, end);
}

/* The best subnet so far, and its place in the RFC 3531 order. */
struct best {
	bool found;
	wide n, rank;
	unsigned bits; /* of a subnet's number */
};

static bool take_first(wide first, wide last, void *user) {
	struct best *best = user;

	(void)last;
	best->found = true;
	best->n = first;
	return true;
}

static bool take_sparse(wide first, wide last, void *user) {
	struct best *best = user;
	wide n = 0, rank;

	if (first) {
		unsigned same = wide_leading_zeros((first - 1) ^ last);

		n = last & ~wide_ones(127 - same);
	}
	rank = reversed(n, best->bits);
	if (!best->found || rank < best->rank)
		*best = (struct best){ true, n, rank, best->bits };
	return rank == 0;
}

static int first_free(struct prefix p, unsigned len, const struct prefix_set *taken, gap_fn *fn, struct prefix *ret_p) {
	struct best best = { .bits = len - p.len };

	assert(!taken->dirty);
	if (len < p.len || len > 128)
		return -EINVAL;
	each_gap(p, len, taken, fn, &best);
	if (!best.found)
		return -ENOSPC;
	*ret_p = numbered(p, len, best.n);
	return 0;
}

int plan_first_free(struct prefix p, unsigned len, const struct prefix_set *taken, struct prefix *ret_p) {
	return first_free(p, len, taken, take_first, ret_p);
}

int plan_first_free_sparse(struct prefix p, unsigned len, const struct prefix_set *taken, struct prefix *ret_p) {
	return first_free(p, len, taken, take_sparse, ret_p);
}
