/* SPDX-License-Identifier: Apache-2.0 */
/* The running guard's insides, for daemon*.c, control_*.c and metrics.c. */
#pragma once

#include "guard/ban_table.h"
#include "guard/control.h"
#include "guard/daemon.h"
#include "guard/metrics.h"
#include "net/worker.h"

/* One log: where it comes from, how it is read. On the heap: its source has its address. */
struct guard_log {
	struct guard *guard;
	char *spec;
	struct log_parser *parser;
	struct log_source *source; /* NULL: it cannot be opened, see `why`; tried again */
	char *why;
	char *resume;         /* where it is to be opened, or NULL */
	unsigned number;      /* in the pipeline */
	int64_t line_wall_ms; /* when the last line arrived; 0: none yet */
};

struct guard_sink {
	struct guard *guard;
	const char *spec;
	struct ban_sink *sink; /* NULL: it cannot even be made, see `why` */
	char *why;
	struct loop_source *timer; /* to the next reconcile */
	bool said;                 /* that it does not work */
	int64_t drift_said_ms;
	uint64_t reconciles, failures;
};

/* A command that is not in the engine yet: `lines` lines of the logs come first. Texts are in one block. */
struct guard_command {
	struct store_command c;
	char *texts;
};

struct guard {
	struct loop *loop;
	const struct guard_config *config; /* the paths in it are `paths` */
	struct guard_config own;
	char *paths[2]; /* of the state and the control socket: they outlive a reload */
	struct engine *engine;
	struct pipeline *pipeline;
	struct store *store;
	struct control *control;
	struct metrics *metrics;

	struct guard_log *log[GUARD_LOGS_MAX];
	size_t log_count;
	struct guard_sink sink[GUARD_SINKS_MAX];
	size_t sink_count;

	struct ban_table table;
	VEC(struct sink_change) changes;                       /* of this turn */
	VEC(struct guard_command) replay;                      /* the oldest first */
	uint64_t lines;                                        /* of all logs, since the first start */
	uint64_t last_command;                                 /* in the engine */
	int64_t clock_wall_ms, started_ms;                     /* when the engine's clock was last told; wall clock */
	uint64_t bans_made[RULE_MAX];                          /* by rule, since this start */
	uint64_t bans_now;                                     /* by rules, in this second: not all are said */
	uint64_t store_failures, old_bans;                     /* bans that were over before they could reach a sink */
	bool store_failing, snapshot_failing, metrics_failing; /* said */
	char *store_why;
	int64_t snapshot_ms; /* when the last good one was begun; 0: none in this run */
	struct worker snapshot_worker;
	struct loop_source *snapshot_source, *snapshot_timer, *second_timer;
	unsigned seconds;
	uint64_t lines_before; /* as of the second before */
};

/* Takes it over; the paths stay as they were the first time. */
int guard_set_config(struct guard *g, const struct guard_config *c);
int64_t guard_wall_ms(void);
/* The log's time now: its newest line's, and what has passed since that line came. */
int64_t guard_log_ms(const struct guard *g);
void guard_say(const struct guard *g, enum severity severity, const char *fmt, ...) _printf_(3, 4);

/* Logs: daemon_logs.c. */
int guard_logs_open(struct guard *g, const struct guard_config *c, const struct store_snapshot *snapshot,
		    char **ret_why);
void guard_logs_close(struct guard_log **logs, size_t n);
void guard_logs_retry(struct guard *g);
uint64_t guard_logs_behind(const struct guard *g);
int guard_parser(const struct guard_config *c, size_t log, struct log_parser **ret_parser, char **ret_why);

/* Bans: daemon_bans.c. on_ban is the pipeline's. */
void guard_on_ban(const struct ban *ban, void *user);
void guard_load_table(struct guard *g);
void guard_expire(struct guard *g);
void guard_say_more_bans(struct guard *g); /* once a second */
void guard_commit(struct guard *g);
void guard_replay_due(struct guard *g); /* commands that come before the next line */
void guard_replay_all(struct guard *g);
/* An operator's: durable, in the engine, in the sinks. 0, or -errno and a sentence. */
int guard_command(struct guard *g, struct store_command *c, char **ret_why);

/* Sinks: daemon_sinks.c. */
int guard_sinks_open(struct guard *g, const struct guard_config *c, char **ret_why);
void guard_sinks_close(struct guard *g);
void guard_sinks_apply(struct guard *g); /* g->changes, which is empty afterwards */
int guard_sink_reconcile(struct guard_sink *s, bool empty);

/* Snapshots: daemon_snapshot.c. */
void guard_snapshot_begin(struct guard *g);
void guard_snapshot_now(struct guard *g);
void guard_snapshot_end(struct guard *g); /* ends one that is running */
