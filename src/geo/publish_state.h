/* SPDX-License-Identifier: Apache-2.0 */
/* What the publisher knows; shared by its files publish*.c only. */
#pragma once

#include "base/emit.h"
#include "geo/publish.h"
#include "geo/publish_job.h"
#include "geo/publish_watch.h"

enum { REQUEST_KINDS_MAX = 64 };

struct request_count {
	const char *route; /* of publish_http.c; static */
	unsigned status;
	uint64_t n;
};

struct geo_publish {
	struct geo_publish_config config;
	struct loop *loop;
	struct http_server *server;
	struct published *current; /* NULL: nothing yet */

	/* the build that runs */
	struct publish_job job;
	struct loop_source *job_source, *job_limit;
	bool job_runs, job_reported; /* reported: only the gzipped form is still to come */
	bool talk;                   /* what the build has to say is news */
	bool again;                  /* something changed while it ran */
	struct loop_source *next;    /* timer of the next build */
	uint64_t next_at_ms;         /* UINT64_MAX: none is planned */
	uint64_t started_ms, took_ms;
	unsigned in_a_row;
	unsigned wait_ms; /* after a failure */

	struct publish_watch *watch; /* one for each source */

	/* for health and metrics */
	char reason[JOB_REASON_MAX]; /* of the last failure, "" when the last build was good */
	int64_t success_at;          /* seconds since 1970; 0: none yet */
	uint64_t success_ms;         /* the same, of loop_now_ms(): a clock that jumps is no trouble */
	uint64_t built, unchanged, failed;
	double seconds, seconds_sum;
	struct request_count requests[REQUEST_KINDS_MAX];
	size_t request_kinds;
};

/* Paths and answers: an http_handler and an http_observer; user is the publisher. */
void publish_handle(const struct http_request *request, struct http_reply *ret_reply, void *user);
void publish_observe(const struct http_request *request, unsigned status, void *user);

/*
 * Writes one object (an item of the caller's list, or the top):
 *
 *     {"ip": "2001:1528:132:70::ebe2", "network": "2001:1528::/32", "country": "CZ", "name": "Czechia", "in_eu": true}
 *
 * Without a country these three are null. What is no address becomes {"ip": …, "error": …, "hint": …},
 * and so does an IPv6 address for an IPv4 file. 0, -EINVAL (no address), -EAFNOSUPPORT, -EBADMSG (a broken file).
 */
int publish_lookup(struct emit *e, const struct mmdb *db, struct str ip);

/* NULL when all is well, else why /health is red. */
const char *publish_trouble(const struct geo_publish *p);

/* Text for /metrics. */
void publish_metrics(const struct geo_publish *p, int64_t now, FILE *out);
