/* SPDX-License-Identifier: Apache-2.0 */
/* What the checks machine-outside-prefixes, network-outside-prefixes and vip-outside-prefixes have in common. */
#pragma once

#include "estate/check.h"

/*
 * Reports each claim of these kinds that lies in none of the given prefixes. Held back where nothing can be said: in a
 * family without any given prefix, and for space that nobody is given (private, unique local, special).
 */
void outside_report(struct check_run *r, unsigned kinds);
