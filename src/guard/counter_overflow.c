/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who goes when there is no room, and what can be promised then.
 *
 * Space-Saving gives a newcomer the place, and as its error the count, of the network with the least count, so that a
 * network that comes back is known to have had no more than that. Its proof needs counts that only grow. In a sliding
 * window they fall, and then it is wrong: whoever has many requests in the window, loses its place to the one who
 * happens to have one more, and comes back when another's count has just expired, begins at an error of zero; by doing
 * so again and again, one network can have any number of requests in one window and be seen with few. So:
 *
 * Log time is cut into epochs, each at least a window long. The *weight* of a network is its matching requests in this
 * epoch and the one before; it grows within an epoch, and falls only where the next one begins, at most once in any
 * window. The lightest network goes. The *floor* is the heaviest one that went in this epoch; a newcomer's weight
 * begins there (`prev`, so that this ends with the next epoch), whether it gets the place of another or a free one.
 *
 * Within an epoch: whoever is without a place had, of what was known of it when the epoch began and what came since, no
 * more than the floor. (It went with at most that weight, the floor only rises, and what it does when it comes back is
 * put on top.) So it loses at most the floor at the end of one epoch and the floor at which it came back in the next:
 *
 *         requests in the window  <=  own count  +  floor_before + floor      (the second half is the `error`)
 *
 * The floor rises above a number only when each of the networks at that moment has crossed it by a request of its own
 * in this epoch or the one before (a newcomer that begins on it has not, but then it had risen already). With m the
 * least number of networks at such moments, and E the most requests of one epoch: m * floor <= 2E. Hence
 *
 *         own count  >=  requests in the window - 4E/m
 *
 * whatever the order. Decisions rest on the own count: no ban that is not deserved. A network with requests of its own
 * cannot lose its place to a flood of newcomers unless these have filled every other place up to its weight.
 *
 * The lightest is found by a histogram of weights (how light it is) and a hand that goes round (where it is). Each
 * round raises the least weight, which takes as many requests as the round has networks, so a request pays for at most
 * a few looks, on average; one round of a full 1 GiB is the longest that one of them may take. When even the least
 * weight is beyond the histogram it is counted anew from there.
 *
 * The clock of all this is the highest time that 16 requests in a row have reached: what one of them says alone moves
 * nothing.
 */
#include "guard/counter_state.h"

#include <string.h>

enum {
	FAR = LEVELS - 1,
	VISITS_FIRST = 256,
	RECLAIM_VISITS = 2,
	SILENT_EPOCHS = 3,
	ERROR_AT = sizeof(((struct entry *)0)->body) - 4
};

uint32_t counter_weight(const struct counter *c, const struct entry *e) {
	unsigned age = counter_age_of_epoch(c, e);

	return age == 0 ? e->cur + counter_prev(e) : age == 1 ? MIN(e->cur, (uint32_t)PREV_MAX) : 0;
}

static uint32_t weight_in_epoch(const struct counter *c, const struct entry *e) {
	return counter_age_of_epoch(c, e) == 0 ? e->cur : 0;
}

/* 0: none at all. */
static unsigned level(const struct counter *c, uint32_t weight) {
	uint32_t above = weight > c->weight_base ? weight - c->weight_base : 0;

	return weight ? (unsigned)MIN(above + 1, (uint32_t)FAR) : 0;
}

static unsigned level_in_epoch(uint32_t weight) {
	return (unsigned)MIN(weight, (uint32_t)FAR);
}

void counter_weigh(struct counter *c, const struct entry *e) {
	c->weight[0][level(c, counter_weight(c, e))]++;
	c->weight[1][level_in_epoch(weight_in_epoch(c, e))]++;
}

void counter_unweigh(struct counter *c, const struct entry *e) {
	c->weight[0][level(c, counter_weight(c, e))]--;
	c->weight[1][level_in_epoch(weight_in_epoch(c, e))]--;
}

static void set_epoch(const struct counter *c, struct entry *e, uint32_t prev) {
	e->prev_epoch = (c->epoch & 0xff) << PREV_BITS | (prev & PREV_MAX);
	e->epoch_high = (uint8_t)(c->epoch >> 8);
}

void counter_weigh_new(struct counter *c, struct entry *e) {
	set_epoch(c, e, counter_prev(e));
	counter_weigh(c, e);
}

uint32_t counter_error(const struct counter *c, const struct entry *e) {
	unsigned age = counter_age_of_epoch(c, e);
	uint32_t error;

	if (!e->taken || age >= 2 || (age == 1 && e->taken_before))
		return 0;
	memcpy(&error, e->body + ERROR_AT, sizeof(error));
	return error;
}

void counter_set_error(struct counter *c, struct entry *e, uint32_t error) {
	(void)c;
	e->taken = error > 0;
	e->taken_before = 0;
	if (error)
		memcpy(e->body + ERROR_AT, &error, sizeof(error));
}

void counter_settle(const struct counter *c, struct entry *e) {
	unsigned age = counter_age_of_epoch(c, e);

	if (!age)
		return;
	e->taken = e->taken && counter_error(c, e) > 0;
	e->taken_before = e->taken;
	set_epoch(c, e, counter_weight(c, e));
	e->cur = 0;
}

void counter_charge(struct counter *c, struct entry *e) {
	counter_settle(c, e);
	counter_unweigh(c, e);
	if (e->n == 0) {
		counter_set_prev(e, c->floor);
		counter_set_error(c, e, c->floor + c->floor_before);
	}
	e->cur += e->cur < UINT32_MAX - PREV_MAX;
	counter_weigh(c, e);
}

/* Entries that nobody touches are settled too, before their epoch's number comes round again. */
static void settle_some(struct counter *c) {
	uint32_t end = MIN(c->settle_hand + (c->made >> (EPOCH_BITS - 2)) + 1, c->made);

	for (uint32_t i = c->settle_hand; i && (i = counter_next_entry(c, i)) != 0 && i < end; i++)
		counter_settle(c, counter_entry(c, i));
	c->settle_hand = end < c->made ? end : 1;
}

static void next_epoch(struct counter *c) {
	c->epoch = (c->epoch + 1) & ((1U << EPOCH_BITS) - 1);
	c->floor_before = c->floor;
	c->floor = 0;
	c->weight_base = 1;
	memcpy(c->weight[0], c->weight[1], sizeof(c->weight[0]));
	memset(c->weight[1], 0, sizeof(c->weight[1]));
	c->weight[1][0] = (uint32_t)c->stats.used;
	settle_some(c);
}

void counter_tick(struct counter *c, int64_t time_ms) {
	c->block_min = c->block_n ? MIN(c->block_min, time_ms) : time_ms;
	c->block_max = c->block_n ? MAX(c->block_max, time_ms) : time_ms;
	if (++c->block_n < CLOCK_BLOCK)
		return;
	c->block_n = 0;
	c->clock_ms = MAX(c->clock_ms, c->block_min);
	if (c->clock_ms - c->epoch_ms < c->config.window_ms)
		return;
	/* From the newest request on, so that no second epoch begins within the window; but one mad time counts for no
	 * more than a window. */
	c->epoch_ms = MIN(c->block_max, c->clock_ms + c->config.window_ms);
	next_epoch(c);
}

/* Counts the weights from the least one on. */
static void weigh_again(struct counter *c) {
	uint32_t least = UINT32_MAX;

	for (uint32_t i = 1; (i = counter_next_entry(c, i)) != 0; i++)
		least = MIN(least, counter_weight(c, counter_entry(c, i)));
	c->weight_base = MAX(least, 1U);
	memset(c->weight[0], 0, sizeof(c->weight[0]));
	for (uint32_t i = 1; (i = counter_next_entry(c, i)) != 0; i++)
		c->weight[0][level(c, counter_weight(c, counter_entry(c, i)))]++;
}

static uint32_t least_weight(struct counter *c) {
	for (;;) {
		for (unsigned i = 0; i < FAR; i++)
			if (c->weight[0][i])
				return i ? c->weight_base + i - 1 : 0;
		weigh_again(c);
	}
}

/* The first of so many networks from the hand on that weighs no more; 0. */
static uint32_t go_round(struct counter *c, uint32_t weight, uint64_t visits) {
	while (visits--) {
		uint32_t line = counter_next_entry(c, c->victim_hand);

		if (!line)
			line = counter_next_entry(c, 1);
		c->victim_hand = line + 1;
		if (counter_weight(c, counter_entry(c, line)) <= weight)
			return line;
	}
	return 0;
}

static uint32_t among_recent(const struct counter *c, uint32_t weight) {
	for (unsigned i = 0; i < RECENT; i++) {
		uint32_t line = c->recent[i];

		if (line && c->is_entry[line / 64] >> line % 64 & 1 &&
		    counter_weight(c, counter_entry(c, line)) <= weight)
			return line;
	}
	return 0;
}

bool counter_evict(struct counter *c) {
	uint32_t weight, line;
	const struct ratio_line *r;
	const struct entry *e;

	if (!c->stats.used)
		return false;
	weight = least_weight(c);
	line = go_round(c, weight, VISITS_FIRST);
	if (!line)
		line = among_recent(c, weight);
	if (!line)
		line = go_round(c, weight, c->stats.used);
	e = counter_entry(c, line);
	weight = counter_weight(c, e);
	c->floor = MAX(c->floor, weight);
	c->stats.takeovers += weight > 0;
	r = counter_ratio_line(c, e);
	if (r)
		counter_lose(c, counter_hash(c, counter_network(c, e)), r->sub);
	counter_drop(c, line);
	return true;
}

void counter_lose(struct counter *c, uint64_t hash, int64_t sub) {
	int64_t *lost = &c->lost[hash % LOST];

	*lost = MAX(*lost, sub);
}

/* By its times, and by the epoch of its last request: a log that is behind the others (or reads of long ago, as
 * HAProxy's when connections are slow) is not silent, however old its times are. */
static bool is_silent(const struct counter *c, const struct entry *e) {
	const struct ratio_line *r;

	if (counter_age_of_epoch(c, e) < SILENT_EPOCHS || e->newest_ms + c->keep_ms > c->clock_ms)
		return false;
	r = counter_ratio_line(c, e);
	return !r || r->sub * c->sub_ms + c->keep_ms <= c->clock_ms;
}

void counter_reclaim(struct counter *c) {
	for (unsigned i = 0; i < RECLAIM_VISITS; i++) {
		uint32_t line = counter_next_entry(c, c->reclaim_hand);

		c->reclaim_hand = line + 1;
		if (!line)
			continue;
		__builtin_prefetch(&c->line[MIN(line + 4, c->made - 1)]);
		if (is_silent(c, counter_entry(c, line)))
			counter_drop(c, line);
	}
}
