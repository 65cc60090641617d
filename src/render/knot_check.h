/* SPDX-License-Identifier: Apache-2.0 */
/* knotc conf-check over files of which each needs the other: the server's and the zones'. */
#pragma once

#include "render/verify.h"

#define KNOT_CONF "/etc/knot/knot.conf"    /* target knot */
#define KNOT_ZONES "/etc/knot/hextet.conf" /* target dns */
#define KNOT_KEY "/etc/knot/hextet.key"    /* the operator's */
#define KNOT_ACL "hextet_update"           /* in KNOT_CONF, for a zone in KNOT_ZONES */

/* Checks one of them, `path`, with a stand-in for what else it needs. 0 or -EINVAL. */
int knot_check(struct verify_run *v, const char *path);
