/* SPDX-License-Identifier: Apache-2.0 */
/* Results and findings are looked up by name, so the order of the two reports does not matter. */
#include <string.h>

#include "base/map.h"
#include "probe/trial_load.h"

static const char *const changes[_TRIAL_CHANGE_MAX] = {
	[TRIAL_WORSE] = "worse",
	[TRIAL_BETTER] = "better",
	[TRIAL_NEW] = "new",
	[TRIAL_GONE] = "gone",
};

const char *trial_change_to_str(enum trial_change c) {
	return changes[c];
}

struct delta {
	const struct compare_options *o;
	struct arena *a;
	struct trial_deltas *ret;
};

static const char *name_of(const struct trial_result *r) {
	return r->target->name ? r->target->name : r->target->url;
}

/* What a finding is about: a header's or a form's name is the text before the colon. */
static struct str subject(const struct finding *f) {
	const bool named = f->kind == FINDING_HEADER || f->kind == FINDING_CLIENT;
	const char *colon = named && f->detail.len ? memchr(f->detail.s, ':', f->detail.len) : NULL;

	return colon ? (struct str){ f->detail.s, (size_t)(colon - f->detail.s) } : STR("");
}

static const struct finding *find(const struct findings *in, const struct finding *like) {
	for (size_t i = 0; i < in->list.n; i++) {
		const struct finding *f = &in->list.v[i];

		if (f->kind == like->kind && f->family == like->family && str_eq(subject(f), subject(like)))
			return f;
	}
	return NULL;
}

static void add(const struct delta *d, enum trial_change change, const struct trial_result *r,
		const struct finding *f) {
	vec_push(&d->ret->list, (struct trial_delta){ .change = change,
						      .name = name_of(r),
						      .kind = f ? f->kind : 0,
						      .family = f ? f->family : 0,
						      .detail = f ? f->detail : STR("") });
}

/* Times of the same family in both trials, as if they were two families. */
static void compare_family_times(const struct delta *d, const struct trial_result *old, const struct trial_result *new,
				 unsigned side) {
	const struct trial_samples *s = &old->samples[side], *t = &new->samples[side];
	const unsigned family = side ? 6 : 4;
	struct findings found = { 0 };
	struct finding f = { .kind = FINDING_TIME, .family = family };
	struct str note;
	double p;

	p = compare_times(d->o, s->times.v, s->times.n, t->times.v, t->times.n, d->a, &found, &note);
	if (found.list.n) {
		const bool slower = found.list.v[0].family == 6; /* the later trial */

		f.detail =
			str_of(arena_printf(d->a, "median of the whole over IPv%u: %.1f ms, before %.1f ms (p = %.2g)",
					    family, t->median.total_us / 1000.0, s->median.total_us / 1000.0, p));
		add(d, slower ? TRIAL_WORSE : TRIAL_BETTER, new, &f);
	}
	vec_done(&found.list);
}

static void compare_results(const struct delta *d, const struct trial_result *old, const struct trial_result *new) {
	for (size_t i = 0; i < new->findings.list.n; i++)
		if (!find(&old->findings, &new->findings.list.v[i]))
			add(d, TRIAL_WORSE, new, &new->findings.list.v[i]);
	for (size_t i = 0; i < old->findings.list.n; i++)
		if (!find(&new->findings, &old->findings.list.v[i]))
			add(d, TRIAL_BETTER, new, &old->findings.list.v[i]);
	compare_family_times(d, old, new, 0);
	compare_family_times(d, old, new, 1);
}

static void fill(struct map *m, const struct trial *t, struct arena *a) {
	map_init(m, a);
	for (uint32_t i = 0; i < t->n; i++)
		(void)map_add(m, name_of(&t->results[i]), strlen(name_of(&t->results[i])), &t->results[i]);
}

void trial_delta(const struct compare_options *o, const struct trial *old, const struct trial *new, struct arena *a,
		 struct trial_deltas *ret) {
	const struct delta d = { o, a, ret };
	struct map before, after;

	fill(&before, old, a);
	fill(&after, new, a);
	for (uint32_t i = 0; i < new->n; i++) {
		const struct trial_result *r = &new->results[i];
		const struct trial_result *was = map_get(&before, name_of(r), strlen(name_of(r)));

		if (was) {
			compare_results(&d, was, r);
			continue;
		}
		add(&d, TRIAL_NEW, r, NULL);
		for (size_t k = 0; k < r->findings.list.n; k++)
			add(&d, TRIAL_WORSE, r, &r->findings.list.v[k]);
	}
	for (uint32_t i = 0; i < old->n; i++)
		if (!map_get(&after, name_of(&old->results[i]), strlen(name_of(&old->results[i]))))
			add(&d, TRIAL_GONE, &old->results[i], NULL);
	map_done(&before);
	map_done(&after);
}
