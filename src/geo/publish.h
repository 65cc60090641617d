/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The publisher: builds a geo file when a source says that it changed, and now and then; publishes it over HTTP.
 *
 *   PATH (/geo-exceptions.mmdb)     the file: ETag (its SHA-256), conditions, ranges, gzip
 *   PATH.sha256, /sha256            its digest as sha256sum(1) prints it
 *   /v1/lookup?ip=ADDRESS           GET: one answer; POST: a JSON list of at most 10 000 addresses, a list of answers
 *   /health                         200 or 503 and why, JSON
 *   /metrics                        for Prometheus
 *
 * A build that fails changes nothing but health and metrics, and is tried again: at first after a second, then after
 * twice as long each time, up to `every_s`. A file that is there when the publisher starts is published at once when it
 * is good, whatever becomes of the first build.
 */
#pragma once

#include "geo/build.h"
#include "net/http_server.h"
#include "net/loop.h"

enum { GEO_LOOKUPS_MAX = 10000 };

struct geo_publish_config {
	struct geo_build build; /* the epoch is that of each build */
	const char *url_path;
	struct http_server_config http; /* listen, TLS, limits; handler, observer and user are the publisher's */
	uint64_t every_s;               /* at the latest; 0: 300 */
	unsigned build_limit_s;         /* a build that takes longer is killed; 0: 600 */
	/* Told what happens, a line or more at a time. */
	void (*log)(enum severity severity, const char *text, void *user);
	void *user;
};

/* NULL, or why url_path cannot be this. */
const char *geo_publish_path_fault(const char *path);

struct geo_publish;

/* Starts to listen; everything else happens in the loop. What config points to must stay. 0, or -errno and *ret_why as
 * from http_server_open(). */
int geo_publish_open(struct loop *l, const struct geo_publish_config *config, struct geo_publish **ret_p,
		     char **ret_why);
void geo_publish_close(struct geo_publish *p); /* NULL is fine */

/* Builds now. */
void geo_publish_rebuild(struct geo_publish *p);

/* What the n-th listen is bound to. */
struct endpoint geo_publish_bound(const struct geo_publish *p, size_t n);
