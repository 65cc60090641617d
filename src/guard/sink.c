/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reconciling is one merge of two sorted lists, what is wanted and what the target lists, and one apply() of the
 * difference. For a kind that carves, bans become pieces first (carve.h); the pieces are rebuilt by every reconcile, so
 * that they can never drift from the ban table for long.
 */
#include "guard/sink.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "ban_sink_kind_table.h"

const struct ban_sink_kind *const ban_sink_list[] = { BAN_SINK_KIND_LIST NULL };

int ban_sink_why(char **ret_why, int r, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(ret_why, fmt, ap) < 0)
		*ret_why = NULL;
	va_end(ap);
	return r;
}

/* Keeps the result of a call, and its reason twice: for the status, and for the caller. */
static int note(struct ban_sink *s, int r, char *why, char **ret_why) {
	free(s->why);
	s->working = r >= 0;
	s->stalled = r == -ETIMEDOUT;
	s->why = r && why ? strdup(why) : NULL;
	if (r < 0)
		*ret_why = why;
	else
		free(why);
	return MIN(r, 0);
}

static const struct ban_sink_kind *find_kind(struct str name) {
	for (size_t i = 0; ban_sink_list[i]; i++)
		if (str_is(name, ban_sink_list[i]->name))
			return ban_sink_list[i];
	return NULL;
}

static int unknown_kind(const char *spec, char **ret_why) {
	char *names = NULL;
	size_t len;
	FILE *f = open_memstream(&names, &len);
	int r;

	if (!f)
		return -ENOMEM;
	for (size_t i = 0; ban_sink_list[i]; i++)
		(void)fprintf(f, "%s%s", i ? ", " : "", ban_sink_list[i]->name);
	(void)fclose(f);
	r = ban_sink_why(ret_why, -EINVAL, "\"%s\" is no sink: write one of %s, and behind a colon where it is", spec,
			 names);
	free(names);
	return r;
}

int ban_sink_open(const char *spec, const struct ban_sink_config *c, struct ban_sink **ret_sink, char **ret_why) {
	const char *colon = strchrnul(spec, ':');
	const struct ban_sink_kind *kind = find_kind((struct str){ spec, (size_t)(colon - spec) });
	struct ban_sink *s = NULL;
	struct ban_sink_config config = *c;
	char *why = NULL, *copy;
	int r;

	if (!kind)
		return unknown_kind(spec, ret_why);
	if (!(copy = strdup(spec)))
		return -ENOMEM;
	config.place = copy + (*colon ? colon + 1 - spec : colon - spec);
	r = kind->open(&config, &s, &why);
	if (!s) {
		free(copy);
		*ret_why = why;
		return r < 0 ? r : -EINVAL;
	}
	s->kind = kind;
	s->spec = copy;
	s->config = config;
	*ret_sink = s;
	return note(s, r, why, ret_why);
}

void ban_sink_close(struct ban_sink *s) {
	char *spec, *why;
	struct ban_pieces bans;

	if (!s)
		return;
	spec = s->spec;
	why = s->why;
	bans = s->bans;
	s->kind->close(s);
	ban_pieces_done(&bans);
	free(spec);
	free(why);
}

struct changes {
	VEC(struct sink_change) v;
	struct sink_change next; /* but for its network */
};

static void push_piece(struct prefix piece, void *user) {
	struct changes *c = user;

	c->next.entry.network = piece;
	vec_push(&c->v, c->next);
}

int ban_sink_apply(struct ban_sink *s, const struct sink_change *changes, size_t n, char **ret_why) {
	struct changes pieces = { 0 };
	char *why = NULL;
	int r = 0;

	for (size_t i = 0; i < n && s->kind->carves; i++) {
		pieces.next = changes[i];
		(changes[i].remove ? ban_pieces_remove : ban_pieces_add)(&s->bans, changes[i].entry.network,
									 s->config.allow, push_piece, &pieces);
	}
	if (s->stalled) {
		vec_done(&pieces.v);
		return ban_sink_why(ret_why, -ETIMEDOUT, "%s", s->why ? s->why : "it did not answer");
	}
	if (s->kind->carves) {
		changes = pieces.v.v;
		n = pieces.v.n;
	}
	if (n == 0 && !s->working) /* nothing was tried: it does not work as before */
		r = ban_sink_why(&why, -EIO, "%s", s->why ? s->why : "it does not work");
	else if (n)
		r = s->kind->apply(s, changes, n, &why);
	vec_done(&pieces.v);
	if (r >= 0)
		s->applied += n;
	/* What was refused before still is: the next reconcile says so, or that it is not. */
	return r || !s->working ? note(s, r, why, ret_why) : 0;
}

struct entries {
	VEC(struct sink_entry) v;
	int64_t left_ms; /* of the ban whose pieces are pushed */
};

static void push_entry(const struct sink_entry *e, void *user) {
	struct entries *l = user;

	vec_push(&l->v, *e);
}

static void push_wanted(struct prefix piece, void *user) {
	struct entries *l = user;

	vec_push(&l->v, (struct sink_entry){ piece, l->left_ms });
}

static int entry_order(const void *pa, const void *pb) {
	const struct sink_entry *a = pa, *b = pb;
	int order = prefix_compare(a->network, b->network);

	return order ? order : (a->left_ms < b->left_ms) - (a->left_ms > b->left_ms);
}

/* Sorted by network, each once, with its longest time. */
static void sort_entries(struct entries *l) {
	size_t n = 0;

	if (l->v.n)
		qsort(l->v.v, l->v.n, sizeof(*l->v.v), entry_order);
	for (size_t i = 0; i < l->v.n; i++)
		if (!n || !prefix_equal(l->v.v[i].network, l->v.v[n - 1].network))
			l->v.v[n++] = l->v.v[i];
	l->v.n = n;
}

static void collect_wanted(struct ban_sink *s, const struct sink_entry *entries, size_t n, struct entries *wanted) {
	ban_pieces_done(&s->bans);
	for (size_t i = 0; i < n; i++) {
		wanted->left_ms = entries[i].left_ms;
		if (s->kind->carves)
			ban_pieces_add(&s->bans, entries[i].network, s->config.allow, push_wanted, wanted);
		else
			push_wanted(entries[i].network, wanted);
	}
	sort_entries(wanted);
}

static bool time_differs(int64_t a, int64_t b) {
	return (a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b) > SINK_SLACK_MS;
}

/* Merges the two lists into changes and counts. */
static void difference(const struct ban_sink *s, const struct entries *wanted, const struct entries *listed,
		       struct changes *ret_changes, struct sink_drift *ret_drift) {
	const struct sink_entry *w = wanted->v.v, *l = listed->v.v;
	size_t i = 0, j = 0;
	/* What the target is about to end by itself may be gone already, or not yet. */
	int64_t over = s->kind->expires ? SINK_SLACK_MS : 0;

	while (i < wanted->v.n || j < listed->v.n) {
		int order = i == wanted->v.n ? 1 : j == listed->v.n ? -1 : prefix_compare(w[i].network, l[j].network);
		struct sink_change change = { order > 0 ? l[j] : w[i], order > 0 };
		bool differs = order || (s->kind->expires && time_differs(w[i].left_ms, l[j].left_ms));

		i += order <= 0;
		j += order >= 0;
		if (!differs || (order && change.entry.left_ms <= over))
			continue;
		vec_push(&ret_changes->v, change);
		(*(order < 0 ? &ret_drift->missing : order > 0 ? &ret_drift->foreign : &ret_drift->wrong_time))++;
		if (ret_changes->v.n == 1)
			ret_drift->example = change.entry.network;
	}
}

int ban_sink_reconcile(struct ban_sink *s, const struct sink_entry *entries, size_t n, int64_t now_ms, char **ret_why) {
	struct entries wanted = { 0 }, listed = { 0 };
	struct changes changes = { 0 };
	struct sink_drift drift = { .at_ms = now_ms };
	char *why = NULL, *why_not_settled = NULL;
	bool differs = false;
	int r, settled = 0;

	collect_wanted(s, entries, n, &wanted);
	s->unreadable = 0;
	s->mended = NULL;
	r = s->kind->prepare(s, &why);
	drift.structure = s->mended;
	if (r >= 0)
		r = s->kind->list(s, push_entry, &listed, &why);
	if (r >= 0) {
		sort_entries(&listed);
		difference(s, &wanted, &listed, &changes, &drift);
		drift.foreign += s->unreadable;
		differs = changes.v.n || s->unreadable;
		if (differs)
			r = s->kind->apply(s, changes.v.v, changes.v.n, &why);
	}
	if (r >= 0 && (differs || s->mended)) {
		s->applied += changes.v.n;
		s->drift = drift;
	}
	if (s->kind->settle)
		settled = s->kind->settle(s, wanted.v.v, wanted.v.n, &why_not_settled);
	if (r == 0 || (r > 0 && settled < 0)) {
		free(why);
		r = settled;
		why = TAKE_PTR(why_not_settled);
	}
	free(why_not_settled);
	vec_done(&wanted.v);
	vec_done(&listed.v);
	vec_done(&changes.v);
	return note(s, r, why, ret_why);
}
