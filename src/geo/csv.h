/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows as comma-separated values (RFC 4180): `start,end,country` or `network,country`. A first line of names may put
 * the columns in any order and add others; without one, the first line's second field decides which of the two it is,
 * and further columns do not count. Fields may be quoted and have blanks around them; lines end in LF or CR LF; a
 * UTF-8 byte order mark and empty lines do not count. A record is at most CSV_RECORD_MAX bytes.
 *
 *     char *room = csv_room(c, &len);        read at most len bytes into it; then
 *     int r = csv_take(c, len);              and again, until there is no more; then
 *     r = csv_end(c);
 *
 * Memory is the same for every size of input. Mistakes are in the sink's diagnostics, by line and column.
 */
#pragma once

#include "geo/row_text.h"

enum {
	CSV_RECORD_MAX = 64 << 10,
	CSV_CHUNK = 128 << 10,
	CSV_COLUMNS = 64, /* that are looked at */
};

struct csv {
	struct geo_text text;
	char *buffer;
	size_t len;
	uint64_t line;                  /* of the next record */
	uint8_t column[_GEO_FIELD_MAX]; /* of each field; CSV_COLUMNS: there is none */
	bool has_begun;                 /* the first bytes were seen */
	bool has_layout;                /* the first record was seen */
	bool is_ranges;
	bool skipping; /* inside a record that is too long */
	bool refused;  /* no text: nothing more is read */
};

/* A sink whose begin() was called with `file`. */
void csv_init(struct csv *c, struct geo_sink *sink, uint32_t file);
void csv_done(struct csv *c);

char *csv_room(struct csv *c, size_t *ret_len);
int csv_take(struct csv *c, size_t len); /* 0 or the -errno of the sink */
int csv_end(struct csv *c);

/* For csv.c: the columns that a first record means. False when it is no line of names; then it is data. */
bool csv_header(struct csv *c, const struct str *fields, size_t n);
