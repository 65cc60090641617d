/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plan means: the flows, records and listeners that appear or vanish on this machine, and whether too much goes
 * away at once (safety.h). Compared is what hextet installed with what it would install; after no apply before, and of
 * files that somebody else has written, nothing is said and nothing refused.
 */
#pragma once

#include "render/apply_plan.h"
#include "render/compare.h"

/*
 * Fills the meaning, the refusals, and of files only those whose meaning is not known, with a note. The machine's name
 * is borrowed from the request. To be ended with comparison_done().
 */
void apply_compare(struct comparison *c, const struct apply_plan *p, const struct plan_request *q,
		   const struct safety *s);
