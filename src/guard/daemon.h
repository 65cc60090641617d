/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running guard: sources, pipeline, engine, sinks, store, control socket and metrics in one event loop. What the
 * wall clock is for: how long a ban still lasts in a sink, and when to reconcile, to snapshot, to prune.
 *
 * A ban whose end lies in the wall clock's past (a backlog of old lines) is kept in the store and reaches no sink. None
 * lasts longer in a sink than its own duration from now, whatever the log's clock says.
 */
#pragma once

#include "base/diag.h"
#include "guard/pipeline.h"
#include "guard/sink.h"
#include "guard/store.h"

enum { GUARD_LOGS_MAX = 64, GUARD_SINKS_MAX = 16 };
/* Where an estate that says nothing has them. */
#define GUARD_CONTROL "/run/hextet/guard.sock"
#define GUARD_STATE "/var/lib/hextet/guard.db"

/* One entry of the allowlist, and what it is: "machine fe01.de.example.net". */
struct guard_allow {
	struct prefix network;
	const char *what;
};

/* Borrowed with all it points to, until the guard is closed or has another one. */
struct guard_config {
	struct engine_config engine;
	struct guard_log_config {
		const char *spec;   /* of a source */
		const char *format; /* of a parser */
	} log[GUARD_LOGS_MAX];
	size_t log_count;
	const char *sink[GUARD_SINKS_MAX]; /* specs */
	size_t sink_count;
	const struct prefix_set *trusted;
	const struct guard_allow *allow; /* what engine.allow consists of, sorted by prefix_compare() */
	size_t allow_count;
	const char *state;                /* path of the database */
	const char *control;              /* path of the control socket */
	const struct endpoint *metrics;   /* NULL: none */
	unsigned reconcile_s, snapshot_s; /* seconds between two; 0: 10 and 60 */
	bool keep_root;                   /* do not drop privileges */
	/* What is worth knowing, one line each; and what `dry` says. */
	void (*say)(enum severity severity, const char *text, void *user);
	void *user;
};

struct guard;

/*
 * Opens the store, loads the snapshot, opens the logs where it ended, and the sinks, which hold all bans when this
 * returns; a log, a sink or an HTTP port that does not work is said and tried again, and no error. 0, or -errno and
 * *ret_why: -EBUSY when another guard runs.
 */
int guard_open(struct loop *l, const struct guard_config *c, struct guard **ret_guard, char **ret_why);

/* With a last snapshot. The bans stay in the sinks. NULL is fine. */
void guard_close(struct guard *g);

/*
 * Another configuration. Logs that stay are read on where they are; counters stay when the rules are the same, else
 * they begin anew, which is said; bans stay in any case. The state's path and the sockets change with a restart only.
 * 0, or -errno and *ret_why: then all is as it was.
 */
int guard_reload(struct guard *g, const struct guard_config *c, char **ret_why);

/* Tells the numbers to systemd. */
void guard_notify(const struct guard *g);

/* The store's files and the control socket to another owner, before root is dropped. 0 or -errno. */
int guard_chown(const struct guard *g, uid_t uid, gid_t gid);
