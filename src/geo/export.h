/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database's networks and their countries in the forms that other programs read. Formats are rows of a table
 * (export_format.c); of a network's record only the country counts, and neighbours with one country are one network.
 *
 * Never wider: what has no country is not there in any form, and no IPv6 network covers ::/96 or ::ffff:0:0/96, because
 * many programs ask their IPv6 networks for IPv4 addresses too; a network around these places is cut.
 */
#pragma once

#include "geo/mmdb.h"

struct geo_export;

struct geo_export_format {
	const char *name, *summary;
	bool by_country; /* networks are given country by country, each in the order of the addresses */
	/* Any but `network` may be NULL. Codes are two capital letters. */
	void (*begin)(const struct geo_export *e);
	void (*country_begin)(const struct geo_export *e, const char *code);
	void (*network)(const struct geo_export *e, struct prefix p, const char *code);
	void (*country_end)(const struct geo_export *e);
	void (*end)(const struct geo_export *e, const char *codes); /* of all countries, "CZDE…" by_country, else "" */
};

struct geo_export {
	const struct mmdb *db;
	const struct geo_export_format *format;
	FILE *out;
	unsigned family;   /* 4, 6, or 0 for both */
	const char *codes; /* only these countries, "CZDE…"; NULL: all */
	const char *table; /* for SQL: "name" or "schema.name"; NULL: geo_exceptions */
};

struct geo_export_stats {
	uint64_t networks; /* written */
	uint64_t without;  /* with a record that has no country; of the families asked for */
};

/* The formats, in the order in which they are listed. */
const struct geo_export_format *geo_export_list(size_t *ret_n);

/* Writes all of it. 0, -errno of a write that failed, or -EBADMSG and the fault for a broken file. */
int geo_export_write(const struct geo_export *e, struct geo_export_stats *ret_stats, struct mmdb_fault *ret_fault);
