/* SPDX-License-Identifier: Apache-2.0 */
/* Sorts rows by their first address, in place. Rows of one address may come in any order. */
#pragma once

#include "geo/rows.h"

void geo_rows_sort4(struct geo_row4 *rows, size_t n);
void geo_rows_sort6(struct geo_row6 *rows, size_t n);
