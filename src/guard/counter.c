/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How networks are counted.
 *
 * One cache line of 64 bytes a network (struct entry): who it is, its newest time in full, what it weighs should memory
 * run out, and in the 38 bytes that are left the low 16 bits of 19 more times, when the window is 65.5 s at most (9 of
 * 32 bits when it is longer): "20 in a minute" needs no second line. What does not fit is a chain of lines of the same
 * size. So memory is one pool of equal lines in which nothing moves and nothing is too small for the next one, the
 * limit is a number of lines, and who leaves makes room for whatever comes. An index of 8 bytes a slot leads to the
 * lines; only it grows by copying, some slots with every request. A network costs 64 bytes, 11 to 21 for the index.
 *
 *     counter_pool.c      lines, and the limit
 *     counter_index.c     network -> line; prefetch in two steps, slot and line
 *     counter_times.c     the N newest times
 *     counter_children.c  the D most recent children
 *     counter_ratio.c     matching and all requests by sub-window
 *     counter_overflow.c  who goes when memory ends, and the proof of what is promised then
 *     counter_save.c      all of it as bytes
 *
 * Rejected: lines in the hash table itself (one wait less a request, but a growing table of lines holds both of them,
 * and half a gigabyte is copied); estimates of two buckets or a leaking one (not N in W: the error is as large as N);
 * one queue of all events (its memory is that of the traffic, not of the networks); a ring per network in blocks of
 * many sizes (after an attack the free blocks are of the wrong size, and the limit is none); sampling (needs thresholds
 * far above those that people set); dropping old networks by a timer (the wall clock is not the log's).
 *
 * Silent networks go as new ones come, two looks each, once the log is past anything that a line less than a window
 * late could still count for, and they sent nothing for two windows of any log's time: so an attack's networks are
 * gone some time after it without a pass over all.
 */
#include "guard/counter_state.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define WEEK_MS (INT64_C(7) * 86400000)
enum { NETWORKS_MIN = 4, SHORT_WINDOW_MS = 1 << 16 };

static void shape_make(const struct counter *c, bool v4, struct shape *ret_shape) {
	uint8_t at = 0;

	ret_shape->lo = at;
	at += c->wide && !v4 ? sizeof(uint64_t) : 0;
	ret_shape->ratio = at;
	at += c->config.ratio > 0 ? sizeof(uint32_t) : 0;
	ret_shape->children = at;
	at += c->config.children ? CHILDREN_LIST : 0;
	ret_shape->times = at;
}

static void layout(struct counter *c) {
	const struct counter_config *config = &c->config;

	c->mask = prefix_mask(config->len);
	c->child_mask = prefix_mask(config->child_len);
	c->sub_ms = (config->window_ms + 15) / 16;
	c->keep_ms = config->window_ms + (SUB_WINDOWS + 1) * c->sub_ms;
	c->width = config->window_ms <= SHORT_WINDOW_MS ? 2 : 4;
	c->wide = config->len > 64;
	c->child_at = config->len >= 64;
	c->child_bytes = config->len >= 64 || config->child_len <= 64 ? 8 : 16;
	c->child_size = (uint8_t)(c->child_bytes + sizeof(uint32_t));
	for (unsigned v4 = 0; v4 < 2; v4++)
		shape_make(c, v4, &c->shape[v4]);
}

size_t counter_memory_min(const struct counter_config *config) {
	size_t width = config->window_ms <= SHORT_WINDOW_MS ? 2 : 4, line = TIMES_BYTES / width;
	size_t times = config->count / (line / 2) + 1, children = config->children / 3 + 1;

	return MAX((size_t)COUNTER_MEMORY_MIN, (NETWORKS_MIN + 1) * (times + children + COUNTER_ROOM) * COUNTER_LINE);
}

static bool is_valid(const struct counter_config *c) {
	return c->window_ms >= 1 && c->window_ms <= WEEK_MS && c->count >= 1 && c->count <= COUNT_MAX &&
	       c->children <= CHILDREN_MAX && c->ratio >= 0 && c->ratio <= 1 && c->len <= 128 && c->child_len <= 128 &&
	       c->memory >= counter_memory_min(c);
}

int counter_reset(struct counter *c) {
	int r;

	counter_pool_done(c);
	counter_index_done(c);
	c->reclaim_hand = c->victim_hand = c->settle_hand = 1;
	c->clock_ms = c->epoch_ms = COUNTER_NEVER;
	c->block_n = c->epoch = c->flight_n = 0;
	c->weight_base = 1;
	c->floor = c->floor_before = 0;
	memset(c->weight, 0, sizeof(c->weight));
	memset(c->recent, 0, sizeof(c->recent));
	c->stats = (struct counter_stats){ 0 };
	for (size_t i = 0; c->lost && i < LOST; i++)
		c->lost[i] = COUNTER_NEVER;
	r = counter_pool_init(c);
	return r < 0 ? r : counter_index_init(c);
}

int counter_new(const struct counter_config *config, struct counter **ret_counter) {
	struct counter *c;
	int r;

	if (!is_valid(config) || sodium_init() < 0)
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->config = *config;
	randombytes_buf(c->secret, sizeof(c->secret));
	layout(c);
	if (config->ratio > 0)
		c->lost = calloc(LOST, sizeof(*c->lost));
	r = config->ratio > 0 && !c->lost ? -ENOMEM : counter_reset(c);
	if (r < 0) {
		counter_free(c);
		return r;
	}
	*ret_counter = c;
	return 0;
}

void counter_free(struct counter *c) {
	if (!c)
		return;
	counter_pool_done(c);
	counter_index_done(c);
	free(c->lost);
	sodium_memzero(c->secret, sizeof(c->secret));
	free(c);
}

struct counter_key counter_key(const struct counter *c, struct ip client) {
	struct ip network = { client.hi & c->mask.hi, client.lo & c->mask.lo };

	return (struct counter_key){ network, counter_hash(c, network) };
}

void counter_prefetch(struct counter *c, struct counter_key key) {
	counter_index_flight(c, key.hash);
}

/* Makes room for what one call may take. */
bool counter_room(struct counter *c) {
	while (!counter_lines_ready(c, COUNTER_ROOM) || !counter_index_ready(c))
		if (!counter_evict(c))
			return false;
	return true;
}

uint32_t counter_enter(struct counter *c, struct counter_key key) {
	uint32_t line = counter_line_take(c);
	struct entry *e = counter_entry(c, line);

	e->v4 = c->wide && ip_is_v4(key.network);
	e->key = e->v4 ? key.network.lo : key.network.hi;
	if (c->wide && !e->v4)
		memcpy(e->body + counter_shape(c, e)->lo, &key.network.lo, sizeof(key.network.lo));
	c->is_entry[line / 64] |= UINT64_C(1) << line % 64;
	c->stats.used++;
	counter_index_put(c, key.hash, line);
	counter_weigh_new(c, e);
	c->recent[c->recent_at++ % RECENT] = line;
	return line;
}

/* As found by a request: its sub-windows begin with it. */
static uint32_t enter_now(struct counter *c, struct counter_key key, int64_t time_ms) {
	uint32_t line;

	counter_reclaim(c);
	line = counter_enter(c, key);
	counter_entry(c, line)->newest_ms = time_ms;
	if (c->config.ratio > 0)
		counter_ratio_new(c, counter_entry(c, line), counter_sub_window(c, time_ms), c->lost[key.hash % LOST]);
	return line;
}

void counter_drop(struct counter *c, uint32_t line) {
	struct entry *e = counter_entry(c, line);

	counter_unweigh(c, e);
	counter_index_remove(c, counter_hash(c, counter_network(c, e)), line);
	counter_times_clear(c, e);
	if (c->config.children)
		counter_children_clear(c, e);
	counter_ratio_free(c, e);
	c->is_entry[line / 64] &= ~(UINT64_C(1) << line % 64);
	c->stats.used--;
	counter_line_give(c, line);
}

static struct counter_result result_of(const struct counter *c, const struct entry *e) {
	const struct ratio_line *ratio = counter_ratio_line(c, e);
	struct counter_result r = {
		.count = counter_times_count(c, e),
		.error = counter_error(c, e),
		.children = counter_children_count(c, e),
		.ratio = ratio ? counter_ratio_of(c, ratio) : 1,
	};

	if (r.count) {
		r.first_ms = counter_times_first(c, e);
		r.newest_ms = e->newest_ms;
	}
	r.over = r.count >= c->config.count && r.children >= c->config.children && r.ratio >= c->config.ratio &&
		 (!ratio || counter_ratio_known(ratio));
	return r;
}

static int64_t sane(int64_t time_ms) {
	return MAX(-COUNTER_TIME_LIMIT, MIN(time_ms, COUNTER_TIME_LIMIT));
}

static void before_request(struct counter *c, int64_t time_ms) {
	if (c->flight_n)
		counter_index_land(c);
	counter_index_step(c);
	counter_tick(c, time_ms);
}

static bool has_room(struct counter *c) {
	return counter_lines_ready(c, COUNTER_ROOM) && counter_index_ready(c);
}

struct counter_result counter_add(struct counter *c, struct counter_key key, struct ip client, int64_t time_ms) {
	int64_t t = sane(time_ms), before_ms;
	struct counter_result r;
	struct ratio_line *ratio;
	struct entry *e;
	uint32_t line;

	before_request(c, t);
	line = counter_index_find(c, key);
	if (line && counter_entry(c, line)->n && t <= counter_entry(c, line)->newest_ms - c->config.window_ms) {
		c->stats.late++;
		r = result_of(c, counter_entry(c, line));
		r.late = true;
		return r;
	}
	if (!has_room(c)) {
		if (!counter_room(c))
			return (struct counter_result){ 0 };
		line = counter_index_find(c, key);
	}
	if (!line)
		line = enter_now(c, key, t);
	e = counter_entry(c, line);
	counter_charge(c, e);
	before_ms = e->newest_ms;
	counter_times_add(c, e, t);
	if (c->config.children)
		counter_children_add(c, e, before_ms, client, t);
	ratio = counter_ratio_line(c, e);
	if (ratio)
		counter_ratio_count(c, ratio, counter_sub_window(c, t), 1, 1);
	return result_of(c, e);
}

void counter_total(struct counter *c, struct counter_key key, int64_t time_ms) {
	int64_t t = sane(time_ms), sub;
	struct entry *e;
	uint32_t line;

	if (!(c->config.ratio > 0))
		return;
	sub = counter_sub_window(c, t);
	before_request(c, t);
	line = counter_index_find(c, key);
	while ((!line || counter_ratio_grows(counter_ratio_line(c, counter_entry(c, line)), sub)) && !has_room(c)) {
		if (!line && !c->weight[0][0]) { /* nobody goes for one that does not count */
			counter_lose(c, key.hash, sub);
			return;
		}
		if (!counter_evict(c))
			return;
		line = counter_index_find(c, key);
	}
	if (!line)
		line = enter_now(c, key, t);
	e = counter_entry(c, line);
	counter_settle(c, e);
	if (e->n == 0)
		e->newest_ms = MAX(e->newest_ms, t);
	counter_ratio_count(c, counter_ratio_line(c, e), sub, 0, 1);
}

struct counter_result counter_look(const struct counter *c, struct counter_key key) {
	uint32_t line = counter_index_find(c, key);

	return line ? result_of(c, counter_entry(c, line)) : (struct counter_result){ 0 };
}

void counter_forget(struct counter *c, struct counter_key key) {
	uint32_t line = counter_index_find(c, key);

	if (line)
		counter_drop(c, line);
}

/* Whether anything is left of it. */
static bool cut(struct counter *c, struct entry *e, int64_t after_ms) {
	int64_t before_ms = e->newest_ms;
	struct ratio_line *ratio = counter_ratio_line(c, e);
	bool any;

	counter_times_cut(c, e, after_ms);
	if (c->config.children && e->n)
		counter_children_cut(c, e, before_ms, after_ms);
	else if (c->config.children)
		counter_children_clear(c, e);
	any = ratio && counter_ratio_cut(c, ratio, counter_sub_window(c, after_ms));
	if (e->n == 0)
		e->newest_ms = MIN(before_ms, after_ms);
	return e->n || any;
}

void counter_step_back(struct counter *c, int64_t time_ms) {
	int64_t t = sane(time_ms), sub = counter_sub_window(c, t);

	for (uint32_t i = 1; (i = counter_next_entry(c, i)) != 0; i++)
		if (!cut(c, counter_entry(c, i), t))
			counter_drop(c, i);
	for (unsigned i = 0; c->lost && i < LOST; i++)
		c->lost[i] = MIN(c->lost[i], sub);
	c->clock_ms = MIN(c->clock_ms, t);
	c->epoch_ms = MIN(c->epoch_ms, t);
	c->block_n = 0;
}

struct counter_stats counter_stats(const struct counter *c) {
	struct counter_stats s = c->stats;
	size_t bytes = counter_bytes(c), more = c->config.memory > bytes ? c->config.memory - bytes : 0;

	s.slots = s.used + c->free_count + (c->committed > c->made ? c->committed - c->made : 0) +
		  more / (COUNTER_LINE + sizeof(uint64_t) * 2);
	s.memory = bytes;
	return s;
}
