/* SPDX-License-Identifier: Apache-2.0 */
/* Totals are judged; the parts of the medians only say where the time goes. */
#include <math.h>

#include "probe/compare_parts.h"
#include "probe/stat.h"

static const double factor_default = 2.0, p_limit = 0.01;
enum { FLOOR_MS = 50, SAMPLES_MIN = 5 };

const char *const compare_steps[COMPARE_STEPS] = { "name lookup", "connecting", "the TLS handshake",
						   "waiting for the first byte", "the body" };

uint32_t compare_step_us(const struct fetch_times *t, unsigned step) {
	const uint32_t at[] = { 0, t->dns_us, t->connect_us, t->tls_us, t->first_byte_us, t->total_us };
	uint32_t before = 0;

	for (unsigned i = 1; i <= step; i++)
		before = MAX(before, at[i]);
	return at[step + 1] > before ? at[step + 1] - before : 0;
}

static double median_step(const struct fetch_times *t, size_t n, unsigned step, uint32_t *scratch) {
	for (size_t i = 0; i < n; i++)
		scratch[i] = compare_step_us(&t[i], step);
	return stat_median(scratch, n);
}

/* The step whose median differs most. */
static const char *slow_step(const struct fetch_times *slow, size_t ns, const struct fetch_times *fast, size_t nf,
			     struct arena *a) {
	uint32_t *scratch = arena_array(a, uint32_t, MAX(ns, nf));
	double most = -INFINITY;
	const char *name = compare_steps[0];

	for (unsigned i = 0; i < COMPARE_STEPS; i++) {
		const double d = median_step(slow, ns, i, scratch) - median_step(fast, nf, i, scratch);

		if (d > most) {
			most = d;
			name = compare_steps[i];
		}
	}
	return name;
}

static uint32_t *totals(const struct fetch_times *t, size_t n, struct arena *a) {
	uint32_t *v = arena_array(a, uint32_t, n);

	for (size_t i = 0; i < n; i++)
		v[i] = t[i].total_us;
	return v;
}

double compare_times(const struct compare_options *o, const struct fetch_times *v4, size_t n4,
		     const struct fetch_times *v6, size_t n6, struct arena *a, struct findings *ret,
		     struct str *ret_note) {
	const uint32_t *t4 = totals(v4, n4, a), *t6 = totals(v6, n6, a);
	const double m4 = stat_median(t4, n4), m6 = stat_median(t6, n6), p = stat_mann_whitney(t4, n4, t6, n6);
	const double factor = o->time_factor > 0 ? o->time_factor : factor_default;
	const double floor_us = 1000.0 * (o->time_floor_ms ? o->time_floor_ms : FLOOR_MS);
	const unsigned slow = m6 > m4 ? 6 : 4;
	const char *said;

	*ret_note = STR("");
	if (isnan(p) || MAX(m4, m6) < factor * MIN(m4, m6) || fabs(m4 - m6) < floor_us)
		return p;
	said = arena_printf(a, "median of the whole: IPv4 %.1f ms, IPv6 %.1f ms, mostly in %s", m4 / 1000, m6 / 1000,
			    slow == 6 ? slow_step(v6, n6, v4, n4, a) : slow_step(v4, n4, v6, n6, a));
	if (n4 < SAMPLES_MIN || n6 < SAMPLES_MIN)
		*ret_note = str_of(arena_printf(a, "%s; too few fetches to tell it from chance: --repeat 10", said));
	else if (p < p_limit)
		(void)finding_add(ret, a, FINDING_TIME, slow, "%s (p = %.2g)", said, p);
	return p;
}
