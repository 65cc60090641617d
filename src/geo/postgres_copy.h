/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as PostgreSQL's COPY sends them in its text format. */
#pragma once

#include "base/str.h"

/*
 * Cuts a row into its columns, in place, without the escapes; s of a column that is NULL is NULL. The byte behind a
 * column belongs to the row and is free. True when there are exactly n columns.
 */
bool postgres_copy_cut(char *row, size_t len, struct str *ret_columns, size_t n);
