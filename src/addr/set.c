/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges are sorted IPv4 first, then by number. An IPv6 range may run over the block ::ffff:0:0/96, whose numbers mean
 * nothing there (they are IPv4's), but never begins or ends inside it: trim() sees to that, and after() steps over it,
 * so that equal sets have equal ranges.
 */
#include "addr/set.h"

#include <assert.h>
#include <errno.h>

#include "addr/wide.h"

static bool in_v4(wide w) {
	return w >= WIDE_V4_FIRST && w <= WIDE_V4_LAST;
}

static bool range_is_v4(const struct range *r) {
	return ip_is_v4(r->first) && ip_is_v4(r->last);
}

/* Cuts an IPv6 range that begins or ends with numbers of IPv4. False when nothing is left. */
static bool trim(struct range *r) {
	if (range_is_v4(r))
		return true;
	if (ip_is_v4(r->first))
		r->first = wide_ip(WIDE_V4_LAST + 1);
	if (ip_is_v4(r->last))
		r->last = wide_ip(WIDE_V4_FIRST - 1);
	return ip_compare(r->first, r->last) <= 0;
}

static struct range range_of(struct prefix p) {
	struct range r = { prefix_first(p), prefix_last(p) };

	(void)trim(&r);
	return r;
}

/* The order of ranges: family, then number. */
static int order(bool a_is_v4, struct ip a, bool b_is_v4, struct ip b) {
	return a_is_v4 != b_is_v4 ? (int)b_is_v4 - (int)a_is_v4 : ip_compare(a, b);
}

static int range_order(const void *pa, const void *pb) {
	const struct range *a = pa, *b = pb;

	return order(range_is_v4(a), a->first, range_is_v4(b), b->first);
}

/* The address behind `last` in its family; false at the end of the family. */
static bool after(struct ip last, struct ip *ret_next) {
	wide next = wide_of(last) + 1;

	if (ip_is_v4(last) ? !in_v4(next) : next == 0)
		return false;
	*ret_next = wide_ip(!ip_is_v4(last) && in_v4(next) ? WIDE_V4_LAST + 1 : next);
	return true;
}

/* Whether b, which does not begin before a, continues or overlaps it. */
static bool joins(const struct range *a, const struct range *b) {
	struct ip next;

	if (range_is_v4(a) != range_is_v4(b))
		return false;
	return !after(a->last, &next) || ip_compare(b->first, next) <= 0;
}

/* Appends a range that does not begin before the last one. */
static void append(struct prefix_set *s, struct range r) {
	struct range *end = s->ranges.n ? &s->ranges.v[s->ranges.n - 1] : NULL;

	if (!end || !joins(end, &r))
		vec_push(&s->ranges, r);
	else if (ip_compare(end->last, r.last) < 0)
		end->last = r.last;
}

void prefix_set_done(struct prefix_set *s) {
	vec_done(&s->ranges);
	s->dirty = false;
}

void prefix_set_add_range(struct prefix_set *s, struct range r) {
	if (!trim(&r))
		return;
	if (s->dirty || (s->ranges.n && range_order(&s->ranges.v[s->ranges.n - 1], &r) > 0)) {
		s->dirty = true;
		vec_push(&s->ranges, r);
	} else {
		append(s, r);
	}
}

void prefix_set_add(struct prefix_set *s, struct prefix p) {
	prefix_set_add_range(s, range_of(p));
}

void prefix_set_add_set(struct prefix_set *s, const struct prefix_set *other) {
	for (size_t i = 0, n = other->ranges.n; i < n; i++)
		prefix_set_add_range(s, other->ranges.v[i]);
}

void prefix_set_normalise(struct prefix_set *s) {
	size_t n = s->ranges.n;

	if (!s->dirty)
		return;
	qsort(s->ranges.v, n, sizeof(*s->ranges.v), range_order);
	s->dirty = false;
	s->ranges.n = 1;
	for (size_t i = 1; i < n; i++)
		append(s, s->ranges.v[i]);
}

/* The other set in normal form: itself, or a copy that *ret_copy owns. */
static const struct prefix_set *normal(const struct prefix_set *s, struct prefix_set *ret_copy) {
	if (!s->dirty)
		return s;
	prefix_set_add_set(ret_copy, s);
	prefix_set_normalise(ret_copy);
	return ret_copy;
}

static bool ends_before(const struct range *a, const struct range *b) {
	return order(range_is_v4(a), a->last, range_is_v4(b), b->first) < 0;
}

/* Appends what is left of r when the ranges of `cut` from *at on are taken out. */
static void append_rest(struct prefix_set *s, struct range r, const struct prefix_set *cut, size_t *at) {
	while (*at < cut->ranges.n && ends_before(&cut->ranges.v[*at], &r))
		++*at;
	for (size_t i = *at; i < cut->ranges.n && !ends_before(&r, &cut->ranges.v[i]); i++) {
		const struct range *c = &cut->ranges.v[i];
		struct range left = { r.first, ip_previous(c->first) };

		if (ip_compare(r.first, c->first) < 0 && trim(&left))
			append(s, left);
		if (ip_compare(r.last, c->last) <= 0)
			return;
		r.first = ip_next(c->last);
		if (!trim(&r))
			return;
	}
	append(s, r);
}

void prefix_set_subtract(struct prefix_set *s, const struct prefix_set *other) {
	struct prefix_set copy = PREFIX_SET_INIT, result = PREFIX_SET_INIT;
	const struct prefix_set *cut = normal(other, &copy);
	size_t at = 0;

	prefix_set_normalise(s);
	for (size_t i = 0; i < s->ranges.n; i++)
		append_rest(&result, s->ranges.v[i], cut, &at);
	prefix_set_done(&copy);
	prefix_set_done(s);
	*s = result;
}

void prefix_set_intersect(struct prefix_set *s, const struct prefix_set *other) {
	struct prefix_set copy = PREFIX_SET_INIT, result = PREFIX_SET_INIT;
	const struct prefix_set *with = normal(other, &copy);
	size_t i = 0, j = 0;

	prefix_set_normalise(s);
	while (i < s->ranges.n && j < with->ranges.n) {
		const struct range *a = &s->ranges.v[i], *b = &with->ranges.v[j];

		if (!ends_before(a, b) && !ends_before(b, a))
			append(&result, (struct range){ ip_compare(a->first, b->first) > 0 ? a->first : b->first,
							ip_compare(a->last, b->last) < 0 ? a->last : b->last });
		if (order(range_is_v4(a), a->last, range_is_v4(b), b->last) < 0)
			i++;
		else
			j++;
	}
	prefix_set_done(&copy);
	prefix_set_done(s);
	*s = result;
}

bool prefix_set_is_empty(const struct prefix_set *s) {
	return s->ranges.n == 0;
}

size_t prefix_set_find(const struct prefix_set *s, struct ip ip) {
	size_t low = 0, high = s->ranges.n;
	bool v4 = ip_is_v4(ip);

	assert(!s->dirty);
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct range *r = &s->ranges.v[mid];

		if (order(range_is_v4(r), r->last, v4, ip) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The range that the search found begins at or before `ip`, in the same family. */
static bool found_has(const struct prefix_set *s, size_t i, struct ip ip) {
	const struct range *r;

	if (i == s->ranges.n)
		return false;
	r = &s->ranges.v[i];
	return range_is_v4(r) == ip_is_v4(ip) && ip_compare(r->first, ip) <= 0;
}

bool prefix_set_has_ip(const struct prefix_set *s, struct ip ip) {
	return found_has(s, prefix_set_find(s, ip), ip);
}

bool prefix_set_covers(const struct prefix_set *s, struct prefix p) {
	struct range r = range_of(p);
	size_t i = prefix_set_find(s, r.first);

	return found_has(s, i, r.first) && ip_compare(r.last, s->ranges.v[i].last) <= 0;
}

bool prefix_set_overlaps(const struct prefix_set *s, struct prefix p) {
	struct range r = range_of(p);

	return found_has(s, prefix_set_find(s, r.first), r.last);
}

bool prefix_set_equal(const struct prefix_set *a, const struct prefix_set *b) {
	assert(!a->dirty && !b->dirty);
	if (a->ranges.n != b->ranges.n)
		return false;
	for (size_t i = 0; i < a->ranges.n; i++)
		if (!ip_equal(a->ranges.v[i].first, b->ranges.v[i].first) ||
		    !ip_equal(a->ranges.v[i].last, b->ranges.v[i].last))
			return false;
	return true;
}

int prefix_set_each(const struct prefix_set *s, int (*fn)(struct prefix p, void *user), void *user) {
	assert(!s->dirty);
	for (size_t i = 0; i < s->ranges.n; i++) {
		int r = range_each_prefix(s->ranges.v[i], fn, user);

		if (r)
			return r;
	}
	return 0;
}
