/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks a drop-in of systemd with systemd-analyze verify, whose exit status says nothing about unknown keys and bad
 * values: it ignores them, as systemd would, and warns. Here each of these warnings is a complaint.
 */
#pragma once

#include "render/verify.h"

/* `path`: a file of the run below /etc/systemd/system/ that changes the service `unit` ("varnish.service"), which need
 * not be installed. 0 or -EINVAL. */
int unit_check(struct verify_run *v, const char *path, const char *unit);
