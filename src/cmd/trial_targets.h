/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a trial fetches, as arguments name it: URLs, and folders of estates whose endpoints stand for a URL each path.
 * A service called https, or on port 443 or 8443, is https, any other http; its first TCP port is the one.
 */
#pragma once

#include "cmd/job.h"
#include "probe/trial.h"

struct trial_targets {
	VEC(struct trial_target) list;
};

/*
 * Adds what one argument names; with `direct`, the addresses of the estate's machines, a target for each machine or
 * failover entry that an endpoint points to. Texts live in the job's arena. 0, or an exit code after a message.
 */
int trial_targets_add(struct job *j, struct trial_targets *t, const char *argument, bool direct);
