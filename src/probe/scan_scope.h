/* SPDX-License-Identifier: Apache-2.0 */
/* Which tokens are around a token: its block, from '{' to '}', or its statement, to the next ';' as well. */
#pragma once

#include "probe/scan_pattern.h"

/* Token numbers, `to` is behind the last one. */
struct scan_span {
	uint32_t from, to;
};

/*
 * A span for each token, on the heap. What is nested belongs to it. Braces that have no other half are as good as not
 * there. Two passes over the tokens, whatever their nesting.
 */
struct scan_span *scan_spans(const struct scan_source *s, enum scan_scope scope);
