/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema rows as JSON Schema (draft 2020-12), for editors. It describes values as a YAML 1.2 reader types them: a
 * port is an integer, an address a string. It is as strict as a schema can be about shape, names of fields, words and
 * ranges; that names exist and that prefixes have no host bits is beyond it.
 */
#pragma once

#include <stdio.h>

#include "conf/schema.h"

/* A mapping with the fields of s: one object, indented by `level`, without a line feed at its end. */
void json_schema_struct(FILE *out, const struct schema *s, unsigned level);

/* A mapping from keys to such mappings. */
void json_schema_map(FILE *out, const struct schema *s, unsigned level);
