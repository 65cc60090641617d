/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running guard: sources, pipeline, engine, sinks, store, control socket and metrics in one event loop. What the
 * wall clock is for: how long a ban still lasts in a sink (until - now), and when to reconcile, to snapshot, to prune.
 */
#pragma once

#include "guard/pipeline.h"
#include "guard/sink.h"
#include "guard/store.h"

enum { GUARD_LOGS_MAX = 64, GUARD_SINKS_MAX = 16 };

/* One entry of the allowlist, and what it is: "machine fe01.de.example.net". */
struct guard_allow {
	struct prefix network;
	const char *what;
};

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
};
