/* SPDX-License-Identifier: Apache-2.0 */
/* What a record says to those who ask for a country, and a record as JSON. */
#pragma once

#include "geo/mmdb_value.h"

struct geo_answer {
	char code[3];    /* "" when the record names no country */
	bool in_eu;      /* as the record says; for records that are not of GeoIP2's shape, as country.h says */
	struct str name; /* English, of the record, else of country.h; may be empty */
};

/* 0, or -EBADMSG and why. The name points into the file or is static. */
int geo_answer(const struct mmdb *db, uint64_t offset, struct geo_answer *ret_answer, struct mmdb_fault *ret_fault);

/*
 * Writes a value as JSON on one line. Bytes become hexadecimal text, uint128 above 2^64 a text "0x…", and what JSON has
 * no number for (infinity, not a number) null; floats have the digits that give the same float back. 0 or -EBADMSG, and
 * then what was written so far is no JSON.
 */
int mmdb_write_json(FILE *out, const struct mmdb *db, uint64_t offset, struct mmdb_fault *ret_fault);
