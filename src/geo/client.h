/* SPDX-License-Identifier: Apache-2.0 */
/* An open instance of the client library: between client.c (the calls) and client_watch.c (the thread). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "geo/client_load.h"

struct client_watch;

struct hextet_geo {
	_Atomic(struct client_table *) current; /* read inside client_guard sections, or with `work` held */
	pid_t owner;                            /* a child of fork(2) has no watch and no locks that it could trust */

	pthread_mutex_t work; /* held by who looks for a new file; guards the next five */
	char *source;         /* absolute path or URL; NULL: bytes of the caller */
	bool is_url;
	struct client_identity identity; /* of the file that is in use, or of a newer one that was refused */
	bool refused_it;
	char etag[256];

	struct client_watch *watch; /* or NULL */

	pthread_mutex_t lock; /* guards the rest; never held for long, and taken inside `work` */
	struct hextet_geo_status status;
};

/* Looks for a new file, with `work` held: as hextet_geo_reload(). `again`: also one that was refused before. */
int client_look(struct hextet_geo *geo, bool again, char why[HEXTET_GEO_MESSAGE]);

/* Begins to watch geo->source, before it is read for the first time; a file only. NULL for want of memory or
 * descriptors: then polling has to do. */
int client_watch_new(struct hextet_geo *geo, struct client_watch **ret_watch);
int client_watch_start(struct client_watch *w);
void client_watch_free(struct client_watch *w); /* stops the thread */

/* With `work` held, after the file was read: whether somebody is in the middle of writing to it. */
bool client_watch_sees_writer(struct client_watch *w);
