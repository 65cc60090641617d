/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network -> line: open addressing with linear probing, eight bytes a slot. A slot's home is the top of its 32-bit tag,
 * so that networks move to a larger table, and up when one before them goes, without a look at their lines.
 *
 * Growing doubles. The old table stays and every request carries some slots over; as homes are the top bits, these land
 * one behind the other. What was carried over, or removed, leaves a mark in the old table, which ends no search.
 */
#include "guard/counter_state.h"

#include <errno.h>

enum { BITS_MIN = 6, BITS_MAX = 31, CARRY = 8, TOUCH = 4096 / sizeof(uint64_t) };
#define GONE UINT32_MAX

static size_t slots(const struct counter_index *x) {
	return (size_t)1 << x->bits;
}

static uint32_t home(const struct counter_index *x, uint32_t tag) {
	return tag >> (32 - x->bits);
}

static int index_make(struct counter_index *x, unsigned bits) {
	x->bits = bits;
	x->slot = counter_map(slots(x) * sizeof(*x->slot));
	return x->slot ? 0 : -ENOMEM;
}

static void index_free(struct counter_index *x) {
	if (x->slot)
		counter_unmap(x->slot, slots(x) * sizeof(*x->slot));
	x->slot = NULL;
}

int counter_index_init(struct counter *c) {
	return index_make(&c->now, BITS_MIN);
}

void counter_index_done(struct counter *c) {
	index_free(&c->now);
	index_free(&c->old);
	index_free(&c->next);
}

/*
 * Multiply-shift with 128-bit secrets (Dietzfelbinger 1996; strongly universal in 64 bits: nobody who does not know the
 * secrets finds two networks that meet more often than by chance), then one folded multiplication, because linear
 * probing suffers from the regular steps that multiply-shift makes of networks in a row.
 */
uint64_t counter_hash(const struct counter *c, struct ip network) {
	const uint64_t *s = c->secret;
	unsigned __int128 a = (unsigned __int128)s[1] << 64 | s[0], b = (unsigned __int128)s[3] << 64 | s[2];
	unsigned __int128 sum = a * network.hi + b * network.lo + ((unsigned __int128)s[5] << 64 | s[4]);
	unsigned __int128 mixed = (unsigned __int128)((uint64_t)(sum >> 64) ^ s[6]) * (s[7] | 1);

	return (uint64_t)(mixed >> 64) ^ (uint64_t)mixed;
}

struct ip counter_network(const struct counter *c, const struct entry *e) {
	struct ip ip = { e->key, 0 };

	if (e->v4)
		return (struct ip){ 0, e->key };
	if (c->wide)
		__builtin_memcpy(&ip.lo, e->body + counter_shape(c, e)->lo, sizeof(ip.lo));
	return ip;
}

/* Where the slot of a network is; its line, or 0. */
static uint32_t probe(const struct counter *c, const struct counter_index *x, struct counter_key key,
		      uint32_t *ret_at) {
	uint32_t tag = (uint32_t)(key.hash >> 32), mask = (uint32_t)(slots(x) - 1);

	for (uint32_t i = home(x, tag);; i = (i + 1) & mask) {
		uint64_t s = x->slot[i];
		uint32_t line = (uint32_t)s;

		if (!line)
			return 0;
		if (s >> 32 == tag && line != GONE &&
		    ip_equal(counter_network(c, counter_entry(c, line)), key.network)) {
			*ret_at = i;
			return line;
		}
	}
}

uint32_t counter_index_find(const struct counter *c, struct counter_key key) {
	uint32_t at, line = probe(c, &c->now, key, &at);

	if (!line && c->old.slot)
		line = probe(c, &c->old, key, &at);
	return line;
}

static void put(struct counter_index *x, uint32_t tag, uint32_t line) {
	uint32_t i = home(x, tag), mask = (uint32_t)(slots(x) - 1);

	while (x->slot[i])
		i = (i + 1) & mask;
	x->slot[i] = (uint64_t)tag << 32 | line;
}

void counter_index_put(struct counter *c, uint64_t hash, uint32_t line) {
	put(&c->now, (uint32_t)(hash >> 32), line);
}

/* The slot of a line that is known to be in one of the tables. */
static bool locate(const struct counter_index *x, uint32_t tag, uint32_t line, uint32_t *ret_at) {
	uint64_t wanted = (uint64_t)tag << 32 | line;
	uint32_t mask = (uint32_t)(slots(x) - 1);

	for (uint32_t i = home(x, tag); x->slot[i]; i = (i + 1) & mask)
		if (x->slot[i] == wanted) {
			*ret_at = i;
			return true;
		}
	return false;
}

/* Takes a slot out; those behind it that are not at home move up. */
static void close_gap(struct counter_index *x, uint32_t gap) {
	uint32_t mask = (uint32_t)(slots(x) - 1);

	for (uint32_t i = (gap + 1) & mask; x->slot[i]; i = (i + 1) & mask) {
		uint32_t from_home = (i - home(x, (uint32_t)(x->slot[i] >> 32))) & mask;

		if (from_home < ((i - gap) & mask))
			continue;
		x->slot[gap] = x->slot[i];
		gap = i;
	}
	x->slot[gap] = 0;
}

void counter_index_remove(struct counter *c, uint64_t hash, uint32_t line) {
	uint32_t tag = (uint32_t)(hash >> 32), at;

	if (locate(&c->now, tag, line, &at))
		close_gap(&c->now, at);
	else if (c->old.slot && locate(&c->old, tag, line, &at))
		c->old.slot[at] = GONE;
}

void counter_index_step(struct counter *c) {
	uint32_t end;

	if (!c->old.slot)
		return;
	end = (uint32_t)MIN((size_t)c->moved + CARRY, slots(&c->old));
	for (; c->moved < end; c->moved++) {
		uint64_t s = c->old.slot[c->moved];

		if (!s || (uint32_t)s == GONE)
			continue;
		put(&c->now, (uint32_t)(s >> 32), (uint32_t)s);
		c->old.slot[c->moved] = GONE;
	}
	if (c->moved == slots(&c->old))
		index_free(&c->old);
}

/* Makes the next table before it is needed, and touches its pages one by one: a large page takes milliseconds to come
 * into being, and the first few requests after the change would meet all of them. */
static void prepare(struct counter *c) {
	size_t size = slots(&c->now);

	if (c->next.slot) {
		if (c->touched < slots(&c->next))
			*(volatile uint64_t *)&c->next.slot[c->touched] = 0;
		c->touched = (uint32_t)MIN((size_t)c->touched + TOUCH, slots(&c->next));
	} else if (!c->old.slot && c->now.bits < BITS_MAX &&
		   counter_bytes(c) + 2 * size * sizeof(uint64_t) <= c->config.memory) {
		(void)index_make(&c->next, c->now.bits + 1);
		c->touched = 0;
	}
}

/* A table may be seven eighths full when there is no memory for a larger one. */
bool counter_index_ready(struct counter *c) {
	size_t size = slots(&c->now);

	if (c->stats.used < size / 8 * 5)
		return true;
	prepare(c);
	if (c->stats.used < size / 4 * 3)
		return true;
	if (!c->next.slot || c->touched < slots(&c->next))
		return c->stats.used < size / 8 * 7;
	c->old = c->now;
	c->now = c->next;
	c->next.slot = NULL;
	c->moved = 0;
	return true;
}

/*
 * A prefetch has three steps, so that none of them waits for the one before: the slot is asked for; some keys later it
 * is there and says which line to ask for; some keys later that one says where the ratio's is. A wrong guess costs
 * nothing but the request.
 */
static uint32_t guess_line(const struct counter_index *x, uint32_t tag) {
	uint32_t mask = (uint32_t)(slots(x) - 1);

	for (uint32_t i = home(x, tag); x->slot[i]; i = (i + 1) & mask)
		if (x->slot[i] >> 32 == tag && (uint32_t)x->slot[i] != GONE)
			return (uint32_t)x->slot[i];
	return 0;
}

static void ask_for_slot(const struct counter_index *x, uint32_t tag) {
	__builtin_prefetch(&x->slot[home(x, tag)]);
}

static void ask_for_line(struct counter *c, unsigned at) {
	uint32_t tag = (uint32_t)(c->flight[at].hash >> 32), line = guess_line(&c->now, tag);

	if (!line && c->old.slot)
		line = guess_line(&c->old, tag);
	if (line)
		__builtin_prefetch(&c->line[line], 1);
	c->flight[at].line = line;
}

static void ask_for_ratio(const struct counter *c, unsigned at) {
	if (c->config.ratio > 0 && c->flight[at].line)
		__builtin_prefetch(counter_ratio_line(c, counter_entry(c, c->flight[at].line)), 1);
}

/* Where the key is that was given so many ago. */
static unsigned flight_before(const struct counter *c, unsigned n) {
	return (c->flight_at + 2 * FLIGHT - n) % (2 * FLIGHT);
}

void counter_index_flight(struct counter *c, uint64_t hash) {
	uint32_t tag = (uint32_t)(hash >> 32);

	ask_for_slot(&c->now, tag);
	if (c->old.slot)
		ask_for_slot(&c->old, tag);
	if (c->flight_n == 2 * FLIGHT)
		ask_for_ratio(c, c->flight_at);
	else
		c->flight_n++;
	c->flight[c->flight_at].hash = hash;
	c->flight_at = (c->flight_at + 1) % (2 * FLIGHT);
	if (c->flight_n > FLIGHT)
		ask_for_line(c, flight_before(c, FLIGHT + 1));
}

void counter_index_land(struct counter *c) {
	for (unsigned i = MIN(c->flight_n, (unsigned)FLIGHT); i > 0; i--)
		ask_for_line(c, flight_before(c, i));
	for (unsigned i = c->flight_n; i > 0; i--)
		ask_for_ratio(c, flight_before(c, i));
	c->flight_n = 0;
}
