/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests in, bans out: rules, counters, allowlist, repetition. A pure state machine: the same requests and commands
 * in the same order give the same bans, whatever the wall clock says and however they are cut into batches. Time is the
 * log's.
 *
 * For each request, in order: its log's clock is told (clock.h), and a client in the allowlist is not looked at any
 * more. For each rule in order: where it matches, the counters of all levels of the client's family are told; then the
 * levels are asked, the widest first, and the first that is over (counter.h) and not inside an active ban bans its
 * network, from its newest event on: one ban for a request and rule. Where the rule does not match, the counters of
 * those levels that ask for a ratio are told of a request in total.
 *
 * A ban is active at a time t when at <= t < until. A network is inside an active ban when a ban of it or of a wider
 * network, by any rule or by hand, is active at the network's newest event. It is not banned again then; its requests
 * are still counted, so that who goes on during the ban is banned again when it ends. A network that holds a part of
 * the allowlist is banned as any other: every sink carves the allowlist out (sink.h).
 *
 * Repetition: the k-th ban of the same network by the same rule lasts ban * grow^(k-1), at most ban_max, or a year
 * without one; k begins anew when the last one ended longer ago than that.
 *
 * A request without a time, or with one outside the years 1970 to 9999, has the newest time of all logs; before there
 * is one it is not looked at.
 */
#pragma once

#include "guard/counter.h"
#include "logs/record.h"

enum { SAMPLE_MAX = 512 }; /* bytes of a line that are kept as evidence */

struct engine_config {
	const struct rule *rules; /* borrowed, as the set */
	size_t rule_count;
	const struct prefix_set *allow; /* normal */
	/* Prefixes /96 behind which IPv4 clients appear, each with its address at the end (NAT64, RFC 6052; SIIT-DC,
	 * RFC 7755). They are counted and banned by the IPv4 levels: a /64 of them is all of IPv4. */
	const struct prefix *translated;
	size_t translated_count;
	size_t memory; /* for all counters together, bytes; divided in engine.c */
};

/* A request: what is left of a log_record when the rules have been matched, since a record's texts are gone with the
 * parser's next line. */
struct request {
	struct ip addr;
	int64_t time_ms;
	uint64_t rules;  /* engine_match(): a bit for each rule that it matches */
	struct str line; /* it was read from; { NULL, 0 }: not kept as evidence */
	uint16_t source; /* the caller's number of the log */
};

/* What every ban rests on. */
struct evidence {
	uint32_t count;    /* matching requests in the window, the rule's threshold */
	uint32_t children; /* distinct, 0 when the level does not ask */
	double ratio;      /* 0 when the level does not ask */
	int64_t first_ms;  /* of these requests */
	int64_t window_ms; /* the rule's */
	struct ip client;  /* who sent the request that was one too many */
	/* Lines: of the oldest of these requests, and of the one too many. At most SAMPLE_MAX bytes, terminated, zeros
	 * as '?'. NULL when not kept any more, and always where a ban is listed later: they are the store's. */
	const char *first, *last;
};

enum ban_origin { BAN_BY_RULE, BAN_BY_HAND };

struct ban {
	struct prefix network;
	enum ban_origin origin;
	const char *rule; /* its name; for BAN_BY_HAND "manual" */
	int64_t at_ms, until_ms;
	uint32_t repetition; /* 1: the first */
	struct evidence evidence;
	const char *comment; /* BAN_BY_HAND: what the operator said, or NULL */
};

struct engine;

int engine_new(const struct engine_config *config, struct engine **ret_engine); /* 0, -EINVAL, -ENOSPC, -ENOMEM */
/* The least memory that these rules need: with less, engine_new() is -ENOSPC. */
size_t engine_memory_min(const struct engine_config *config);
void engine_free(struct engine *e);

/* The rules that a record matches, a bit each; only the texts and the status are looked at. */
uint64_t engine_match(const struct engine *e, const struct log_record *record);

/* Calls ban() for each new ban, in order; its texts are good during the call. */
typedef void (*engine_ban_fn)(const struct ban *ban, void *user);
void engine_requests(struct engine *e, const struct request *requests, size_t n, engine_ban_fn ban, void *user);

/* An operator's wish, at a log time. Ban: ends the bans of the same network that have not ended yet, and takes their
 * place. -EPERM when the whole network lies in the allowlist. Unban: ends them, and forgets the network's counters;
 * -ENOENT when there is none. */
int engine_ban(struct engine *e, struct prefix network, int64_t at_ms, int64_t until_ms, const char *comment);
int engine_unban(struct engine *e, struct prefix network, int64_t at_ms);

/* Bans active at a time, in the order of the networks; and those that cover an address or lie in a network. */
void engine_each_ban(const struct engine *e, int64_t at_ms, void (*fn)(const struct ban *ban, void *user), void *user);
size_t engine_ban_count(const struct engine *e, int64_t at_ms);
/* Forgets bans that ended before this and can no longer count as repetition. */
void engine_expire(struct engine *e, int64_t at_ms);

/* The newest time of the logs' clocks, or LOG_TIME_NONE. */
int64_t engine_clock(const struct engine *e);

/* Everything that touches an address: for each rule and level what is counted and what is needed. What is older than
 * the rule's window at the time of the question counts as nothing. */
struct explain {
	const struct rule *rule;
	const struct rule_level *level;
	struct prefix network;
	struct counter_result now;
	const struct ban *ban; /* an active one of exactly this network by this rule, or NULL; good during the call */
	uint32_t missing;      /* matching requests until it is over on count; 0 */
};
struct explain_head {
	struct ip ip;
	bool allowed;             /* never banned, */
	struct prefix allowed_by; /* because it lies in this */
	bool banned;              /* by this one, the longest lasting of the active bans that cover it */
	struct ban ban;
};
void engine_explain(const struct engine *e, struct ip ip, int64_t at_ms, struct explain_head *ret_head,
		    void (*fn)(const struct explain *x, void *user), void *user);

struct engine_stats {
	uint64_t requests, matched; /* matched: at least one rule */
	uint64_t allowed, untimed;  /* not looked at: in the allowlist; without a time before there was one */
	uint64_t late;              /* matched, but too late for a rule's finest level */
	uint64_t steps;             /* a log's clock stepped back */
	uint64_t bans, takeovers;
	size_t memory, memory_max;
};
struct engine_stats engine_stats(const struct engine *e);

/* The whole state: counters, bans, repetition, clocks, lines; into an engine with the same rules. What
 * follows then is what would have followed. save: 0 or -errno. load: 0, -EBADMSG (damaged, or the rules have changed:
 * *ret_why, malloc'ed, says which), -ENOMEM; on failure the engine is empty. */
int engine_save(const struct engine *e, FILE *out);
int engine_load(struct engine *e, FILE *in, char **ret_why);
