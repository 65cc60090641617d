/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text → values that know where they stand in it. Objects keep their order; a key that comes twice is an error,
 * and so are integers beyond 64 bits. Lists and objects are at most 2048 deep (jansson's limit).
 */
#pragma once

#include "render/value.h"

/*
 * Parses a source registered with sources_add() under `file`; text and arena outlive the value. The text ends in a zero
 * byte behind its length. Returns 0, or -EINVAL after adding a finding.
 */
int json_parse(struct arena *a, uint32_t file, const char *text, size_t len, struct diags *diags,
	       const struct value **ret_value);
