/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "N matching requests in the last W", exactly, for each network of one length and rule that was seen.
 *
 * An event at time t is counted if it is younger than W against the newest event of its network; the network is *over*
 * when its N-th newest event is younger than W against the newest: N in (newest - W, newest]. So order does not matter
 * among lines less than W late, and a single line with a mad time harms its own network only. A later one is `late`:
 * reported, not counted, in nothing. See clock.h for logs whose clock steps back.
 *
 * Children: at least D distinct children in (newest - W, newest], exactly (the D most recent distinct ones are kept).
 * Ratio: matching over all requests in the sub-windows of W/16 (rounded up to a millisecond, aligned to time 0) from
 * the sub-window of the network's newest request, matching or not, back to the 16th before it; exactly.
 *
 * Networks that were silent for over two windows may be forgotten; no line that is less than a window late against the
 * rest of the log could have told them from new ones.
 *
 * Memory is hard-limited. Keys are hashed with a key of the process (they come from strangers). When the limit is
 * reached a form of the Space-Saving algorithm (Metwally, Agrawal, El Abbadi, 2005) takes over: a new network takes the
 * place of one with the least count and its own count begins at zero; `error` is what it may have had before. Decisions
 * are made on its own count, so overflow never bans wrongly, whatever the order of requests; and in a log in order,
 * whoever has N + 4E/m in the window is caught. E is the most matching requests of all networks in one epoch (about a
 * window), m the least number of networks that had a place. The plain algorithm would promise N + E/m, but only while
 * counts do not fall, and in a sliding window they do: counter_overflow.c has the proof, and what goes wrong else.
 */
#pragma once

#include "guard/rule.h"

struct counter_config {
	int64_t window_ms; /* 1 .. 7 days */
	uint32_t count;    /* N, 1..COUNT_MAX */
	uint32_t children; /* D, or 0 */
	double ratio;      /* or 0 */
	uint8_t len, child_len;
	size_t memory; /* bytes, a hard limit; at least counter_memory_min() */
};
enum { COUNTER_MEMORY_MIN = 1 << 16 };

/* The least memory that the configuration works with: COUNTER_MEMORY_MIN, or some networks that keep all they may (a
 * threshold of a million needs millions of bytes). `memory` is not looked at. */
size_t counter_memory_min(const struct counter_config *config);

struct counter;

int counter_new(const struct counter_config *config, struct counter **ret_counter); /* 0, -EINVAL or -ENOMEM */
void counter_free(struct counter *c);                                               /* NULL is fine */

/* Where a client's network is, for the calls below. Prefetch asks for its memory, so that several in flight hide each
 * other's wait: call it for each of a batch (16 to 64), then add for each. A key stays valid. */
struct counter_key {
	struct ip network; /* masked to the counter's length */
	uint64_t hash;
};
struct counter_key counter_key(const struct counter *c, struct ip client);
void counter_prefetch(struct counter *c, struct counter_key key);

struct counter_result {
	uint32_t count;    /* matching requests in the window, at most N: own ones */
	uint32_t error;    /* how many more there may have been before this network took a slot */
	uint32_t children; /* distinct, at most D */
	double ratio;      /* in the sub-windows; 1 when not asked for */
	int64_t first_ms;  /* the oldest of the N newest that count; 0 when there are none */
	int64_t newest_ms; /* of the matching requests; 0 when there are none */
	bool late;         /* this event was not counted */
	bool over;         /* count, children and ratio are all reached, by this event or before it */
};

/* A matching request. */
struct counter_result counter_add(struct counter *c, struct counter_key key, struct ip client, int64_t time_ms);

/* A request that does not match, for the ratio; does nothing for counters without one. Networks are entered by it too,
 * as the first to go when there is no more room. Where a network took a slot under overflow its requests from before
 * are unknown, so its ratio is not believed (and it is not over) until they are older than the sub-windows. */
void counter_total(struct counter *c, struct counter_key key, int64_t time_ms);

/* What is known of a network, without changing it. Zeros when nothing is. */
struct counter_result counter_look(const struct counter *c, struct counter_key key);

/* Forgets one network (an operator's unban), or all that is newer than `time_ms` (the clock stepped back): events,
 * children last seen and sub-windows begun after it. What these had pushed out does not come back. */
void counter_forget(struct counter *c, struct counter_key key);
void counter_step_back(struct counter *c, int64_t time_ms);

struct counter_stats {
	uint64_t slots, used, takeovers; /* takeovers: networks that lost their slot while still counting */
	uint64_t late;
	size_t memory; /* bytes in use */
};
struct counter_stats counter_stats(const struct counter *c);

/* The state as bytes, and back: what was saved and loaded goes on as it would have, but that under overflow another of
 * equal networks may lose its place, and that a counter with less memory keeps what fits. Into a counter of the same
 * config (but for the memory), which must be new. The hash key may differ. save: 0 or -EIO. load: 0, -EBADMSG (damaged,
 * or of another config), or -ENOMEM; on failure the counter is empty. */
int counter_save(const struct counter *c, FILE *out);
int counter_load(struct counter *c, FILE *in);
