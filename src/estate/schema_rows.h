/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the schema_*.c files of the room. */
#pragma once

#include "estate/model.h"

#define SCHEMA(type, rows) .size = sizeof(type), .fields = (rows), .n = ARRAY_LEN(rows)

extern const struct schema geo_schema, guard_schema;
