/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows as text, as tables and CSV files have them, on their way into a sink. What is wrong becomes an error that quotes
 * the text, says where it stands and what to write instead; of GEO_TEXT_SHOWN wrong rows all mistakes are named, the
 * rest is counted.
 */
#pragma once

#include "geo/row.h"

enum { GEO_TEXT_SHOWN = 50 };

enum geo_field {
	GEO_FIELD_NETWORK, /* or start and end */
	GEO_FIELD_START,
	GEO_FIELD_END,
	GEO_FIELD_COUNTRY,
	GEO_FIELD_CREATED,
	_GEO_FIELD_MAX
};

struct geo_text_row {
	struct str field[_GEO_FIELD_MAX]; /* s is NULL: there is none; in tables, NULL */
	uint32_t col[_GEO_FIELD_MAX];     /* where they stand in the line; 0 in tables */
	uint64_t id;                      /* or the line */
	bool id_is_line;
};

struct geo_text {
	struct geo_sink *sink;
	uint32_t file;  /* in the diagnostics' registry */
	uint64_t wrong; /* rows */
};

/* Reads the row and gives it to the sink. 0, also when the row was wrong; -errno of the sink. */
int geo_text_add(struct geo_text *t, const struct geo_text_row *row);

/* Says that a row is wrong in a way that only its source knows; counted as the others are. */
void geo_text_wrong(struct geo_text *t, struct loc loc, const char *check, const char *hint, const char *message);

/* Says how many rows were wrong but not named. */
void geo_text_finish(struct geo_text *t);

/* Parts of it, for one text: true, or false after an error at `loc`. Networks have no bits to the right of their
 * length. */
bool geo_text_network(struct str text, struct diags *diags, struct loc loc, struct prefix *ret_p);
bool geo_text_country(struct str text, struct diags *diags, struct loc loc, uint32_t *ret_value);

/* "2018-10-06 12:34:56.789", with T, Z or an offset, or only its date; without an offset UTC. "infinity" and
 * "-infinity" are PostgreSQL's. 0 and microseconds since 1970, or -EINVAL. */
int geo_time_parse(struct str text, int64_t *ret_us);

/* The text in quotes: controls and what is not UTF-8 escaped, the end of a long one cut off. */
const char *geo_quote(struct arena *a, struct str text);
