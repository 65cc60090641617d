/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The D most recent distinct children of a network and when each was last seen: one pass over all of them for each
 * request, that finds the child, drops those whose last time has left the window, and moves the others up. D is a few
 * (8 are two lines); for the 4096 that are allowed a pass reads 52 KiB.
 *
 * That the least recent one goes when there are D is exact: the others were seen later, and will be.
 */
#include "guard/counter_state.h"

#include <string.h>

struct child {
	uint64_t hi, lo; /* lo only in a counter that needs both */
	uint32_t last;   /* low bits of its time */
};

/* A place in the lines, walking. */
struct walk {
	uint32_t line, i;
};

static struct children_list list_of(const struct counter *c, const struct entry *e) {
	struct children_list list = { 0, 0 };

	memcpy(&list, e->body + counter_shape(c, e)->children, CHILDREN_LIST);
	return list;
}

static void set_list(const struct counter *c, struct entry *e, struct children_list list) {
	memcpy(e->body + counter_shape(c, e)->children, &list, CHILDREN_LIST);
}

static uint8_t *place(const struct counter *c, struct walk w) {
	return c->line[w.line].children.item + (size_t)w.i * c->child_size;
}

static struct child child_get(const struct counter *c, struct walk w) {
	const uint8_t *at = place(c, w);
	struct child child = { 0, 0, 0 };

	memcpy(&child.hi, at, sizeof(child.hi));
	if (c->child_bytes == 16)
		memcpy(&child.lo, at + 8, sizeof(child.lo));
	memcpy(&child.last, at + c->child_bytes, sizeof(child.last));
	return child;
}

static void child_put(const struct counter *c, struct walk w, struct child child) {
	uint8_t *at = place(c, w);

	memcpy(at, &child.hi, sizeof(child.hi));
	if (c->child_bytes == 16)
		memcpy(at + 8, &child.lo, sizeof(child.lo));
	memcpy(at + c->child_bytes, &child.last, sizeof(child.last));
}

static uint32_t per_line(const struct counter *c) {
	return CHILDREN_BYTES / c->child_size;
}

static void step(const struct counter *c, struct walk *w) {
	if (++w->i == per_line(c)) {
		w->line = c->line[w->line].children.next;
		w->i = 0;
	}
}

static int64_t last_of(struct child child, int64_t before_ms) {
	return before_ms - (uint32_t)((uint32_t)before_ms - child.last);
}

/* The part of the address that tells children of one network apart: 8 bytes of it when the others are the network's. */
static struct child child_of(const struct counter *c, struct ip client, int64_t time_ms) {
	struct ip ip = { client.hi & c->child_mask.hi, client.lo & c->child_mask.lo };

	if (c->child_bytes == 16)
		return (struct child){ ip.hi, ip.lo, (uint32_t)time_ms };
	return (struct child){ c->child_at ? ip.lo : ip.hi, 0, (uint32_t)time_ms };
}

/* Frees the lines that `n` children do not need. */
static void trim(struct counter *c, struct children_list *list, uint32_t n) {
	uint32_t keep = (n + per_line(c) - 1) / per_line(c), line = list->line, *link = &list->line;
	uint32_t first = list->line;

	for (; keep && line; keep--) {
		link = &c->line[line].children.next;
		line = *link;
	}
	if (link == &list->line)
		first = 0;
	else
		*link = 0;
	list->line = first;
	list->n = (uint16_t)n;
	for (uint32_t next; line; line = next) {
		next = c->line[line].children.next;
		counter_line_give(c, line);
	}
}

static void append(struct counter *c, struct children_list *list, struct child child) {
	struct walk w = { list->line, 0 };
	uint32_t last = 0;

	for (uint32_t i = list->n / per_line(c); i && w.line; i--) {
		last = w.line;
		w.line = c->line[w.line].children.next;
	}
	w.i = list->n % per_line(c);
	if (!w.line) {
		w.line = counter_line_take(c);
		if (last)
			c->line[last].children.next = w.line;
		else
			list->line = w.line;
	}
	child_put(c, w, child);
	list->n++;
}

uint32_t counter_children_count(const struct counter *c, const struct entry *e) {
	return c->config.children ? list_of(c, e).n : 0;
}

void counter_children_add(struct counter *c, struct entry *e, int64_t before_ms, struct ip client, int64_t time_ms) {
	int64_t horizon = e->newest_ms - c->config.window_ms, oldest_ms = INT64_MAX;
	struct children_list list = list_of(c, e);
	struct child seen = child_of(c, client, time_ms);
	struct walk from = { list.line, 0 }, to = from, oldest = from;
	uint32_t kept = 0;
	bool known = false;

	for (uint32_t i = 0; i < list.n; i++, step(c, &from)) {
		struct child child = child_get(c, from);
		int64_t last_ms = last_of(child, before_ms);

		if (child.hi == seen.hi && child.lo == seen.lo && !known) {
			known = true;
			last_ms = MAX(last_ms, time_ms);
			child.last = (uint32_t)last_ms;
		}
		if (last_ms <= horizon)
			continue;
		if (last_ms < oldest_ms) {
			oldest_ms = last_ms;
			oldest = to;
		}
		child_put(c, to, child);
		step(c, &to);
		kept++;
	}
	trim(c, &list, kept);
	if (!known && kept < c->config.children)
		append(c, &list, seen);
	else if (!known && time_ms > oldest_ms)
		child_put(c, oldest, seen);
	set_list(c, e, list);
}

void counter_children_cut(struct counter *c, struct entry *e, int64_t before_ms, int64_t after_ms) {
	struct children_list list = list_of(c, e);
	struct walk from = { list.line, 0 }, to = from;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list.n; i++, step(c, &from)) {
		struct child child = child_get(c, from);

		if (last_of(child, before_ms) > after_ms)
			continue;
		child_put(c, to, child);
		step(c, &to);
		kept++;
	}
	trim(c, &list, kept);
	set_list(c, e, list);
}

void counter_children_clear(struct counter *c, struct entry *e) {
	struct children_list list = list_of(c, e);

	trim(c, &list, 0);
	set_list(c, e, list);
}

void counter_children_each(const struct counter *c, const struct entry *e,
			   void (*fn)(struct ip child, int64_t last_ms, void *user), void *user) {
	struct children_list list = list_of(c, e);
	struct ip network = counter_network(c, e);
	struct walk w = { list.line, 0 };

	for (uint32_t i = 0; i < list.n; i++, step(c, &w)) {
		struct child child = child_get(c, w);
		struct ip ip = { child.hi, child.lo };

		if (c->child_bytes == 8)
			ip = c->child_at ? (struct ip){ network.hi, child.hi } : (struct ip){ child.hi, 0 };
		fn(ip, last_of(child, e->newest_ms), user);
	}
}
