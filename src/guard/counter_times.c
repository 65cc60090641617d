/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The N newest times of a network, in order. The newest is whole, the others are its low 16 bits (windows up to 65.5 s)
 * or 32: all of them are younger than the window against the newest, so the difference tells them. What is as old as
 * the window, or pushed out by N newer ones, is dropped at once; so how many there are is the count.
 *
 * Few lie in the network's own line. More lie in a chain of lines, each in order itself, cut in two when something must
 * go into the middle of a full one. Entering at the newest end, and leaving at the oldest, costs the same for any N; a
 * request that is late walks to its place, one step for 26 (or 13) newer times.
 */
#include "guard/counter_state.h"

#include <string.h>

static uint32_t item_get(const struct counter *c, const uint8_t *at) {
	uint32_t wide;
	uint16_t narrow;

	if (c->width == sizeof(narrow)) {
		memcpy(&narrow, at, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, at, sizeof(wide));
	return wide;
}

static void item_put(const struct counter *c, uint8_t *at, int64_t time_ms) {
	uint32_t wide = (uint32_t)time_ms;
	uint16_t narrow = (uint16_t)time_ms;

	if (c->width == sizeof(narrow))
		memcpy(at, &narrow, sizeof(narrow));
	else
		memcpy(at, &wide, sizeof(wide));
}

static int64_t item_time(const struct counter *c, const uint8_t *at, int64_t newest_ms) {
	uint32_t mask = c->width == 2 ? UINT16_MAX : UINT32_MAX;

	return newest_ms - (((uint32_t)newest_ms - item_get(c, at)) & mask);
}

/* Items of one place, the line of the network or another. */
struct items {
	uint8_t *v;
	uint32_t n;
};

static void items_drop(const struct counter *c, struct items *x, uint32_t k) {
	x->n -= k;
	memmove(x->v, x->v + (size_t)k * c->width, (size_t)x->n * c->width);
}

/* Behind all that are not newer. */
static void items_insert(const struct counter *c, struct items *x, int64_t newest_ms, int64_t time_ms) {
	uint32_t at = x->n;

	while (at > 0 && item_time(c, x->v + (size_t)(at - 1) * c->width, newest_ms) > time_ms)
		at--;
	memmove(x->v + (size_t)(at + 1) * c->width, x->v + (size_t)at * c->width, (size_t)(x->n - at) * c->width);
	item_put(c, x->v + (size_t)at * c->width, time_ms);
	x->n++;
}

static uint32_t line_capacity(const struct counter *c) {
	return TIMES_BYTES / c->width;
}

static uint8_t *line_item(const struct counter *c, uint32_t line, uint32_t i) {
	struct times_line *l = &c->line[line].times;

	return l->item + (size_t)(l->first + i) * c->width;
}

static uint32_t own_capacity(const struct counter *c, const struct entry *e) {
	size_t bytes = sizeof(e->body) - counter_shape(c, e)->times - (e->taken ? sizeof(uint32_t) : 0);

	return MIN((uint32_t)(bytes / c->width), 30U);
}

static uint8_t *own_times(const struct counter *c, const struct entry *e) {
	return (uint8_t *)e->body + counter_shape(c, e)->times;
}

static struct times_chain chain_of(const struct counter *c, const struct entry *e) {
	struct times_chain chain;

	memcpy(&chain, own_times(c, e), sizeof(chain));
	return chain;
}

static void set_chain(const struct counter *c, struct entry *e, struct times_chain chain) {
	memcpy(own_times(c, e), &chain, sizeof(chain));
}

uint32_t counter_times_count(const struct counter *c, const struct entry *e) {
	return e->chain ? chain_of(c, e).n + 1 : e->n;
}

int64_t counter_times_first(const struct counter *c, const struct entry *e) {
	if (e->chain)
		return item_time(c, line_item(c, chain_of(c, e).oldest, 0), e->newest_ms);
	return e->n > 1 ? item_time(c, own_times(c, e), e->newest_ms) : e->newest_ms;
}

static void chain_free(struct counter *c, struct times_chain *chain) {
	for (uint32_t line = chain->oldest, next; line; line = next) {
		next = c->line[line].times.newer;
		counter_line_give(c, line);
	}
}

/* A line behind `older`, before what was behind it. */
static uint32_t chain_extend(struct counter *c, struct times_chain *chain, uint32_t older) {
	uint32_t line = counter_line_take(c), newer = older ? c->line[older].times.newer : 0;

	c->line[line].times.older = older;
	c->line[line].times.newer = newer;
	if (newer)
		c->line[newer].times.older = line;
	else
		chain->newest = line;
	if (older)
		c->line[older].times.newer = line;
	else
		chain->oldest = line;
	return line;
}

static void chain_push(struct counter *c, struct times_chain *chain, int64_t time_ms) {
	struct times_line *l = &c->line[chain->newest].times;

	if (l->first + l->n == line_capacity(c) && l->first) {
		memmove(l->item, l->item + (size_t)l->first * c->width, (size_t)l->n * c->width);
		l->first = 0;
	} else if (l->n == line_capacity(c)) {
		l = &c->line[chain_extend(c, chain, chain->newest)].times;
	}
	item_put(c, l->item + (size_t)(l->first + l->n++) * c->width, time_ms);
	chain->n++;
}

static void chain_pop(struct counter *c, struct times_chain *chain) {
	uint32_t line = chain->oldest;
	struct times_line *l = &c->line[line].times;

	l->first++;
	chain->n--;
	if (--l->n)
		return;
	chain->oldest = l->newer;
	if (l->newer)
		c->line[l->newer].times.older = 0;
	else
		chain->newest = 0;
	counter_line_give(c, line);
}

static void chain_insert(struct counter *c, struct times_chain *chain, int64_t newest_ms, int64_t time_ms) {
	uint32_t line = chain->newest, half = line_capacity(c) / 2;
	struct times_line *l;
	struct items items;

	while (c->line[line].times.older && item_time(c, line_item(c, line, 0), newest_ms) > time_ms)
		line = c->line[line].times.older;
	l = &c->line[line].times;
	memmove(l->item, l->item + (size_t)l->first * c->width, (size_t)l->n * c->width);
	l->first = 0;
	if (l->n == line_capacity(c)) {
		struct times_line *upper = &c->line[chain_extend(c, chain, line)].times;

		upper->n = (uint8_t)(l->n - half);
		l->n = (uint8_t)half;
		memcpy(upper->item, l->item + (size_t)half * c->width, (size_t)upper->n * c->width);
		if (item_time(c, upper->item, newest_ms) <= time_ms)
			l = upper;
	}
	items = (struct items){ l->item, l->n };
	items_insert(c, &items, newest_ms, time_ms);
	l->n = (uint8_t)items.n;
	chain->n++;
}

/* Half empty lines of the network's own are filled again, so that one who hovers at the edge does not move to and fro.
 */
static void come_home(struct counter *c, struct entry *e, struct times_chain *chain) {
	uint8_t *to = own_times(c, e);

	e->chain = 0;
	e->n = (uint8_t)(chain->n + 1);
	for (uint32_t line = chain->oldest; line; line = c->line[line].times.newer) {
		const struct times_line *l = &c->line[line].times;

		memcpy(to, line_item(c, line, 0), (size_t)l->n * c->width);
		to += (size_t)l->n * c->width;
	}
	chain_free(c, chain);
}

static void move_out(struct counter *c, struct entry *e) {
	struct times_chain chain = { .n = e->n - 1U };
	struct times_line *l = &c->line[chain_extend(c, &chain, 0)].times;

	l->n = (uint8_t)chain.n;
	memcpy(l->item, own_times(c, e), (size_t)chain.n * c->width);
	e->chain = 1;
	e->n = 1;
	set_chain(c, e, chain);
}

/* Drops the k oldest; not the newest. */
static void drop_oldest(struct counter *c, struct entry *e, uint32_t k) {
	struct items items = { own_times(c, e), e->n - 1U };
	struct times_chain chain;

	if (!k)
		return;
	if (!e->chain) {
		items_drop(c, &items, k);
		e->n = (uint8_t)(items.n + 1);
		return;
	}
	chain = chain_of(c, e);
	while (k--)
		chain_pop(c, &chain);
	if (chain.n <= own_capacity(c, e) / 2)
		come_home(c, e, &chain);
	else
		set_chain(c, e, chain);
}

/* Drops what is not newer than this, but for the newest. */
static void expire(struct counter *c, struct entry *e, int64_t horizon_ms) {
	uint32_t k = 0;

	if (e->chain) {
		while (e->chain && counter_times_first(c, e) <= horizon_ms)
			drop_oldest(c, e, 1);
	}
	while (k + 1U < e->n && !e->chain &&
	       item_time(c, own_times(c, e) + (size_t)k * c->width, e->newest_ms) <= horizon_ms)
		k++;
	if (k)
		drop_oldest(c, e, k);
}

static void insert(struct counter *c, struct entry *e, int64_t time_ms, bool is_newest) {
	if (!e->chain && e->n - 1U == own_capacity(c, e))
		move_out(c, e);
	if (e->chain) {
		struct times_chain chain = chain_of(c, e);

		if (is_newest)
			chain_push(c, &chain, time_ms);
		else
			chain_insert(c, &chain, e->newest_ms, time_ms);
		set_chain(c, e, chain);
	} else {
		struct items items = { own_times(c, e), e->n - 1U };

		if (is_newest)
			item_put(c, items.v + (size_t)items.n * c->width, time_ms);
		else
			items_insert(c, &items, e->newest_ms, time_ms);
		e->n++;
	}
}

void counter_times_clear(struct counter *c, struct entry *e) {
	if (e->chain) {
		struct times_chain chain = chain_of(c, e);

		chain_free(c, &chain);
	}
	e->chain = 0;
	e->n = 0;
}

void counter_times_add(struct counter *c, struct entry *e, int64_t time_ms) {
	int64_t horizon = time_ms - c->config.window_ms;

	if (e->n == 0 || e->newest_ms <= horizon) {
		counter_times_clear(c, e);
		e->newest_ms = time_ms;
		e->n = 1;
		return;
	}
	if (time_ms > e->newest_ms)
		expire(c, e, horizon);
	if (counter_times_count(c, e) == c->config.count) {
		if (time_ms < e->newest_ms && time_ms <= counter_times_first(c, e))
			return;
		if (c->config.count == 1) {
			e->newest_ms = time_ms;
			return;
		}
		drop_oldest(c, e, 1);
	}
	if (time_ms < e->newest_ms) {
		insert(c, e, time_ms, false);
		return;
	}
	insert(c, e, e->newest_ms, true);
	e->newest_ms = time_ms;
}

/* The newest of the older ones becomes the newest. */
static void drop_newest(struct counter *c, struct entry *e) {
	struct times_chain chain;
	struct times_line *l;

	if (!e->chain) {
		if (--e->n)
			e->newest_ms = item_time(c, own_times(c, e) + (size_t)(e->n - 1U) * c->width, e->newest_ms);
		return;
	}
	chain = chain_of(c, e);
	l = &c->line[chain.newest].times;
	e->newest_ms = item_time(c, line_item(c, chain.newest, l->n - 1U), e->newest_ms);
	chain.n--;
	if (--l->n == 0) {
		uint32_t gone = chain.newest;

		chain.newest = l->older;
		if (l->older)
			c->line[l->older].times.newer = 0;
		else
			chain.oldest = 0;
		counter_line_give(c, gone);
	}
	if (chain.n <= own_capacity(c, e) / 2)
		come_home(c, e, &chain);
	else
		set_chain(c, e, chain);
}

void counter_times_cut(struct counter *c, struct entry *e, int64_t after_ms) {
	while (e->n && e->newest_ms > after_ms)
		drop_newest(c, e);
}

void counter_times_each(const struct counter *c, const struct entry *e, void (*fn)(int64_t time_ms, void *user),
			void *user) {
	if (!e->chain) {
		for (uint32_t i = 0; i + 1U < e->n; i++)
			fn(item_time(c, own_times(c, e) + (size_t)i * c->width, e->newest_ms), user);
		return;
	}
	for (uint32_t line = chain_of(c, e).oldest; line; line = c->line[line].times.newer)
		for (uint32_t i = 0; i < c->line[line].times.n; i++)
			fn(item_time(c, line_item(c, line, i), e->newest_ms), user);
}
