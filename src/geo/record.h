/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the records of a file say: the values that the leaves of a tree (tree.h) stand for.
 *
 * Without a base, value v is the country with that index, and its record is
 *
 *     { country: { iso_code: "CZ", names: { en: "Czechia" }, is_in_european_union: true } }
 *
 * Over a base, values 0 … count-1 are the base's own records, as they are there, and geo_records_correct() makes new
 * ones: the base's record with another country.
 *
 *   country, continent       the whole objects that the base has for the target country, of the first of its records
 *                            (in address order) that has them; of the table in country.h when it has none
 *   country, country_code, country_name, iso_code, continent, continent_code, continent_name as text, and records that
 *   are a text themselves    the code or the name, as the base has it
 *   city, location, postal, subdivisions, and the flat forms of them    left out: they would contradict
 *   all else                 as it is: registered_country, represented_country, traits, asn …
 *
 * Where the base has no record, the new one has the country's members of the base's first record only.
 */
#pragma once

#include "geo/country.h"
#include "geo/mmdb_data.h"
#include "geo/tree.h"

struct geo_records;

/* base NULL: countries. offset[v] is where the base has value v, in address order; base and offset are borrowed. */
struct geo_records *geo_records_new(const struct mmdb *base, const uint64_t *offset, uint32_t count);
void geo_records_free(struct geo_records *r);

/* A map() of geo_tree_overlay(): the leaf for a country (a leaf too) over a record of the base. `user` is the records.
 * Without a base it is the country. */
uint32_t geo_records_correct(uint32_t country, uint32_t below, void *user);

/* 0, or -EBADMSG and where: a record of the base that geo_records_correct() met cannot be read. */
int geo_records_fault(const struct geo_records *r, struct mmdb_fault *ret_fault);

/* How many values there are now. */
uint32_t geo_records_count(const struct geo_records *r);

/*
 * Writes the records of the values that used[v] names, in their order, to a data section; ret_offset[v] is where. Equal
 * records have one offset. 0, -EBADMSG and where, or -E2BIG.
 */
int geo_records_write(struct geo_records *r, const bool *used, struct mmdb_data *data, uint32_t *ret_offset,
		      struct mmdb_fault *ret_fault);
