/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matching and all requests in the newest 17 sub-windows, as a ring of bytes in one line; when a byte is too small they
 * move to 32 bits each in three more lines, and stay there.
 *
 * A network that was forgotten for want of room leaves the last sub-window of its requests behind, in a table by hash;
 * when it (or another of the same cell) begins anew, its ratio is not believed until its sub-windows are newer.
 */
#include "guard/counter_state.h"

#include <string.h>

enum { WIDE_LINES = 3, WORDS = 16 };

/* Mostly the one asked for last: a division takes as long as all the rest. */
int64_t counter_sub_window(struct counter *c, int64_t time_ms) {
	if (time_ms < c->sub_from_ms || time_ms - c->sub_from_ms >= c->sub_ms) {
		c->sub = time_ms / c->sub_ms - (time_ms % c->sub_ms < 0);
		c->sub_from_ms = c->sub * c->sub_ms;
	}
	return c->sub;
}

struct ratio_line *counter_ratio_line(const struct counter *c, const struct entry *e) {
	uint32_t line;

	if (!(c->config.ratio > 0))
		return NULL;
	memcpy(&line, e->body + counter_shape(c, e)->ratio, sizeof(line));
	return line ? &c->line[line].ratio : NULL;
}

void counter_ratio_new(struct counter *c, struct entry *e, int64_t sub, int64_t unknown) {
	uint32_t line = counter_line_take(c);

	c->line[line].ratio.sub = sub;
	c->line[line].ratio.unknown = unknown;
	memcpy(e->body + counter_shape(c, e)->ratio, &line, sizeof(line));
}

static uint32_t *wide_word(const struct counter *c, const struct ratio_line *r, unsigned i) {
	return &c->line[r->wide[i / WORDS]].word[i % WORDS];
}

static unsigned place(int64_t sub) {
	int64_t at = sub % SUB_WINDOWS;

	return (unsigned)(at < 0 ? at + SUB_WINDOWS : at);
}

static void get(const struct counter *c, const struct ratio_line *r, unsigned at, uint32_t *ret_match,
		uint32_t *ret_total) {
	if (r->wide[0]) {
		*ret_match = *wide_word(c, r, at);
		*ret_total = *wide_word(c, r, SUB_WINDOWS + at);
	} else {
		*ret_match = r->match[at];
		*ret_total = r->total[at];
	}
}

static void set(const struct counter *c, struct ratio_line *r, unsigned at, uint32_t match, uint32_t total) {
	if (r->wide[0]) {
		*wide_word(c, r, at) = match;
		*wide_word(c, r, SUB_WINDOWS + at) = total;
	} else {
		r->match[at] = (uint8_t)match;
		r->total[at] = (uint8_t)total;
	}
}

static void widen(struct counter *c, struct ratio_line *r) {
	uint32_t wide[WIDE_LINES];

	for (unsigned i = 0; i < WIDE_LINES; i++)
		wide[i] = counter_line_take(c);
	for (unsigned i = 0; i < 2 * SUB_WINDOWS; i++)
		c->line[wide[i / WORDS]].word[i % WORDS] = i < SUB_WINDOWS ? r->match[i] : r->total[i - SUB_WINDOWS];
	memcpy(r->wide, wide, sizeof(wide));
}

/* Sub-windows up to this begin, at nothing. */
static void advance(const struct counter *c, struct ratio_line *r, int64_t sub) {
	if (sub - r->sub >= SUB_WINDOWS && !r->wide[0]) {
		memset(r->match, 0, sizeof(r->match));
		memset(r->total, 0, sizeof(r->total));
	} else {
		for (int64_t i = MAX(r->sub + 1, sub - SUB_WINDOWS + 1); i <= sub; i++)
			set(c, r, place(i), 0, 0);
	}
	r->sub = MAX(r->sub, sub);
}

void counter_ratio_count(struct counter *c, struct ratio_line *r, int64_t sub, uint32_t match, uint32_t total) {
	uint32_t old_match, old_total;

	advance(c, r, sub);
	if (r->sub - sub >= SUB_WINDOWS)
		return;
	get(c, r, place(sub), &old_match, &old_total);
	if (total > UINT32_MAX - old_total)
		return;
	if (!r->wide[0] && old_total + total > UINT8_MAX)
		widen(c, r);
	set(c, r, place(sub), old_match + match, old_total + total);
}

void counter_ratio_get(const struct counter *c, const struct ratio_line *r, int64_t sub, uint32_t *ret_match,
		       uint32_t *ret_total) {
	get(c, r, place(sub), ret_match, ret_total);
}

double counter_ratio_of(const struct counter *c, const struct ratio_line *r) {
	uint64_t match = 0, total = 0;

	for (unsigned i = 0; i < SUB_WINDOWS; i++) {
		uint32_t m, t;

		get(c, r, i, &m, &t);
		match += m;
		total += t;
	}
	return total ? (double)match / (double)total : 0;
}

bool counter_ratio_grows(const struct ratio_line *r, int64_t sub) {
	return !r->wide[0] && r->total[place(sub)] == UINT8_MAX;
}

bool counter_ratio_known(const struct ratio_line *r) {
	return r->sub - r->unknown >= SUB_WINDOWS;
}

bool counter_ratio_cut(const struct counter *c, struct ratio_line *r, int64_t sub) {
	uint32_t match, total;
	bool any = false;

	for (int64_t i = MAX(sub + 1, r->sub - SUB_WINDOWS + 1); i <= r->sub; i++)
		set(c, r, place(i), 0, 0);
	r->sub = MIN(r->sub, sub);
	r->unknown = MIN(r->unknown, sub);
	for (unsigned i = 0; i < SUB_WINDOWS; i++) {
		get(c, r, i, &match, &total);
		any |= total > 0;
	}
	return any;
}

void counter_ratio_free(struct counter *c, struct entry *e) {
	struct ratio_line *r = counter_ratio_line(c, e);
	uint32_t line;

	if (!r)
		return;
	for (unsigned i = 0; i < WIDE_LINES && r->wide[0]; i++)
		counter_line_give(c, r->wide[i]);
	memcpy(&line, e->body + counter_shape(c, e)->ratio, sizeof(line));
	counter_line_give(c, line);
	memset(e->body + counter_shape(c, e)->ratio, 0, sizeof(line));
}
