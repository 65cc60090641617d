/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard's memory on disk: SQLite in WAL mode (bans with their evidence, history, operators' commands), and beside
 * it one snapshot file, PATH-snapshot, of the engine and of the logs' positions. The logs themselves are the
 * write-ahead log: after a crash the snapshot is loaded, the operators' commands since then are put in at their log
 * time, and the logs are read on from the snapshot's positions; the same bans come out again and are recognised
 * (network, rule, at).
 *
 * Every call returns 0 or -errno; *ret_why (malloc'ed, may be NULL) is a sentence for people. A full disk or a damaged
 * file never stops the guard: what could not be written is kept and tried again, and store_pending() counts it.
 */
#pragma once

#include "guard/engine.h"

struct store;

enum store_mode { STORE_READ, STORE_WRITE };
/* STORE_WRITE makes file and tables where there are none, and holds a lock: a second guard is -EBUSY. */
int store_open(const char *path, enum store_mode mode, struct store **ret_store, char **ret_why);
void store_close(struct store *s);

/* A ban, again or for the first time. Buffered; store_commit() makes all since the last one durable in one go. */
int store_add_ban(struct store *s, const struct ban *ban);
int store_commit(struct store *s, char **ret_why);
uint64_t store_pending(const struct store *s);

/* An operator's command: durable when this returns 0. */
struct store_command {
	uint64_t id; /* rising */
	bool ban;    /* or unban */
	struct prefix network;
	int64_t at_ms, until_ms; /* log time at which it took effect */
	int64_t wall_ms;
	const char *comment, *who; /* "root (uid 0, pid 4711)" */
};
int store_add_command(struct store *s, struct store_command *command, char **ret_why); /* sets id */
int store_each_command(struct store *s, uint64_t after_id, void (*fn)(const struct store_command *c, void *user),
		       void *user, char **ret_why);

struct store_filter {
	int64_t active_at_ms;         /* LOG_TIME_NONE: past ones too */
	const struct prefix *overlap; /* NULL: all */
	size_t limit;                 /* the newest; 0: all */
};
struct stored_ban {
	struct ban ban;
	uint64_t id;
	int64_t lifted_ms; /* LOG_TIME_NONE, or when an operator ended it */
	const char *lifted_by;
};
int store_each_ban(struct store *s, const struct store_filter *f, void (*fn)(const struct stored_ban *b, void *user),
		   void *user, char **ret_why);

/* Removes what ended before. */
int store_prune(struct store *s, int64_t before_ms, char **ret_why);

/*
 * The snapshot: written to a file without a name and swapped in, checksummed. Positions are pairs of a log's spec and
 * text. Loading: -ENOENT when there is none, -EBADMSG when it is damaged or of other rules (*ret_why).
 */
struct store_position {
	const char *spec, *position;
};
int store_write_snapshot(const char *path, const struct engine *e, const struct store_position *positions, size_t n,
			 uint64_t last_command, char **ret_why);
int store_load_snapshot(const char *path, struct engine *e, struct arena *a, struct store_position **ret_positions,
			size_t *ret_n, uint64_t *ret_last_command, char **ret_why);
