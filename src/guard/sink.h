/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where bans take effect. A sink is named by a spec:
 *
 *     nft:hextet_guard                      an nftables table of its own, sets with timeouts
 *     haproxy:/run/haproxy/admin.sock,acl=/etc/haproxy/banned.lst
 *     route:TABLE                           blackhole routes in a kernel routing table (number or name)
 *     file:/etc/nginx/banned.conf,format=nginx   a list, replaced atomically (network_file.h)
 *     dry                                   only said
 *
 * Each kind is one file sink_KIND.c. All hold the same thing: the active bans, with the allowlist never inside. Where
 * the target can let addresses pass before it looks at the bans (nft), the allowlist is put there; elsewhere a ban is
 * split around it (ban_carve), so that what is written down holds no address of the allowlist.
 *
 * Errors are one sentence (malloc'ed). A sink that fails is tried again by the next change and the next reconcile; one
 * that did not answer in time, by the next reconcile only. Nobody waits for an answer longer than SINK_TIMEOUT_MS.
 */
#pragma once

#include "guard/carve.h"

enum { SINK_TIMEOUT_MS = 500, SINK_SLACK_MS = 2000 };

/* An active ban as sinks see it. */
struct sink_entry {
	struct prefix network;
	int64_t left_ms; /* until it ends, from now; > 0 */
};

/* One change, of an element as the sink keeps it. */
struct sink_change {
	struct sink_entry entry;
	bool remove;
};

struct ban_sink;

struct ban_sink_config {
	const char *place;                         /* behind the KIND: */
	const struct prefix_set *allow;            /* normal; borrowed */
	void (*say)(const char *text, void *user); /* what `dry` prints with */
	void *user;
};

struct ban_sink_kind {
	const char *name, *summary;
	bool carves;  /* bans are split around the allowlist before they get here; never together with expires */
	bool expires; /* the target ends bans by itself (timeouts); else they are removed when they end */
	/* Connects or creates what there must be (table, chains, sets, the allowlist in them); what is in `c` is
	 * borrowed until close(). 0, or -errno and why; the sink exists either way if *ret_sink is set: a target that
	 * is not there yet is tried again by prepare(). The kind allocates a struct that begins with struct ban_sink,
	 * and leaves that part to sink.c: it is not filled in before open() returns. */
	int (*open)(const struct ban_sink_config *c, struct ban_sink **ret_sink, char **ret_why);
	void (*close)(struct ban_sink *s); /* what it wrote stays */
	/* Makes sure that the structure around the elements is there and right; called before each reconcile. */
	int (*prepare)(struct ban_sink *s, char **ret_why);
	/* All of them or, on failure, any part: reconcile mends. In order: the last change of a network counts. Adding
	 * what is there sets its time anew; removing what is not there is no error. With n == 0, only what the last
	 * list() counted as unreadable is removed. > 0 and why when the target refused single elements, and all others
	 * are done: the sink goes on working. */
	int (*apply)(struct ban_sink *s, const struct sink_change *changes, size_t n, char **ret_why);
	/* What is there, in any order; left_ms is INT64_MAX where the target knows no times. Sets s->unreadable. */
	int (*list)(struct ban_sink *s, void (*fn)(const struct sink_entry *e, void *user), void *user, char **ret_why);
	/* NULL, or what is done at the end of each reconcile, failed or not, for what may lag behind by one interval: a
	 * copy on disk that the target starts from. All that is wanted, sorted, each once. */
	int (*settle)(struct ban_sink *s, const struct sink_entry *wanted, size_t n, char **ret_why);
};
extern const struct ban_sink_kind *const ban_sink_list[]; /* NULL-terminated */

struct ban_sink {
	const struct ban_sink_kind *kind;
	char *spec;
	struct ban_sink_config config;
	bool working;           /* as of the last call */
	bool stalled;           /* it did not answer in time */
	char *why;              /* or why not; while it works: what it refused, or NULL */
	uint64_t applied;       /* changes since opened */
	uint64_t unreadable;    /* what the last list() found that is no network (a line written by hand) */
	const char *mended;     /* what the last prepare() found wrong around the elements, and mended; NULL */
	struct ban_pieces bans; /* of a kind that carves: what it was asked to hold, whether or not it could */
	struct sink_drift {
		uint64_t missing, foreign, wrong_time; /* found and mended by the last reconcile that found any */
		struct prefix example;                 /* of them */
		const char *structure;                 /* what was wrong around the elements, or NULL; lives for ever */
		int64_t at_ms;                         /* when (wall clock), 0: never */
	} drift;
};

/* By spec. 0, or -errno and why; see open(). */
int ban_sink_open(const char *spec, const struct ban_sink_config *c, struct ban_sink **ret_sink, char **ret_why);
void ban_sink_close(struct ban_sink *s); /* NULL is fine */

/* A batch of new and ended bans, carved where the kind needs it: a piece that two bans have in common stays until the
 * last of them is removed. */
int ban_sink_apply(struct ban_sink *s, const struct sink_change *changes, size_t n, char **ret_why);

/* Makes the sink hold exactly these, and notes in s->drift what was different; a time that is off by over
 * SINK_SLACK_MS counts as different, a ban that ends within it does not, where the target ends bans by itself.
 * `entries` need no order; one inside another is kept; of two of the same network the longer counts. */
int ban_sink_reconcile(struct ban_sink *s, const struct sink_entry *entries, size_t n, int64_t now_ms, char **ret_why);

/* For the kinds: sets *ret_why and returns r. */
int ban_sink_why(char **ret_why, int r, const char *fmt, ...) _printf_(3, 4);
