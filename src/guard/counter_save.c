/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state as bytes: numbers of seven bits a byte, the lowest first (signed ones zigzag), after eight bytes that say
 * what and which version. The header has the configuration and the clock; then each network, in the order in which they
 * would go. What depends on the process (hashes, lines) is not in it.
 *
 * Loading trusts nothing: every number is checked against the configuration before it is used, a network is put
 * together outside and entered when it is whole, and all counts are bounded by the configuration, not by the bytes. A
 * counter with less memory takes what fits; the rest counts as gone for want of room.
 */
#include "guard/counter_state.h"

#include <errno.h>
#include <string.h>

static const char magic[8] = { 'h', 'x', 'c', 'o', 'u', 'n', 't', '1' };

/* One network, outside. */
struct saved {
	struct ip network;
	int64_t newest_ms, sub, unknown;
	uint32_t n, prev, cur, error, children;
	bool error_before;
	int64_t *time; /* all but the newest */
	struct saved_child {
		struct ip ip;
		int64_t last_ms;
	} * child;
	uint32_t match[SUB_WINDOWS], total[SUB_WINDOWS]; /* from the oldest */
};

static void put(FILE *out, uint64_t v) {
	for (; v >= 0x80; v >>= 7)
		(void)putc_unlocked((int)(v & 0x7f) | 0x80, out);
	(void)putc_unlocked((int)v, out);
}

static void put_signed(FILE *out, int64_t v) {
	put(out, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

static void put_ip(FILE *out, struct ip ip) {
	uint8_t bytes[16];

	ip_to_bytes(ip, bytes);
	(void)fwrite(bytes, sizeof(bytes), 1, out);
}

struct put_state {
	FILE *out;
	int64_t before_ms, newest_ms;
};

static void put_time(int64_t time_ms, void *user) {
	struct put_state *s = user;

	put(s->out, (uint64_t)(time_ms - s->before_ms));
	s->before_ms = time_ms;
}

static void put_child(struct ip child, int64_t last_ms, void *user) {
	struct put_state *s = user;

	put_ip(s->out, child);
	put(s->out, (uint64_t)(s->newest_ms - last_ms));
}

static void put_ratio(const struct counter *c, const struct ratio_line *r, FILE *out) {
	uint32_t match, total;

	put_signed(out, r->sub);
	put_signed(out, r->unknown);
	for (int64_t i = r->sub - SUB_WINDOWS + 1; i <= r->sub; i++) {
		counter_ratio_get(c, r, i, &match, &total);
		put(out, match);
		put(out, total);
	}
}

static void put_entry(const struct counter *c, const struct entry *e, FILE *out) {
	uint32_t weight = counter_weight(c, e), cur = counter_age_of_epoch(c, e) == 0 ? e->cur : 0;
	const struct ratio_line *ratio = counter_ratio_line(c, e);
	struct put_state s = { out, e->newest_ms - c->config.window_ms, e->newest_ms };

	put_ip(out, counter_network(c, e));
	put_signed(out, e->newest_ms);
	put(out, counter_times_count(c, e));
	counter_times_each(c, e, put_time, &s);
	put(out, weight - cur);
	put(out, cur);
	put(out, counter_error(c, e));
	put(out, counter_age_of_epoch(c, e) == 1 || e->taken_before);
	if (c->config.children) {
		put(out, counter_children_count(c, e));
		counter_children_each(c, e, put_child, &s);
	}
	if (ratio)
		put_ratio(c, ratio, out);
}

int counter_save(const struct counter *c, FILE *out) {
	const struct counter_config *config = &c->config;
	uint64_t ratio;

	memcpy(&ratio, &config->ratio, sizeof(ratio));
	(void)fwrite(magic, sizeof(magic), 1, out);
	put(out, (uint64_t)config->window_ms);
	put(out, config->count);
	put(out, config->children);
	put(out, ratio);
	put(out, config->len);
	put(out, config->child_len);
	put_signed(out, c->clock_ms);
	put_signed(out, c->epoch_ms);
	put(out, c->block_n);
	put_signed(out, c->block_n ? c->block_min : 0);
	put_signed(out, c->block_n ? c->block_max : 0);
	put(out, c->floor);
	put(out, c->floor_before);
	put(out, c->stats.takeovers);
	put(out, c->stats.late);
	for (unsigned i = 0; c->lost && i < LOST; i++)
		put_signed(out, c->lost[i]);
	put(out, c->stats.used);
	for (uint32_t i = MAX(c->victim_hand, 1U); (i = counter_next_entry(c, i)) != 0; i++)
		put_entry(c, counter_entry(c, i), out);
	for (uint32_t i = 1; (i = counter_next_entry(c, i)) != 0 && i < c->victim_hand; i++)
		put_entry(c, counter_entry(c, i), out);
	return ferror(out) ? -EIO : 0;
}

/* Bytes in; the first thing that cannot be right makes it bad, and zeros follow. */
struct reader {
	FILE *in;
	bool bad;
};

static uint64_t get(struct reader *r, uint64_t max) {
	uint64_t v = 0;
	int byte = 0x80;

	for (unsigned shift = 0; byte & 0x80 && !r->bad; shift += 7) {
		byte = getc_unlocked(r->in);
		r->bad |= byte == EOF || shift > 63 || (shift == 63 && byte > 1);
		if (!r->bad)
			v |= (uint64_t)(byte & 0x7f) << shift;
	}
	r->bad |= v > max;
	return r->bad ? 0 : v;
}

static uint32_t get32(struct reader *r, uint32_t max) {
	return (uint32_t)get(r, max);
}

static int64_t get_signed(struct reader *r, int64_t min, int64_t max) {
	uint64_t z = get(r, UINT64_MAX);
	int64_t v = (int64_t)(z >> 1 ^ -(z & 1));

	r->bad |= v < min || v > max;
	return r->bad ? 0 : v;
}

static struct ip get_ip(struct reader *r, struct ip mask) {
	uint8_t bytes[16];
	struct ip ip = { 0, 0 };

	if (r->bad || fread(bytes, sizeof(bytes), 1, r->in) != 1) {
		r->bad = true;
		return ip;
	}
	ip = ip_from_bytes(bytes);
	r->bad |= !ip_equal(ip, (struct ip){ ip.hi & mask.hi, ip.lo & mask.lo });
	return ip;
}

static void get_times(const struct counter *c, struct reader *r, struct saved *s) {
	int64_t before = s->newest_ms - c->config.window_ms;

	for (uint32_t i = 0; i + 1 < s->n && !r->bad; i++) {
		before += (int64_t)get(r, (uint64_t)(s->newest_ms - before));
		r->bad |= before <= s->newest_ms - c->config.window_ms;
		s->time[i] = before;
	}
}

static void get_children(const struct counter *c, struct reader *r, struct saved *s) {
	s->children = get32(r, s->n ? c->config.children : 0);
	for (uint32_t i = 0; i < s->children && !r->bad; i++) {
		struct ip ip = get_ip(r, c->child_mask);

		r->bad |= !ip_equal((struct ip){ ip.hi & c->mask.hi, ip.lo & c->mask.lo }, s->network);
		s->child[i] =
			(struct saved_child){ ip, s->newest_ms - (int64_t)get(r, (uint64_t)c->config.window_ms - 1) };
	}
}

static void get_ratio(const struct counter *c, struct reader *r, struct saved *s) {
	int64_t limit = COUNTER_TIME_LIMIT / c->sub_ms + 1;

	s->sub = get_signed(r, -limit, limit);
	s->unknown = get_signed(r, COUNTER_NEVER, COUNTER_TIME_LIMIT);
	for (unsigned i = 0; i < SUB_WINDOWS; i++) {
		s->match[i] = get32(r, UINT32_MAX);
		s->total[i] = get32(r, UINT32_MAX);
		r->bad |= s->match[i] > s->total[i];
	}
}

static void get_entry(const struct counter *c, struct reader *r, struct saved *s) {
	s->network = get_ip(r, c->mask);
	s->newest_ms = get_signed(r, -COUNTER_TIME_LIMIT, COUNTER_TIME_LIMIT);
	s->n = get32(r, c->config.count);
	get_times(c, r, s);
	s->prev = get32(r, PREV_MAX);
	s->cur = get32(r, UINT32_MAX - PREV_MAX);
	s->error = get32(r, UINT32_MAX);
	s->error_before = get(r, 1);
	if (c->config.children)
		get_children(c, r, s);
	if (c->config.ratio > 0)
		get_ratio(c, r, s);
	else
		r->bad |= s->n == 0;
}

static bool has_room(struct counter *c, const struct saved *s) {
	uint32_t lines = COUNTER_ROOM + s->n / (TIMES_BYTES / c->width) +
			 s->children / (uint32_t)(CHILDREN_BYTES / c->child_size);

	return counter_lines_ready(c, lines) && counter_index_ready(c);
}

/* false: there were two of the same. */
static bool enter_children(struct counter *c, struct entry *e, const struct saved *s) {
	for (uint32_t i = 0; i < s->children; i++)
		counter_children_add(c, e, s->newest_ms, s->child[i].ip, s->child[i].last_ms);
	return counter_children_count(c, e) == s->children;
}

static bool enter(struct counter *c, const struct saved *s) {
	struct counter_key key = counter_key(c, s->network);
	struct ratio_line *ratio;
	struct entry *e;

	if (counter_index_find(c, key))
		return false;
	if (!has_room(c, s)) {
		c->floor = MAX(c->floor, s->prev + s->cur);
		if (c->config.ratio > 0)
			counter_lose(c, key.hash, s->sub);
		return true;
	}
	counter_index_step(c);
	e = counter_entry(c, counter_enter(c, key));
	counter_unweigh(c, e);
	counter_set_prev(e, s->prev);
	e->cur = s->cur;
	counter_weigh(c, e);
	counter_set_error(c, e, s->error);
	e->taken_before = s->error && s->error_before;
	for (uint32_t i = 0; i + 1 < s->n; i++)
		counter_times_add(c, e, s->time[i]);
	if (s->n)
		counter_times_add(c, e, s->newest_ms);
	e->newest_ms = s->newest_ms;
	if (c->config.ratio > 0) {
		counter_ratio_new(c, e, s->sub, s->unknown);
		ratio = counter_ratio_line(c, e);
		for (int i = 0; i < SUB_WINDOWS; i++)
			counter_ratio_count(c, ratio, s->sub - SUB_WINDOWS + 1 + i, s->match[i], s->total[i]);
	}
	return enter_children(c, e, s);
}

static void get_header(struct counter *c, struct reader *r) {
	const struct counter_config *config = &c->config;
	char what[sizeof(magic)];
	uint64_t ratio;

	memcpy(&ratio, &config->ratio, sizeof(ratio));
	r->bad = fread(what, sizeof(what), 1, r->in) != 1 || memcmp(what, magic, sizeof(magic)) != 0;
	r->bad |= get(r, UINT64_MAX) != (uint64_t)config->window_ms;
	r->bad |= get(r, UINT64_MAX) != config->count;
	r->bad |= get(r, UINT64_MAX) != config->children;
	r->bad |= get(r, UINT64_MAX) != ratio;
	r->bad |= get(r, UINT64_MAX) != config->len;
	r->bad |= get(r, UINT64_MAX) != config->child_len;
	c->clock_ms = get_signed(r, COUNTER_NEVER, COUNTER_TIME_LIMIT);
	c->epoch_ms = get_signed(r, COUNTER_NEVER, COUNTER_TIME_LIMIT);
	c->block_n = get32(r, CLOCK_BLOCK - 1);
	c->block_min = get_signed(r, -COUNTER_TIME_LIMIT, COUNTER_TIME_LIMIT);
	c->block_max = get_signed(r, c->block_min, COUNTER_TIME_LIMIT);
	c->floor = get32(r, UINT32_MAX);
	c->floor_before = get32(r, UINT32_MAX);
	c->stats.takeovers = get(r, UINT64_MAX);
	c->stats.late = get(r, UINT64_MAX);
	for (unsigned i = 0; c->lost && i < LOST; i++)
		c->lost[i] = get_signed(r, COUNTER_NEVER, COUNTER_TIME_LIMIT);
}

int counter_load(struct counter *c, FILE *in) {
	struct reader r = { .in = in };
	struct saved s = { .time = calloc(c->config.count, sizeof(*s.time)),
			   .child = calloc(c->config.children + 1U, sizeof(*s.child)) };
	int err = s.time && s.child ? 0 : -ENOMEM;

	if (err == 0) {
		get_header(c, &r);
		for (uint64_t n = get(&r, UINT64_MAX); n && !r.bad; n--) {
			get_entry(c, &r, &s);
			r.bad = r.bad || !enter(c, &s);
		}
		err = r.bad ? -EBADMSG : 0;
	}
	free(s.time);
	free(s.child);
	if (err < 0 && counter_reset(c) < 0)
		return -ENOMEM;
	return err;
}
