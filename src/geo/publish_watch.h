/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listens for changes of one source in a child process, since connecting to a server blocks for as long as the network
 * likes. When the channel is lost it is opened again, at first after a second and then after twice as long each time,
 * up to a minute. What changed while nobody listened is not known: so the channel's opening counts as a change.
 */
#pragma once

#include "geo/source.h"
#include "net/loop.h"
#include "net/worker.h"

struct publish_watch {
	const struct geo_spec *spec;
	bool connected;
	bool silent;            /* it is not likely to tell of a change; until it does */
	uint64_t notifications; /* openings not counted */
	/* the rest is its own */
	struct loop *loop;
	struct worker worker;
	struct loop_source *source, *retry;
	unsigned wait_ms;
	char why[256]; /* it was lost or is silent, or "" */
	void (*changed)(struct publish_watch *w, void *user);
	void (*lost)(struct publish_watch *w, void *user);
	void (*doubted)(struct publish_watch *w, void *user); /* it became silent, and why */
	void *user;
};

/* Starts; nothing happens for a source that has no watch(). 0 or -errno. */
int publish_watch_start(struct publish_watch *w);
void publish_watch_stop(struct publish_watch *w);
