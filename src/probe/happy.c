/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of RFC 8305 section 4 is never made: the next address is the first untried one of the family that was not
 * tried last, which is the interlaced list (First Address Family Count 1), and takes late answers in as section 3 asks.
 * An attempt that has failed is followed at once; one that waits delays the next by the Connection Attempt Delay.
 */
#include "probe/happy.h"

static const char *const end_words[_HAPPY_END_MAX] = {
	[HAPPY_PENDING] = "pending", [HAPPY_WON] = "won",           [HAPPY_LOST] = "lost",
	[HAPPY_REFUSED] = "refused", [HAPPY_NO_ROUTE] = "no-route", [HAPPY_NO_ANSWER] = "no-answer",
};

const char *happy_end_to_str(enum happy_end e) {
	return e < _HAPPY_END_MAX ? end_words[e] : "?";
}

void happy_init(struct happy *h, const struct happy_delays *d) {
	*h = (struct happy){ .delays = *d, .winner = -1 };
}

void happy_answer(struct happy *h, unsigned side, const struct ip *ips, uint32_t n, int64_t now_us) {
	struct happy_answer *a = &h->answers[side];

	a->has = true;
	a->at_us = now_us;
	a->n = MIN(n, (uint32_t)HAPPY_ADDRESSES_MAX);
	for (uint32_t i = 0; i < a->n; i++)
		a->ips[i] = ips[i];
}

static bool has_untried(const struct happy *h, unsigned side) {
	return h->answers[side].next < h->answers[side].n;
}

/* The family of the next attempt; -1: every address that is known was tried. */
static int next_side(const struct happy *h) {
	const unsigned wanted = !h->n || ip_is_v4(h->attempts[h->n - 1].ip) ? 1 : 0;

	return has_untried(h, wanted) ? (int)wanted : has_untried(h, !wanted) ? (int)!wanted : -1;
}

/* Not before this. Only the first attempt waits for an answer, and only that of IPv4 does. */
static int64_t next_at(const struct happy *h) {
	const struct happy_attempt *last;

	if (h->winner >= 0 || next_side(h) < 0)
		return INT64_MAX;
	if (!h->n)
		return h->answers[1].has ? h->answers[1].at_us : h->answers[0].at_us + h->delays.resolution_us;
	last = &h->attempts[h->n - 1];
	return last->end == HAPPY_PENDING ? last->begun_us + h->delays.attempt_us : last->ended_us;
}

bool happy_begin(struct happy *h, int64_t now_us, uint32_t *ret_index) {
	struct happy_answer *a;

	if (next_at(h) > now_us)
		return false;
	a = &h->answers[next_side(h)];
	h->attempts[h->n] = (struct happy_attempt){ .ip = a->ips[a->next++], .begun_us = now_us };
	*ret_index = h->n++;
	return true;
}

void happy_end(struct happy *h, uint32_t index, enum happy_end end, int64_t now_us) {
	h->attempts[index].end = end;
	h->attempts[index].ended_us = now_us;
	if (end != HAPPY_WON)
		return;
	h->winner = (int)index;
	for (uint32_t i = 0; i < h->n; i++)
		if (h->attempts[i].end == HAPPY_PENDING)
			happy_end(h, i, HAPPY_LOST, now_us);
}

void happy_expire(struct happy *h, int64_t now_us) {
	for (uint32_t i = 0; i < h->n; i++)
		if (h->attempts[i].end == HAPPY_PENDING && now_us - h->attempts[i].begun_us >= h->delays.connect_us)
			happy_end(h, i, HAPPY_NO_ANSWER, now_us);
}

bool happy_is_over(const struct happy *h) {
	if (h->winner >= 0)
		return true;
	if (!h->answers[0].has || !h->answers[1].has || next_side(h) >= 0)
		return false;
	for (uint32_t i = 0; i < h->n; i++)
		if (h->attempts[i].end == HAPPY_PENDING)
			return false;
	return true;
}

int64_t happy_wake(const struct happy *h) {
	int64_t at = next_at(h);

	for (uint32_t i = 0; i < h->n; i++)
		if (h->attempts[i].end == HAPPY_PENDING)
			at = MIN(at, h->attempts[i].begun_us + h->delays.connect_us);
	return at;
}
