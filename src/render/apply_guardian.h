/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that takes an apply back when nobody else can: a child that leaves the session, so that neither the end
 * of the terminal nor ^C reaches it. It acts when the applier has died before the decision, when the applier takes
 * longer than it may (it is killed), when the deadline for `--commit` passes, and when it is told to end (SIGTERM: a
 * session's clean-up, a shutdown). It ends when there is nothing left to decide.
 */
#pragma once

#include "render/apply_reload.h"
#include "render/apply_state.h"

/*
 * To be called before the first change, by a process without threads that holds the lock of `applier`; the guardian
 * opens the state of `root` for itself and has started to watch when the call returns. It lives until the journal is
 * gone; its standard streams are /dev/null, and it tells what it does. 0 or -errno.
 */
int guardian_start(const struct apply_state *applier, const char *root, unsigned limit_s, const struct apply_say *say);
