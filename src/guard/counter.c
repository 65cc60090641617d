/* SPDX-License-Identifier: Apache-2.0 */
/* The plain form: a chained table, a sorted array of times for each network. */
#include "guard/counter.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

enum { SUB_WINDOWS = 17, TABLE_MIN = 64 };
#define TIME_LIMIT (INT64_C(1) << 60)

struct child {
	struct ip ip;
	int64_t last_ms;
};

struct network {
	struct network *next;
	struct ip ip;
	uint64_t hash;
	int64_t *time; /* oldest first */
	uint32_t n, room, error;
	struct child *child;
	uint32_t children, child_room;
	int64_t newest_ms;    /* of all requests */
	int64_t sub, unknown; /* the newest sub-window; the last one in which requests may be missing */
	uint32_t match[SUB_WINDOWS], total[SUB_WINDOWS];
};

struct counter {
	struct counter_config config;
	unsigned char key[crypto_shorthash_KEYBYTES];
	struct ip mask, child_mask;
	int64_t sub_ms;
	struct network **table;
	size_t size;
	bool overflowed;
	struct counter_stats stats;
};

size_t counter_memory_min(const struct counter_config *config) {
	size_t one = sizeof(struct network) + 2 * config->count * sizeof(int64_t) +
		     2 * config->children * sizeof(struct child);

	return MAX((size_t)COUNTER_MEMORY_MIN, 16 * one);
}

int counter_new(const struct counter_config *config, struct counter **ret_counter) {
	struct counter *c;

	if (config->window_ms < 1 || config->window_ms > INT64_C(7) * 86400000 || config->count < 1 ||
	    config->count > COUNT_MAX || config->children > CHILDREN_MAX || config->len > 128 ||
	    config->child_len > 128 || !(config->ratio >= 0 && config->ratio <= 1) ||
	    config->memory < counter_memory_min(config) || sodium_init() < 0)
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->config = *config;
	crypto_shorthash_keygen(c->key);
	c->mask = prefix_mask(config->len);
	c->child_mask = prefix_mask(config->child_len);
	c->sub_ms = (config->window_ms + 15) / 16;
	c->size = TABLE_MIN;
	c->table = calloc(c->size, sizeof(struct network *));
	if (!c->table) {
		free(c);
		return -ENOMEM;
	}
	c->stats.memory = sizeof(*c) + c->size * sizeof(struct network *);
	*ret_counter = c;
	return 0;
}

static size_t network_bytes(const struct network *n) {
	return sizeof(*n) + n->room * sizeof(*n->time) + n->child_room * sizeof(*n->child);
}

static void drop(struct counter *c, struct network **link) {
	struct network *n = *link;

	*link = n->next;
	c->stats.memory -= network_bytes(n);
	c->stats.used--;
	free(n->time);
	free(n->child);
	free(n);
}

void counter_free(struct counter *c) {
	if (!c)
		return;
	for (size_t i = 0; i < c->size; i++)
		while (c->table[i])
			drop(c, &c->table[i]);
	free(c->table);
	free(c);
}

struct counter_key counter_key(const struct counter *c, struct ip client) {
	struct counter_key key = { .network = { client.hi & c->mask.hi, client.lo & c->mask.lo } };

	(void)crypto_shorthash((unsigned char *)&key.hash, (const unsigned char *)&key.network, sizeof(key.network),
			       c->key);
	return key;
}

void counter_prefetch(struct counter *c, struct counter_key key) {
	__builtin_prefetch(&c->table[key.hash & (c->size - 1)]);
}

static struct network **find(const struct counter *c, struct counter_key key) {
	struct network **link = &c->table[key.hash & (c->size - 1)];

	while (*link && !ip_equal((*link)->ip, key.network))
		link = &(*link)->next;
	return link;
}

static int64_t sub_window(const struct counter *c, int64_t t) {
	return t >= 0 ? t / c->sub_ms : -((-t + c->sub_ms - 1) / c->sub_ms);
}

/* Makes room for more bytes: networks without matching requests go first, then those with the fewest. */
static void make_room(struct counter *c, size_t bytes, const struct network *keep) {
	while (c->stats.memory + bytes > c->config.memory) {
		struct network **least = NULL;

		for (size_t i = 0; i < c->size; i++)
			for (struct network **link = &c->table[i]; *link; link = &(*link)->next)
				if (*link != keep && (!least || (*link)->n < (*least)->n))
					least = link;
		if (!least)
			return;
		c->stats.takeovers += (*least)->n > 0;
		c->overflowed = true;
		drop(c, least);
	}
}

static void grow_table(struct counter *c) {
	size_t size = c->size * 2;
	struct network **table;

	if (c->stats.used < c->size || c->stats.memory + size * sizeof(*table) > c->config.memory)
		return;
	table = calloc(size, sizeof(struct network *));
	if (!table)
		return;
	for (size_t i = 0; i < c->size; i++)
		for (struct network *n = c->table[i], *next; n; n = next) {
			next = n->next;
			n->next = table[n->hash & (size - 1)];
			table[n->hash & (size - 1)] = n;
		}
	free(c->table);
	c->stats.memory += (size - c->size) * sizeof(*table);
	c->table = table;
	c->size = size;
}

static struct network *enter(struct counter *c, struct counter_key key, int64_t t) {
	struct network *n, **link;

	grow_table(c);
	make_room(c, sizeof(*n), NULL);
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->ip = key.network;
	n->hash = key.hash;
	n->newest_ms = INT64_MIN;
	n->sub = sub_window(c, t);
	n->unknown = c->overflowed ? n->sub : INT64_MIN;
	link = &c->table[key.hash & (c->size - 1)];
	n->next = *link;
	*link = n;
	c->stats.memory += sizeof(*n);
	c->stats.used++;
	return n;
}

/* Room for one more item of an array of the network. */
static bool widen(struct counter *c, struct network *n, void *array, uint32_t *room, uint32_t used, size_t size) {
	uint32_t more = used < 4 ? 4 : used * 2;
	void *p;

	if (used < *room)
		return true;
	make_room(c, (more - *room) * size, n);
	p = reallocarray(*(void **)array, more, size);
	if (!p)
		return false;
	c->stats.memory += (more - *room) * size;
	*(void **)array = p;
	*room = more;
	return true;
}

static void add_time(struct counter *c, struct network *n, int64_t t) {
	uint32_t at, old = 0;

	while (old < n->n && n->time[old] <= MAX(t, n->newest_ms) - c->config.window_ms)
		old++;
	if (old == 0 && n->n == c->config.count) {
		if (t <= n->time[0])
			return;
		old = 1;
	}
	if (old)
		memmove(n->time, n->time + old, (n->n - old) * sizeof(*n->time));
	n->n -= old;
	if (!widen(c, n, &n->time, &n->room, n->n, sizeof(*n->time)))
		return;
	for (at = n->n; at > 0 && n->time[at - 1] > t; at--)
		n->time[at] = n->time[at - 1];
	n->time[at] = t;
	n->n++;
}

static void add_child(struct counter *c, struct network *n, struct ip ip, int64_t t) {
	int64_t horizon = n->time[n->n - 1] - c->config.window_ms;
	uint32_t kept = 0, oldest = 0;
	bool known = false;

	for (uint32_t i = 0; i < n->children; i++) {
		if (n->child[i].last_ms <= horizon)
			continue;
		n->child[kept] = n->child[i];
		if (ip_equal(n->child[kept].ip, ip)) {
			n->child[kept].last_ms = MAX(t, n->child[kept].last_ms);
			known = true;
		}
		if (n->child[kept].last_ms < n->child[oldest].last_ms)
			oldest = kept;
		kept++;
	}
	n->children = kept;
	if (known)
		return;
	if (kept == c->config.children) {
		if (t > n->child[oldest].last_ms)
			n->child[oldest] = (struct child){ ip, t };
		return;
	}
	if (widen(c, n, &n->child, &n->child_room, kept, sizeof(*n->child)))
		n->child[n->children++] = (struct child){ ip, t };
}

static void add_request(const struct counter *c, struct network *n, int64_t t, bool matches) {
	int64_t sub = sub_window(c, t);

	if (sub > n->sub) {
		int64_t by = MIN(sub - n->sub, (int64_t)SUB_WINDOWS);

		memmove(n->match + by, n->match, (size_t)(SUB_WINDOWS - by) * sizeof(*n->match));
		memmove(n->total + by, n->total, (size_t)(SUB_WINDOWS - by) * sizeof(*n->total));
		memset(n->match, 0, (size_t)by * sizeof(*n->match));
		memset(n->total, 0, (size_t)by * sizeof(*n->total));
		n->sub = sub;
	}
	if (n->sub - sub >= SUB_WINDOWS)
		return;
	n->match[n->sub - sub] += matches;
	n->total[n->sub - sub]++;
}

static struct counter_result result_of(const struct counter *c, const struct network *n) {
	struct counter_result r = { .ratio = 1 };
	uint64_t match = 0, total = 0;

	r.count = n->n;
	r.error = n->error;
	r.children = n->children;
	if (n->n) {
		r.first_ms = n->time[0];
		r.newest_ms = n->time[n->n - 1];
	}
	if (c->config.ratio > 0) {
		for (int i = 0; i < SUB_WINDOWS; i++) {
			match += n->match[i];
			total += n->total[i];
		}
		r.ratio = total ? (double)match / (double)total : 0;
	}
	r.over = r.count >= c->config.count && r.children >= c->config.children && r.ratio >= c->config.ratio &&
		 (!(c->config.ratio > 0) || n->unknown == INT64_MIN || n->sub - n->unknown >= SUB_WINDOWS);
	return r;
}

static int64_t sane(int64_t t) {
	return MAX(-TIME_LIMIT, MIN(t, TIME_LIMIT));
}

struct counter_result counter_add(struct counter *c, struct counter_key key, struct ip client, int64_t time_ms) {
	struct network *n = *find(c, key);
	struct counter_result r;

	time_ms = sane(time_ms);
	if (n && n->n && time_ms <= n->time[n->n - 1] - c->config.window_ms) {
		c->stats.late++;
		r = result_of(c, n);
		r.late = true;
		return r;
	}
	if (!n)
		n = enter(c, key, time_ms);
	if (!n)
		return (struct counter_result){ 0 };
	n->newest_ms = MAX(n->newest_ms, time_ms);
	add_time(c, n, time_ms);
	if (c->config.children && n->n)
		add_child(c, n, (struct ip){ client.hi & c->child_mask.hi, client.lo & c->child_mask.lo }, time_ms);
	if (c->config.ratio > 0)
		add_request(c, n, time_ms, true);
	return result_of(c, n);
}

void counter_total(struct counter *c, struct counter_key key, int64_t time_ms) {
	struct network *n;

	if (!(c->config.ratio > 0))
		return;
	time_ms = sane(time_ms);
	n = *find(c, key);
	if (!n)
		n = enter(c, key, time_ms);
	if (n)
		add_request(c, n, time_ms, false);
}

struct counter_result counter_look(const struct counter *c, struct counter_key key) {
	const struct network *n = *find(c, key);

	return n ? result_of(c, n) : (struct counter_result){ 0 };
}

void counter_forget(struct counter *c, struct counter_key key) {
	struct network **link = find(c, key);

	if (*link)
		drop(c, link);
}

/* Whether anything is left of the network. */
static bool step_back(const struct counter *c, struct network *n, int64_t t) {
	int64_t sub = sub_window(c, t), by;
	uint32_t kept = 0;
	uint64_t total = 0;

	while (n->n && n->time[n->n - 1] > t)
		n->n--;
	for (uint32_t i = 0; i < n->children; i++)
		if (n->child[i].last_ms <= t)
			n->child[kept++] = n->child[i];
	n->children = kept;
	n->newest_ms = MIN(n->newest_ms, t);
	by = MIN(n->sub - sub, (int64_t)SUB_WINDOWS);
	if (by > 0) {
		memmove(n->match, n->match + by, (size_t)(SUB_WINDOWS - by) * sizeof(*n->match));
		memmove(n->total, n->total + by, (size_t)(SUB_WINDOWS - by) * sizeof(*n->total));
		memset(n->match + SUB_WINDOWS - by, 0, (size_t)by * sizeof(*n->match));
		memset(n->total + SUB_WINDOWS - by, 0, (size_t)by * sizeof(*n->total));
		n->sub = sub;
	}
	for (int i = 0; i < SUB_WINDOWS; i++)
		total += n->total[i];
	return n->n || total;
}

void counter_step_back(struct counter *c, int64_t time_ms) {
	time_ms = sane(time_ms);
	for (size_t i = 0; i < c->size; i++)
		for (struct network **link = &c->table[i]; *link;)
			if (step_back(c, *link, time_ms))
				link = &(*link)->next;
			else
				drop(c, link);
}

struct counter_stats counter_stats(const struct counter *c) {
	struct counter_stats s = c->stats;

	s.slots = c->config.memory / sizeof(struct network);
	return s;
}

static bool put(FILE *out, const void *p, size_t size) {
	return size == 0 || fwrite(p, size, 1, out) == 1;
}

static bool get(FILE *in, void *p, size_t size) {
	return size == 0 || fread(p, size, 1, in) == 1;
}

static const char magic[8] = "hxcount";

int counter_save(const struct counter *c, FILE *out) {
	bool good = put(out, magic, sizeof(magic)) && put(out, &c->config, sizeof(c->config)) &&
		    put(out, &c->stats, sizeof(c->stats)) && put(out, &c->overflowed, sizeof(c->overflowed));

	for (size_t i = 0; i < c->size; i++)
		for (const struct network *n = c->table[i]; n && good; n = n->next)
			good = put(out, n, sizeof(*n)) && put(out, n->time, n->n * sizeof(*n->time)) &&
			       put(out, n->child, n->children * sizeof(*n->child));
	return good ? 0 : -EIO;
}

static int load_network(struct counter *c, FILE *in) {
	struct network *n, saved;

	if (!get(in, &saved, sizeof(saved)))
		return -EBADMSG;
	if (saved.n > c->config.count || saved.children > c->config.children)
		return -EBADMSG;
	n = enter(c, counter_key(c, saved.ip), 0);
	if (!n)
		return -ENOMEM;
	saved.next = n->next;
	saved.hash = n->hash;
	saved.room = saved.n;
	saved.child_room = saved.children;
	*n = saved;
	n->time = calloc(n->n + 1, sizeof(*n->time));
	n->child = calloc(n->children + 1, sizeof(*n->child));
	c->stats.memory += network_bytes(n) - sizeof(*n);
	if (!n->time || !n->child || !get(in, n->time, n->n * sizeof(*n->time)) ||
	    !get(in, n->child, n->children * sizeof(*n->child)))
		return -EBADMSG;
	return 0;
}

static bool same_config(const struct counter_config *a, const struct counter_config *b) {
	return a->window_ms == b->window_ms && a->count == b->count && a->children == b->children &&
	       !(a->ratio < b->ratio) && !(a->ratio > b->ratio) && a->len == b->len && a->child_len == b->child_len;
}

int counter_load(struct counter *c, FILE *in) {
	struct counter_config config;
	struct counter_stats stats;
	bool overflowed;
	char m[8];
	int r = 0;

	if (!get(in, m, sizeof(m)) || memcmp(m, magic, sizeof(m)) != 0 || !get(in, &config, sizeof(config)) ||
	    !same_config(&config, &c->config) || !get(in, &stats, sizeof(stats)) ||
	    !get(in, &overflowed, sizeof(overflowed)))
		return -EBADMSG;
	for (uint64_t i = 0; i < stats.used && r == 0; i++)
		r = load_network(c, in);
	if (r < 0) {
		for (size_t i = 0; i < c->size; i++)
			while (c->table[i])
				drop(c, &c->table[i]);
		return r;
	}
	c->stats.takeovers = stats.takeovers;
	c->stats.late = stats.late;
	c->overflowed = overflowed;
	return 0;
}
