/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests go through in flights: first the places in memory of all counters that a flight will touch are worked out
 * and asked for, then the requests are counted one after the other, in order. The first step changes nothing, so that
 * the cuts between flights cannot be seen in the results.
 */
#include "guard/engine.h"

#include <errno.h>
#include <string.h>

#include "guard/engine_state.h"

enum {
	SAMPLES_ALL = 8192, /* lines kept by all rules together, about 4 MiB */
	FINEST_WEIGHT = 4,  /* the memory of a finest level against a wider one, which has less to hold */
};
static const int64_t TIME_MAX_MS = INT64_C(253402300799999); /* the end of the year 9999 */

static bool time_is_known(int64_t time_ms) {
	return time_ms >= 0 && time_ms <= TIME_MAX_MS;
}

static bool rule_is_valid(const struct rule *r) {
	return r->ban_ms >= 1 && r->ban_ms <= BAN_MAX_MS && r->ban_grow >= 1 && r->ban_max_ms >= 0 &&
	       r->ban_max_ms <= BAN_MAX_MS && r->level_count[0] <= LEVEL_MAX && r->level_count[1] <= LEVEL_MAX;
}

static struct counter_config counter_of(const struct rule *r, const struct rule_level *level) {
	return (struct counter_config){
		.window_ms = r->window_ms,
		.count = level->count,
		.children = level->children,
		.ratio = level->ratio,
		.len = level->len,
		.child_len = level->child_len,
	};
}

/* Memory is what each counter needs at least, and of the rest a share. */
struct shares {
	size_t least, weight, counters;
};

static unsigned level_weight(const struct rule *r, unsigned family, size_t level) {
	return level + 1U == r->level_count[family] ? FINEST_WEIGHT : 1;
}

static struct shares shares_of(const struct engine_config *c) {
	struct shares s = { 0 };

	for (size_t i = 0; i < c->rule_count; i++) {
		const struct rule *r = &c->rules[i];

		for (unsigned family = 0; family < 2; family++) {
			for (size_t l = 0; l < r->level_count[family]; l++) {
				struct counter_config one = counter_of(r, &r->level[family][l]);

				s.least += counter_memory_min(&one);
				s.weight += level_weight(r, family, l);
				s.counters++;
			}
		}
	}
	return s;
}

size_t engine_memory_min(const struct engine_config *config) {
	return shares_of(config).least;
}

static int add_tiers(struct engine *e, size_t rule, unsigned family, size_t share) {
	const struct rule *r = &e->config.rules[rule];

	e->first_tier[rule][family] = (uint32_t)e->tier_count;
	for (size_t l = 0; l < r->level_count[family]; l++) {
		struct tier *t = &e->tier[e->tier_count];
		struct counter_config c;
		int err;

		*t = (struct tier){ .level = &r->level[family][l], .rule = (uint16_t)rule };
		c = counter_of(r, t->level);
		c.memory = counter_memory_min(&c) + share * level_weight(r, family, l);
		err = counter_new(&c, &t->counter);
		if (err < 0)
			return err;
		e->tier_count++;
	}
	return 0;
}

static int add_rules(struct engine *e) {
	const struct engine_config *c = &e->config;
	struct shares s;
	size_t share;
	int err = 0;

	for (size_t i = 0; i < c->rule_count; i++)
		if (!rule_is_valid(&c->rules[i]))
			return -EINVAL;
	s = shares_of(c);
	if (c->memory < s.least)
		return -ENOSPC;
	share = s.weight ? (c->memory - s.least) / s.weight : 0;
	e->tier = calloc(s.counters + 1, sizeof(*e->tier));
	if (!e->tier)
		return -ENOMEM;
	for (size_t i = 0; i < c->rule_count; i++) {
		for (unsigned family = 0; family < 2 && err == 0; family++)
			err = add_tiers(e, i, family, share);
		if (err == 0)
			err = samples_init(&e->samples[i], (uint32_t)(SAMPLES_ALL / c->rule_count));
		if (err < 0)
			return err;
	}
	e->first_tier[c->rule_count][0] = (uint32_t)e->tier_count;
	return bans_init(&e->bans);
}

static void empty(struct engine *e) {
	for (size_t i = 0; i < e->tier_count; i++)
		counter_free(e->tier[i].counter);
	for (size_t i = 0; i < e->config.rule_count; i++)
		samples_done(&e->samples[i]);
	bans_done(&e->bans);
	free(e->tier);
	free(e->clock);
	*e = (struct engine){ .config = e->config };
}

int engine_reset(struct engine *e) {
	empty(e);
	return add_rules(e);
}

int engine_new(const struct engine_config *config, struct engine **ret_engine) {
	struct engine *e;
	int err;

	if (config->rule_count > RULE_MAX)
		return -EINVAL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->config = *config;
	err = add_rules(e);
	if (err < 0)
		engine_free(e);
	else
		*ret_engine = e;
	return err;
}

void engine_free(struct engine *e) {
	if (!e)
		return;
	empty(e);
	free(e);
}

struct step_clock *engine_source_clock(struct engine *e, uint16_t source) {
	struct step_clock *more;
	size_t n = source + 1U;

	if (source < e->clock_count)
		return &e->clock[source];
	more = reallocarray(e->clock, n, sizeof(*more));
	if (!more)
		return NULL;
	memset(more + e->clock_count, 0, (n - e->clock_count) * sizeof(*more));
	e->clock = more;
	e->clock_count = n;
	return &e->clock[source];
}

int64_t engine_clock(const struct engine *e) {
	int64_t newest = LOG_TIME_NONE;

	for (size_t i = 0; i < e->clock_count; i++)
		if (e->clock[i].running)
			newest = MAX(newest, e->clock[i].newest_ms);
	return newest;
}

static void step_back(struct engine *e, int64_t to_ms) {
	int64_t keep = to_ms;

	for (size_t i = 0; i < e->clock_count; i++)
		keep = MAX(keep, step_clock_keep(&e->clock[i], to_ms));
	for (size_t i = 0; i < e->tier_count; i++)
		counter_step_back(e->tier[i].counter, keep);
	e->stats.steps++;
}

/* The time a request counts at; tells its log's clock. LOG_TIME_NONE: at none. */
static int64_t request_time(struct engine *e, const struct request *r) {
	struct step_clock *clock;

	if (!time_is_known(r->time_ms))
		return engine_clock(e);
	clock = engine_source_clock(e, r->source);
	if (clock && step_clock_tell(clock, r->time_ms))
		step_back(e, clock->newest_ms);
	return r->time_ms;
}

static int64_t ban_time(const struct rule *r, uint32_t repetition) {
	double time = (double)r->ban_ms, longest = (double)rule_longest_ban(r);

	for (uint32_t k = 1; k < repetition && time < longest && r->ban_grow > 1; k++)
		time *= r->ban_grow;
	return time < longest ? (int64_t)time : rule_longest_ban(r);
}

struct ban engine_show_ban(const struct engine *e, const struct ban_record *b) {
	bool by_hand = b->rule == RULE_BY_HAND;

	return (struct ban){
		.network = b->network,
		.origin = by_hand ? BAN_BY_HAND : BAN_BY_RULE,
		.rule = by_hand ? "manual" : e->config.rules[b->rule].name,
		.at_ms = b->at_ms,
		.until_ms = b->until_ms,
		.repetition = b->repetition,
		.comment = b->comment,
		.evidence = { .count = b->count,
			      .children = b->children,
			      .ratio = b->ratio,
			      .first_ms = b->first_ms,
			      .window_ms = by_hand ? 0 : e->config.rules[b->rule].window_ms,
			      .client = b->client },
	};
}

static struct ban_record *enter_ban(struct engine *e, const struct tier *t, struct prefix network,
				    const struct counter_result *c, struct ip client) {
	const struct rule *rule = &e->config.rules[t->rule];
	struct ban_record *b = bans_find(&e->bans, network, t->rule);

	if (!b)
		b = bans_add(&e->bans, network, t->rule);
	if (b->repetition && c->newest_ms - b->until_ms > rule_longest_ban(rule))
		b->repetition = 0;
	b->repetition += b->repetition < UINT32_MAX;
	b->at_ms = c->newest_ms;
	b->until_ms = b->at_ms + ban_time(rule, b->repetition);
	b->count = c->count;
	b->children = t->level->children ? c->children : 0;
	b->ratio = t->level->ratio > 0 ? c->ratio : 0;
	b->first_ms = c->first_ms;
	b->client = client;
	e->stats.bans++;
	return b;
}

static void ban(struct engine *e, const struct tier *t, struct prefix network, const struct counter_result *c,
		const struct request *r, engine_ban_fn fn, void *user) {
	const struct samples *samples = &e->samples[t->rule];
	struct ban shown = engine_show_ban(e, enter_ban(e, t, network, c, r->addr));

	shown.evidence.first = samples_find(samples, network, c->first_ms);
	shown.evidence.last = r->line.s ? samples_newest(samples) : NULL;
	fn(&shown, user);
}

/* A request that matches: its counters, the widest first, and their keys. */
static void count_match(struct engine *e, const struct tier *tier, size_t n, const struct counter_key *key,
			const struct request *r, int64_t time_ms, engine_ban_fn fn, void *user) {
	struct counter_result result[LEVEL_MAX];

	for (size_t i = 0; i < n; i++)
		result[i] = counter_add(tier[i].counter, key[i], r->addr, time_ms);
	if (n)
		e->stats.late += result[n - 1].late;
	for (size_t i = 0; i < n; i++) {
		struct prefix network = { key[i].network, tier[i].level->len };

		if (result[i].over && !bans_over(&e->bans, network, result[i].newest_ms)) {
			ban(e, &tier[i], network, &result[i], r, fn, user);
			return;
		}
	}
}

/* Whether a counter will be told of a request: of any for a ratio, else of those that match. */
static bool is_told(const struct tier *t, bool matches) {
	return matches || t->level->ratio > 0;
}

/* Works out the keys of as many requests as fit. */
static void prepare(struct engine *e, const struct request *requests, size_t n) {
	struct flight *f = &e->flight;
	size_t keys = 0;

	for (f->n = 0; f->n < MIN(n, FLIGHT_REQUESTS); f->n++) {
		const struct request *r = &requests[f->n];
		unsigned family = engine_family(e, r->addr);

		f->first_key[f->n] = (uint16_t)keys;
		f->counted[f->n] = !prefix_set_has_ip(e->config.allow, r->addr);
		if (!f->counted[f->n])
			continue;
		if (f->n && FLIGHT_KEYS - keys < e->tier_count)
			return;
		for (size_t rule = 0; rule < e->config.rule_count; rule++) {
			bool matches = r->rules >> rule & 1;

			for (size_t i = e->first_tier[rule][family]; i < engine_tier_end(e, rule, family); i++) {
				if (!is_told(&e->tier[i], matches))
					continue;
				f->key[keys] = counter_key(e->tier[i].counter, r->addr);
				counter_prefetch(e->tier[i].counter, f->key[keys++]);
			}
		}
	}
}

/* Counts one request by all rules. */
static void count(struct engine *e, const struct request *r, int64_t time_ms, const struct counter_key *key,
		  engine_ban_fn fn, void *user) {
	unsigned family = engine_family(e, r->addr);

	for (size_t rule = 0; rule < e->config.rule_count; rule++) {
		size_t first = e->first_tier[rule][family], end = engine_tier_end(e, rule, family);

		if (r->rules >> rule & 1) {
			samples_add(&e->samples[rule], r->addr, time_ms, r->line);
			count_match(e, &e->tier[first], end - first, key, r, time_ms, fn, user);
			key += end - first;
			continue;
		}
		for (size_t i = first; i < end; i++)
			if (is_told(&e->tier[i], false))
				counter_total(e->tier[i].counter, *key++, time_ms);
	}
}

void engine_requests(struct engine *e, const struct request *requests, size_t n, engine_ban_fn fn, void *user) {
	const struct flight *f = &e->flight;

	for (; n; requests += f->n, n -= f->n) {
		prepare(e, requests, n);
		for (size_t i = 0; i < f->n; i++) {
			int64_t time_ms = request_time(e, &requests[i]);

			e->stats.requests++;
			e->stats.matched += requests[i].rules != 0;
			e->stats.allowed += !f->counted[i];
			e->stats.untimed += time_ms == LOG_TIME_NONE;
			if (f->counted[i] && time_ms != LOG_TIME_NONE)
				count(e, &requests[i], time_ms, &f->key[f->first_key[i]], fn, user);
		}
	}
}
