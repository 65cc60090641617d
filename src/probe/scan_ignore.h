/* SPDX-License-Identifier: Apache-2.0 */
/* Remarks in comments, "hextet-scan: ignore", "ignore[id, id]", "ignore-file": what they are about. */
#pragma once

#include "base/vec.h"
#include "probe/scan_lex.h"

/* A remark and the bytes whose hits it is about: whole lines. */
struct scan_ignore {
	size_t from, to;
	struct str ids; /* with its brackets; empty: every rule */
};

struct scan_ignores {
	VEC(struct scan_ignore) lines; /* in the order of `from`, so in that of `to` as well */
	VEC(struct scan_ignore) whole; /* about the whole file */
};

/* What is no remark after all is left out. The caller calls vec_done() on both. */
void scan_ignores_read(const char *text, size_t len, const struct scan_tokens *tokens, struct scan_ignores *ret);

/* Whether it is about this rule. */
bool scan_ignore_names(const struct scan_ignore *i, const char *rule_id);
