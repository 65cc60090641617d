/* SPDX-License-Identifier: Apache-2.0 */
/* What a string or a word says: the questions that patterns may ask (scan_pattern.h). One row and one function each. */
#pragma once

#include "base/str.h"

struct scan_predicate {
	const char *name;
	bool (*holds)(struct str text);
	const char *const *anchors; /* a text for which it holds has one of these; NULL: none that is long enough */
	const char *summary;
};

const struct scan_predicate *scan_predicate_by_name(struct str name); /* or NULL */
