/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard's memory on disk: SQLite in WAL mode (bans with their evidence, history, operators' commands), and beside
 * it one snapshot file, PATH-snapshot, of the engine and of the logs' positions. The logs themselves are the
 * write-ahead log: after a crash the snapshot is loaded, the logs are read on from its positions, and the operators'
 * commands since then are put in where they were; the same bans come out again and are recognised (network, rule, at).
 *
 * Every call returns 0 or -errno; *ret_why (malloc'ed, may be NULL) is a sentence for people. A full disk or a damaged
 * file never stops the guard: what could not be written is kept and tried again, and store_pending() counts it.
 */
#pragma once

#include "guard/engine.h"

struct store;

enum store_mode { STORE_READ, STORE_WRITE };
/* STORE_WRITE makes file and tables where there are none, and holds a lock, PATH-lock: a second guard is -EBUSY.
 * STORE_READ works beside a running guard; -ENOENT when there is no file. -EBADMSG: damaged, or no such database. */
int store_open(const char *path, enum store_mode mode, struct store **ret_store, char **ret_why);
void store_close(struct store *s); /* what is pending is tried once more; NULL is fine */

/* Whether what is written still has a name: somebody may have removed or replaced the file. */
bool store_is_there(const struct store *s);
/* In the place of one that is not there: an empty one, or what somebody put there; buffered bans stay. After an error
 * the store is closed, which every other call then says; store_is_there() is false. */
int store_reopen(struct store *s, char **ret_why);

/* All of the store's files to another owner, for whoever drops root. */
int store_chown(const struct store *s, uid_t uid, gid_t gid);

/*
 * A ban, again or for the first time; `wall_ms` is when it took effect by the wall clock. Buffered; store_commit()
 * makes all since the last one safe from the end of this process in one go (not yet from the end of the power: the
 * snapshot is, and the logs behind it are read again). Buffered bans lose their sample lines when there are very many.
 */
int store_add_ban(struct store *s, const struct ban *ban, int64_t wall_ms);
int store_commit(struct store *s, char **ret_why);
uint64_t store_pending(const struct store *s);

/* An operator's command: durable (fsync) when this returns 0, with all bans that were buffered, and with what it means
 * for the bans: one by hand is added (in the place of active ones of the same network), lifted ones are marked. */
struct store_command {
	uint64_t id; /* rising */
	bool ban;    /* or unban */
	struct prefix network;
	int64_t at_ms, until_ms; /* log time at which it took effect */
	int64_t wall_ms;
	uint64_t lines;            /* of all logs that had been read by then, since the first start */
	const char *comment, *who; /* "root (uid 0, pid 4711)" */
};
int store_add_command(struct store *s, struct store_command *command, char **ret_why); /* sets id */
int store_each_command(struct store *s, uint64_t after_id, void (*fn)(const struct store_command *c, void *user),
		       void *user, char **ret_why);

struct store_filter {
	int64_t active_at_ms;         /* wall clock; LOG_TIME_NONE: past and lifted ones too */
	const struct prefix *overlap; /* NULL: all */
	uint64_t before_id;           /* only older ones, to go on where a limit ended; 0: all */
	size_t limit;                 /* the newest; 0: all */
};
struct stored_ban {
	struct ban ban;
	uint64_t id;
	int64_t wall_ms;   /* when it took effect */
	int64_t ends_ms;   /* by the wall clock: never longer than its duration from wall_ms, whatever the log's says */
	int64_t lifted_ms; /* LOG_TIME_NONE, or when an operator ended it */
	const char *lifted_by;
};
/* The newest first. */
int store_each_ban(struct store *s, const struct store_filter *f, void (*fn)(const struct stored_ban *b, void *user),
		   void *user, char **ret_why);

/* Removes what ended before. */
int store_prune(struct store *s, int64_t before_ms, char **ret_why);

/*
 * The snapshot: written to a file without a name and swapped in, checksummed. Positions are pairs of a log's spec and
 * text; a NULL text is left out. Loading: -ENOENT when there is none, -EBADMSG when it is damaged; when its engine is
 * of other rules, the rest is loaded and *ret_engine_why says so (NULL: the engine was loaded).
 */
struct store_position {
	const char *spec, *position;
};
struct store_snapshot {
	const struct store_position *positions;
	size_t position_count;
	uint64_t last_command; /* id; all up to it are in the engine */
	uint64_t lines;        /* see struct store_command */
};
int store_write_snapshot(const char *path, const struct engine *e, const struct store_snapshot *snapshot,
			 char **ret_why);
int store_load_snapshot(const char *path, struct engine *e, struct arena *a, struct store_snapshot *ret_snapshot,
			char **ret_engine_why, char **ret_why);
