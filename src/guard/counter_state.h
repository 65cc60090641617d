/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A counter from inside; counter.c explains it. For counter*.c only.
 *
 * Everything that is kept of networks lies in lines of 64 bytes, known by number; 0 is none. A call that may take lines
 * is made after counter_room(): then COUNTER_ROOM lines are there, and none is taken from anybody meanwhile.
 */
#pragma once

#include "guard/counter.h"

enum {
	COUNTER_LINE = 64,
	COUNTER_ROOM = 6, /* a network, a line of times, one of children, and a ratio with its wide form */
	SUB_WINDOWS = 17, /* the newest and the 16 before it */
	TIMES_BYTES = 52, /* of times in a line of them */
	CHILDREN_LIST = 6,
	CHILDREN_BYTES = 60 /* as for children */,
	FLIGHT = 16,      /* keys between two steps of prefetch */
	CLOCK_BLOCK = 16, /* so many requests in a row must say a time before the counter believes it */
	LEVELS = 64,      /* of weights that are told apart in a histogram */
	RECENT = 16,
	LOST = 256,
	EPOCH_BITS = 15,
	PREV_BITS = 24,
	PREV_MAX = (1 << PREV_BITS) - 1,
};
#define COUNTER_TIME_LIMIT (INT64_C(1) << 60) /* times are cut to +- this, so that sums with windows do not wrap */
#define COUNTER_NEVER (-(INT64_C(1) << 61))

/* A network. Its older times are in the body, oldest first, or in a chain of lines. */
struct entry {
	uint64_t key;
	int64_t newest_ms;   /* of its matching requests; of the others, as long as n is 0 */
	uint32_t cur;        /* matching requests in this epoch */
	uint32_t prev_epoch; /* `prev` and the epoch's low 8 bits, read and written as one: PREV_BITS */
	uint8_t epoch_high : 7, v4 : 1;
	uint8_t chain : 1, taken : 1, taken_before : 1; /* it has an error, since this epoch, since the one before */
	uint8_t n : 5;                                  /* times, the newest included; in a chain: 1 */
	uint8_t body[38];
};

/* Where the parts of a body lie. */
struct shape {
	uint8_t lo, ratio, children, times;
};

/* In the body at `times`, when `chain` is set. */
struct times_chain {
	uint32_t oldest, newest, n; /* lines; times in all of them */
};

struct times_line {
	uint32_t older, newer;
	uint8_t first, n, pad[2];
	uint8_t item[TIMES_BYTES];
};

/* In the body at `children`, its first CHILDREN_LIST bytes: lines are filled from the first on. */
struct children_list {
	uint32_t line;
	uint16_t n;
};

struct children_line {
	uint32_t next;
	uint8_t item[CHILDREN_BYTES]; /* address (8 bytes, or 16), then its last time's low 32 bits */
};

struct ratio_line {
	int64_t sub;      /* of the newest request */
	int64_t unknown;  /* the last sub-window of which requests may be missing */
	uint32_t wide[3]; /* lines with the numbers below as 32 bits, when a byte was too small */
	uint8_t match[SUB_WINDOWS], total[SUB_WINDOWS]; /* at sub modulo 17 */
};

union line {
	struct entry entry;
	struct times_line times;
	struct children_line children;
	struct ratio_line ratio;
	uint32_t word[16];
	uint32_t next_free;
} __attribute__((aligned(COUNTER_LINE)));
_Static_assert(sizeof(union line) == COUNTER_LINE && sizeof(struct entry) == COUNTER_LINE, "one cache line");

/* Slots of hash tag << 32 | line; a power of two of them. */
struct counter_index {
	uint64_t *slot;
	unsigned bits;
};

struct counter {
	struct counter_config config;
	uint64_t secret[8];
	struct ip mask, child_mask;
	int64_t sub_ms, keep_ms;  /* networks silent for so long are forgotten */
	int64_t sub, sub_from_ms; /* the sub-window last asked for, and its beginning */
	uint8_t width;            /* of a time: 2 or 4 bytes */
	uint8_t child_at, child_bytes, child_size;
	bool wide; /* networks longer than 64 bits */
	struct shape shape[2];

	union line *line;
	void *reserved;
	size_t reserved_bytes;
	uint64_t *is_entry; /* a bit for each line */
	uint32_t made, committed, line_max, free_head, free_count;

	struct counter_index now, old; /* old is emptied into now, */
	uint32_t moved;                /* so far */
	struct counter_index next;     /* the larger one, until all its pages were touched */
	uint32_t touched;
	uint32_t reclaim_hand, victim_hand, settle_hand;

	int64_t clock_ms, block_min, block_max, epoch_ms;
	unsigned block_n, epoch;
	uint32_t weight_base, weight[2][LEVELS]; /* networks by weight - base, and by cur */
	uint32_t floor, floor_before;
	uint32_t recent[RECENT], recent_at;
	int64_t *lost; /* by hash: the last sub-window of which requests were lost */

	struct {
		uint64_t hash;
		uint32_t line; /* it may be this, or 0 */
	} flight[2 * FLIGHT];
	unsigned flight_n, flight_at;
	struct counter_stats stats;
};

/* counter_pool.c */
int counter_pool_init(struct counter *c);
void counter_pool_done(struct counter *c);
void *counter_map(size_t size); /* zeros, in large pages when large; NULL */
void counter_unmap(void *p, size_t size);
uint32_t counter_line_take(struct counter *c); /* as long as there is room */
void counter_line_give(struct counter *c, uint32_t line);
bool counter_lines_ready(struct counter *c, uint32_t n);             /* n lines can be taken */
uint32_t counter_next_entry(const struct counter *c, uint32_t from); /* the first at or behind; 0 */
size_t counter_bytes(const struct counter *c);

/* counter_index.c */
int counter_index_init(struct counter *c);
void counter_index_done(struct counter *c);
uint64_t counter_hash(const struct counter *c, struct ip network);
struct ip counter_network(const struct counter *c, const struct entry *e);
uint32_t counter_index_find(const struct counter *c, struct counter_key key);
bool counter_index_ready(struct counter *c); /* one more may be put; starts growing when it is time */
void counter_index_put(struct counter *c, uint64_t hash, uint32_t line);
void counter_index_remove(struct counter *c, uint64_t hash, uint32_t line);
void counter_index_step(struct counter *c);
void counter_index_flight(struct counter *c, uint64_t hash);
void counter_index_land(struct counter *c);

/* counter_times.c */
uint32_t counter_times_count(const struct counter *c, const struct entry *e);
int64_t counter_times_first(const struct counter *c, const struct entry *e);
void counter_times_add(struct counter *c, struct entry *e, int64_t time_ms); /* not late */
void counter_times_clear(struct counter *c, struct entry *e);                /* n is 0 then */
void counter_times_cut(struct counter *c, struct entry *e, int64_t after_ms);
void counter_times_each(const struct counter *c, const struct entry *e, void (*fn)(int64_t time_ms, void *user),
			void *user); /* all but the newest, from the oldest on */

/* counter_children.c: `before_ms` is the newest time that the entry had when they were last looked at */
uint32_t counter_children_count(const struct counter *c, const struct entry *e);
void counter_children_add(struct counter *c, struct entry *e, int64_t before_ms, struct ip client, int64_t time_ms);
void counter_children_cut(struct counter *c, struct entry *e, int64_t before_ms, int64_t after_ms);
void counter_children_clear(struct counter *c, struct entry *e);
void counter_children_each(const struct counter *c, const struct entry *e,
			   void (*fn)(struct ip child, int64_t last_ms, void *user), void *user);

/* counter_ratio.c */
int64_t counter_sub_window(struct counter *c, int64_t time_ms);
struct ratio_line *counter_ratio_line(const struct counter *c, const struct entry *e); /* or NULL */
void counter_ratio_new(struct counter *c, struct entry *e, int64_t sub, int64_t unknown);
void counter_ratio_count(struct counter *c, struct ratio_line *r, int64_t sub, uint32_t match, uint32_t total);
void counter_ratio_get(const struct counter *c, const struct ratio_line *r, int64_t sub, uint32_t *ret_match,
		       uint32_t *ret_total);
double counter_ratio_of(const struct counter *c, const struct ratio_line *r);
bool counter_ratio_grows(const struct ratio_line *r, int64_t sub); /* one more may take lines */
bool counter_ratio_known(const struct ratio_line *r);
bool counter_ratio_cut(const struct counter *c, struct ratio_line *r, int64_t sub); /* whether anything is left */
void counter_ratio_free(struct counter *c, struct entry *e);

/* counter_overflow.c */
uint32_t counter_weight(const struct counter *c, const struct entry *e);
void counter_tick(struct counter *c, int64_t time_ms); /* any request */
/* Brings an entry to this epoch; what it weighs does not change by it. */
void counter_settle(const struct counter *c, struct entry *e);
void counter_charge(struct counter *c, struct entry *e);        /* a matching one */
void counter_weigh_new(struct counter *c, struct entry *e);     /* an entry begins, */
void counter_weigh(struct counter *c, const struct entry *e);   /* one with cur, prev and epoch begins, */
void counter_unweigh(struct counter *c, const struct entry *e); /* and ends */
uint32_t counter_error(const struct counter *c, const struct entry *e);
void counter_set_error(struct counter *c, struct entry *e, uint32_t error);
bool counter_evict(struct counter *c);                            /* the lightest; false when there is none */
void counter_lose(struct counter *c, uint64_t hash, int64_t sub); /* of a network: requests up to a sub-window */
void counter_reclaim(struct counter *c);                          /* some of the silent ones */

/* counter.c */
int counter_reset(struct counter *c); /* empties it; after an error only counter_free() may follow */
bool counter_room(struct counter *c);
uint32_t counter_enter(struct counter *c, struct counter_key key);
void counter_drop(struct counter *c, uint32_t line); /* forgets a network */

static inline struct entry *counter_entry(const struct counter *c, uint32_t line) {
	return &c->line[line].entry;
}

static inline const struct shape *counter_shape(const struct counter *c, const struct entry *e) {
	return &c->shape[e->v4];
}

static inline unsigned counter_age_of_epoch(const struct counter *c, const struct entry *e) {
	return (c->epoch - (e->prev_epoch >> PREV_BITS | (unsigned)e->epoch_high << 8)) & ((1U << EPOCH_BITS) - 1);
}

static inline uint32_t counter_prev(const struct entry *e) {
	return e->prev_epoch & PREV_MAX;
}

static inline void counter_set_prev(struct entry *e, uint32_t prev) {
	e->prev_epoch = (e->prev_epoch & ~(uint32_t)PREV_MAX) | MIN(prev, (uint32_t)PREV_MAX);
}
