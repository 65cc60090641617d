/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /metrics in Prometheus' text format, and GET /health: 200 while all logs, sinks and the database work, else 503
 * and what does not.
 */
#pragma once

#include "net/http_server.h"

struct guard;
struct metrics;

/* 0, or -errno and *ret_why. */
int metrics_open(struct loop *l, const struct endpoint *listen, struct guard *g, struct metrics **ret_metrics,
		 char **ret_why);
void metrics_close(struct metrics *m); /* NULL is fine */
