/* SPDX-License-Identifier: Apache-2.0 */
/* How the subcommands of `hextet guard` write bans and lines that could not be parsed. */
#pragma once

#include "base/emit.h"
#include "guard/engine.h"
#include "guard/facts.h"
#include "guard/pipeline.h"

enum { GUARD_SPAN_MAX = 32 };

/* "90s", "1h", "7d": in the largest unit that is exact. */
const char *guard_span(int64_t ms, char room[static GUARD_SPAN_MAX]);

/* One ban: in text a line, else an object {prefix,at,until,rule,count,evidence}. `levels`, when not NULL, is what
 * engine_explain() said of the client for the ban's rule: written too, with the evidence's lines. */
void guard_report_ban(struct emit *e, const struct ban *b, const struct explain *levels, size_t n);

/* On stderr: how many lines of a log could not be parsed, why, and samples. Nothing when there are none. */
void guard_report_unparsed(const struct pipeline_log *l);
