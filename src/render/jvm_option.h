/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a JVM that decide about address families, as a check of what was rendered. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

#define JVM_PREFER_IPV6 "-Djava.net.preferIPv6Addresses="

/* What is wrong with the options in one line of a unit, which may be a comment; NULL: nothing. In the arena, or static.
 */
const char *jvm_option_fault(struct arena *a, struct str line);
