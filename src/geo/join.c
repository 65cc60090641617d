/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits is a chain of left halves, each smaller than and right behind the one before, all saying the same: only
 * those can still become larger. A right half that finds no left one, a gap or another word ends all of them.
 */
#include "geo/join.h"

#include "addr/wide.h"

static wide last_of(struct prefix p) {
	return wide_of(p.ip) | wide_ones(128U - p.len);
}

static bool is_right_half(struct prefix p) {
	return p.len && wide_right(wide_of(p.ip), 128U - p.len) & 1;
}

int join_end(struct join *j) {
	unsigned n = j->n;

	j->n = 0;
	for (unsigned i = 0; i < n; i++) {
		int r = j->item[i].nothing ? 0 : j->fn(j->item[i].prefix, j->says, j->user);

		if (r)
			return r;
	}
	return 0;
}

static bool continues(const struct join *j, struct prefix p, uint64_t says) {
	return last_of(j->item[j->n - 1].prefix) + 1 == wide_of(p.ip) &&
	       (says == j->says || says == JOIN_ANYTHING || j->says == JOIN_ANYTHING);
}

int join_add(struct join *j, struct prefix p, uint64_t says) {
	bool nothing = says == JOIN_ANYTHING;

	if (j->n && !continues(j, p, says)) {
		int r = join_end(j);

		if (r)
			return r;
	}
	if (!j->n || j->says == JOIN_ANYTHING)
		j->says = says;
	while (j->n && is_right_half(p) && j->item[j->n - 1].prefix.len == p.len) {
		j->n--;
		p = j->item[j->n].prefix;
		p.len--;
		nothing = nothing && j->item[j->n].nothing;
	}
	j->item[j->n].prefix = p;
	j->item[j->n++].nothing = nothing;
	return is_right_half(p) || !p.len ? join_end(j) : 0;
}
