/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving privileges up, for a process that root starts: another user, one capability at most, nothing to gain by any
 * program it runs, and only those system calls that a network daemon needs. A call that is not among them fails with
 * EPERM, and the kernel's audit log tells of it; the process goes on.
 */
#pragma once

#include "base/macro.h"

#include <sys/types.h>

/* A system user by name: 0, or -ESRCH when there is none. */
int privilege_find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid);

/*
 * Becomes the user, with its own groups and those of `groups` that exist (adm, to read logs). CAP_NET_ADMIN stays, for
 * children too (ambient). Only for root. 0, or -errno and *ret_why.
 */
int privilege_become(const char *user, const char *const *groups, char **ret_why);

/* For whoever is no root, or not any more: all capabilities but CAP_NET_ADMIN go, for good, and no program that is run
 * gains any. 0, or -errno and *ret_why. */
int privilege_keep_net_admin(char **ret_why);

/* The system calls: no way back. -ENOSYS where the kernel or the architecture has no seccomp. */
int privilege_confine(char **ret_why);
