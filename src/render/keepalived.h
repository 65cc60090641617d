/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the target keepalived share. */
#pragma once

#include "render/verify.h"

#define KEEPALIVED_CONF "/etc/keepalived/keepalived.conf"
#define KEEPALIVED_ANSWERS "/etc/keepalived/answers"

/* A machine's place in an entry, 0 for the preferred one; -1: it takes no part. */
int keepalived_place(const struct failover *f, const struct machine *m);

/* Reads the configuration back and complains about what keepalived -t does not mind. 0 or -EINVAL. */
int keepalived_judge(struct verify_run *v);
