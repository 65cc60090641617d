/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind country.h, for country.c alone. */
#pragma once

#include "geo/country.h"

extern const struct country country_rows[];
extern const size_t country_count;

/* [first letter - 'A'][second - 'A']: the row's number plus one, or 0. */
extern const uint8_t country_cells[26][26];

/* Ends with a NULL name. */
struct country_alias {
	const char *code, *name;
};
extern const struct country_alias country_aliases[];
