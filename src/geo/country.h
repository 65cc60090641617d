/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Countries as a geo file has them: ISO 3166-1 alpha-2, the English short names that geo databases print ("Czechia",
 * "United States"), the continent and whether the country is a member of the European Union. Besides the 249 official
 * codes: XK (user-assigned, Kosovo, in every geo database) and AN (withdrawn in 2010, still in the registries' data).
 */
#pragma once

#include "base/str.h"

enum country_status { COUNTRY_OFFICIAL, COUNTRY_USER_ASSIGNED, COUNTRY_WITHDRAWN };

struct country {
	char code[3];
	char alpha3[4];    /* ISO 3166-1 alpha-3, read but never written */
	char continent[3]; /* AF AN AS EU NA OC SA */
	bool in_eu;        /* a member state; territories of one are not */
	uint8_t status;    /* enum country_status */
	const char *name;  /* English, UTF-8 */
};

/* All rows, sorted by code. */
const struct country *country_table(size_t *ret_n);

/*
 * The country of a code (alpha-2 or alpha-3) or of an English name. Case, accents, punctuation, blanks and "the" in
 * front of a name do not count; some names that were or are in use mean their country too ("Czech Republic", "UK").
 * NULL when there is none.
 */
const struct country *country_find(struct str text);

/* The country of exactly two capital letters, or NULL; one table access, for millions of rows. */
const struct country *country_of_code(const char code[static 2]);

/* The closest name, for "did you mean", or NULL: what is as short as a code is close to too many. */
const char *country_suggest(struct str text);

/* Its number, 0..n-1, in the table: the value of a row. */
uint32_t country_index(const struct country *c);

/* "Europe" for "EU"; NULL when there is no such continent. */
const char *continent_name(const char code[static 2]);
