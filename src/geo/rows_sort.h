/* SPDX-License-Identifier: Apache-2.0 */
/* Sorts rows by their first address, in place. Rows of one address may come in any order. */
#pragma once

#include "geo/rows.h"

void geo_rows_sort(struct geo_rows *rows, enum family family);
