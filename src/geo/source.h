/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rows come from. A source is named by a spec, KIND:PLACE[#TABLE]:
 *
 *     sqlite:/var/lib/hextet/geo.db            the embedded default; table geo_exceptions
 *     postgres:service=oauth#public.geo_exceptions   any libpq connection text or URI
 *     csv:ranges.csv  csv:-                    start,end,country or network,country
 *     mmdb:/usr/share/GeoIP/GeoLite2-Country.mmdb    an existing database, as base
 *
 * A path that ends in .csv, .mmdb, .db, .sqlite or .sqlite3 may be given without its KIND, and a connection URI
 * (postgresql://…) is its own. #TABLE is what follows the last '#', where the kind has tables. Each kind is one file
 * source_KIND.c.
 */
#pragma once

#include "geo/row.h"

struct geo_spec {
	const struct geo_source *source;
	const char *text;  /* as given, but a password is "***": for messages */
	const char *place; /* behind the KIND, without the table; with the password */
	const char *table; /* "geo_exceptions", "public.geo_exceptions"; NULL where the kind has none */
};

/* A row of a table of exceptions, as people edit it. */
struct geo_exception {
	uint64_t id;            /* 0: not yet in the table */
	const char *network;    /* as stored; may be anything a hand wrote */
	const char *country;    /* as stored; may be NULL */
	const char *comment;    /* or NULL */
	const char *created_at; /* ISO 8601, or NULL */
};

struct geo_watch; /* an open channel for changes */

struct geo_source {
	const char *name, *summary;
	bool has_tables;   /* a spec may end in #TABLE */
	bool may_be_empty; /* its place: the environment says where */
	/*
	 * Pushes every row, as one snapshot. 0 when everything was read, mistakes in rows being in sink->diags as
	 * errors with the row's id or file:line:col; -errno when it could not (an error in the diags says why):
	 * -ECONNREFUSED and -ETIMEDOUT for a server that does not answer, -ENOENT for no file or table.
	 */
	int (*read)(const struct geo_spec *spec, struct geo_sink *sink);
	/* Tables only, else NULL. Creates table, constraints, NOTIFY trigger; does nothing where they are there. */
	int (*init)(const struct geo_spec *spec, struct diags *diags);
	/* Calls fn for each row in the order of the ids. */
	int (*list)(const struct geo_spec *spec, struct diags *diags,
		    int (*fn)(const struct geo_exception *e, void *user), void *user);
	/* Adds one row (network canonical, country a code), ret_id its id. When that network is there, with this or
	 * another country: changes that row if `replace`, else -EEXIST with an error that names the row. */
	int (*add)(const struct geo_spec *spec, struct diags *diags, const struct geo_exception *e, bool replace,
		   uint64_t *ret_id);
	/* Removes the rows with this id, or, when network is not NULL, with this network; the number removed, or
	 * -errno. */
	int (*remove)(const struct geo_spec *spec, struct diags *diags, uint64_t id, const char *network);
	/*
	 * Opens a channel that tells of changes from then on (so open it first, then read): a descriptor to poll for
	 * reading. changed() takes what came, without waiting: 1 something changed, 0 not yet, -errno: the channel is
	 * lost (close it, try again later). NULL: there is none, ask now and then.
	 */
	int (*watch)(const struct geo_spec *spec, struct geo_watch **ret_watch, struct diags *diags);
	int (*watch_fd)(const struct geo_watch *w);
	int (*watch_changed)(struct geo_watch *w);
	void (*watch_close)(struct geo_watch *w);
};

extern const struct geo_source *const geo_source_list[]; /* NULL-terminated */

/* Reads a spec; strings live in the arena. 0 or -EINVAL with an error in diags (unknown kind: "did you mean"). */
int geo_spec_parse(struct arena *a, const char *text, struct diags *diags, struct geo_spec *ret_spec);

/* Whether a word is a spec by its looks: no network, id or country is. */
bool geo_spec_is(const char *text);

/* For the kinds: the place of the source as a whole, for messages; its file number is the one that begin() gets. Each
 * call registers it anew. */
struct loc geo_spec_loc(const struct geo_spec *spec, struct diags *diags);

/* Says that the network of e is there already, and returns -EEXIST. `country` is ready to be shown. */
int geo_is_there(struct diags *diags, struct loc loc, const struct geo_exception *e, uint64_t id, const char *country);
