/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of an engine, for the files engine*.c only. */
#pragma once

#include "guard/clock.h"
#include "guard/engine.h"

/* engine_bans.c: the last ban of each network by each rule, and by hand. */
enum { RULE_BY_HAND = RULE_MAX };

struct ban_record {
	struct prefix network;
	uint16_t rule; /* index, or RULE_BY_HAND */
	uint32_t repetition;
	int64_t at_ms, until_ms;
	uint32_t count, children;
	double ratio;
	int64_t first_ms;
	struct ip client;
	char *comment;     /* heap, or NULL */
	uint32_t next_one; /* index + 1 of the next record in the bucket; 0: none */
};

struct ban_table {
	VEC(struct ban_record) records;
	uint32_t *bucket; /* index + 1; a power of two of them */
	size_t bucket_count;
	uint64_t length[2][3]; /* by family: a bit for each prefix length that there is */
};

int bans_init(struct ban_table *t); /* 0 or -ENOMEM */
void bans_done(struct ban_table *t);
/* The record of a network and rule, or NULL; good until the next bans_add(). */
struct ban_record *bans_find(const struct ban_table *t, struct prefix network, unsigned rule);
/* A new one, zeroed but for network and rule, which must not be there. */
struct ban_record *bans_add(struct ban_table *t, struct prefix network, unsigned rule);
/* The active ban of the network or of a wider one that ends last, or NULL. */
const struct ban_record *bans_over(const struct ban_table *t, struct prefix network, int64_t at_ms);
/* Drops those for which gone() says so. */
void bans_sweep(struct ban_table *t, bool (*gone)(const struct ban_record *b, const void *user), const void *user);

static inline bool ban_is_active(const struct ban_record *b, int64_t at_ms) {
	return b->at_ms <= at_ms && at_ms < b->until_ms;
}

/* engine_samples.c: the last lines that matched one rule, the oldest overwritten. */
enum { SAMPLE_SLOT = SAMPLE_MAX + 1 };
struct sample {
	struct ip addr;
	int64_t time_ms;
	uint16_t len;
};
struct samples {
	struct sample *sample; /* what is needed to find one, apart from */
	char *text;            /* the texts, SAMPLE_SLOT bytes each */
	uint32_t size, used, next;
};

int samples_init(struct samples *s, uint32_t size);
void samples_done(struct samples *s);
void samples_add(struct samples *s, struct ip addr, int64_t time_ms, struct str line);
/* The oldest kept line of a network and time, or NULL; the newest one of all; terminated. */
const char *samples_find(const struct samples *s, struct prefix network, int64_t time_ms);
const char *samples_newest(const struct samples *s);

#define BAN_MAX_MS (INT64_C(365) * 24 * 3600 * 1000)

/* The longest ban, and how long after the end of one the next counts as repeated. */
static inline int64_t rule_longest_ban(const struct rule *r) {
	return r->ban_max_ms ? r->ban_max_ms : BAN_MAX_MS;
}

/* A rule's level. */
struct tier {
	struct counter *counter;
	const struct rule_level *level;
	uint16_t rule;
};

/* Requests that are being counted, and where: see engine.c. */
enum {
	FLIGHT_REQUESTS = 64,
	FLIGHT_KEYS = RULE_MAX * LEVEL_MAX, /* one request's may be so many */
};
struct flight {
	size_t n; /* requests */
	bool counted[FLIGHT_REQUESTS];
	uint16_t first_key[FLIGHT_REQUESTS];
	struct counter_key key[FLIGHT_KEYS]; /* of each request, in the order in which the counters will be told */
};

struct engine {
	struct engine_config config;
	struct tier *tier; /* by rule, family, level: the widest first */
	size_t tier_count;
	uint32_t first_tier[RULE_MAX + 1][2]; /* [rule][family]; the next one's first is the end */
	struct step_clock *clock;             /* by source */
	size_t clock_count;
	struct ban_table bans;
	struct samples samples[RULE_MAX]; /* by rule */
	struct flight flight;
	struct engine_stats stats; /* but for what is asked of the counters */
};

/* By whose levels a client is counted: 0 IPv4's, 1 IPv6's. A translated client has an IPv4 address of its own at the
 * end of its IPv6 one, just where our IPv4 addresses have it, so IPv4's lengths fit as they are. */
static inline unsigned engine_family(const struct engine *e, struct ip ip) {
	if (ip_is_v4(ip))
		return 0;
	for (size_t i = 0; i < e->config.translated_count; i++)
		if (prefix_has_ip(e->config.translated[i], ip))
			return 0;
	return 1;
}

static inline size_t engine_tier_end(const struct engine *e, size_t rule, unsigned family) {
	return family == 0 ? e->first_tier[rule][1] : e->first_tier[rule + 1][0];
}

/* The clock of a source, made when first asked for; NULL: no memory. */
struct step_clock *engine_source_clock(struct engine *e, uint16_t source);

/* A record as callers see it; without lines. */
struct ban engine_show_ban(const struct engine *e, const struct ban_record *b);

/* Forgets all requests and bans. */
int engine_reset(struct engine *e);
