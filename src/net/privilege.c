/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order matters: capabilities survive setresuid() only when asked to (PR_SET_KEEPCAPS), become ambient only when
 * they are inheritable, and the bounding set can be cut only while CAP_SETPCAP is there. Capabilities are set by the
 * system calls themselves: libcap would be a dependency for three numbers.
 */
#include "net/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/why.h"

enum { GROUPS_MAX = 64 };

int privilege_find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid) {
	struct passwd entry, *found = NULL;
	char room[4096];

	(void)getpwnam_r(name, &entry, room, sizeof(room), &found);
	if (!found)
		return -ESRCH;
	*ret_uid = found->pw_uid;
	*ret_gid = found->pw_gid;
	return 0;
}

/* The user's own groups, and those of the list that exist. */
static int set_groups(const char *user, gid_t gid, const char *const *groups) {
	gid_t list[GROUPS_MAX];
	int n = ARRAY_LEN(list) / 2;

	if (getgrouplist(user, gid, list, &n) < 0)
		return -E2BIG;
	for (size_t i = 0; groups && groups[i] && n < (int)ARRAY_LEN(list); i++) {
		struct group entry, *found = NULL;
		char room[4096];

		(void)getgrnam_r(groups[i], &entry, room, sizeof(room), &found);
		if (found && found->gr_gid != 0)
			list[n++] = found->gr_gid;
	}
	return setgroups((size_t)n, list) < 0 ? -errno : 0;
}

static int set_capabilities(uint32_t permitted, uint32_t inheritable) {
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct data[2] = { { permitted, permitted, inheritable } };

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int get_capabilities(uint32_t *ret_permitted) {
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*ret_permitted = data[0].permitted;
	return 0;
}

int privilege_become(const char *user, const char *const *groups, char **ret_why) {
	uid_t uid = 0;
	gid_t gid = 0;
	int r = privilege_find_user(user, &uid, &gid);

	if (r < 0)
		return why_set(ret_why, r, "there is no user %s", user);
	r = set_groups(user, gid, groups);
	if (r >= 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		r = -errno;
	if (r >= 0 && (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0))
		r = -errno;
	return r < 0 ? why_set(ret_why, r, "cannot become the user %s: %s", user, strerror(-r)) : 0;
}

int privilege_keep_net_admin(char **ret_why) {
	const uint32_t wanted = UINT32_C(1) << CAP_NET_ADMIN;
	uint32_t has = 0;
	int r = get_capabilities(&has);

	if (r >= 0)
		r = set_capabilities(has, 0); /* another user's id has taken the effective ones */
	if (r >= 0 && has & UINT32_C(1) << CAP_SETPCAP)
		for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
			if (cap != CAP_NET_ADMIN)
				(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (r >= 0)
		r = set_capabilities(has & wanted, has & wanted);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (r >= 0 && has & wanted && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0) < 0)
		r = -errno;
	if (r >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r < 0 ? why_set(ret_why, r, "cannot give privileges up: %s", strerror(-r)) : 0;
}

/* Files (SQLite, snapshots, logs), sockets, the event loop, memory, time, children (a snapshot, nft). What is missing
 * is what changes the machine, other processes or this one's identity. */
static const char *const calls[] = { "access",
				     "arch_prctl",
				     "bind",
				     "brk",
				     "capget",
				     "chdir",
				     "chmod",
				     "clock_getres",
				     "clock_gettime",
				     "clock_nanosleep",
				     "clone",
				     "clone3",
				     "close",
				     "close_range",
				     "connect",
				     "copy_file_range",
				     "dup",
				     "dup2",
				     "dup3",
				     "epoll_create",
				     "epoll_create1",
				     "epoll_ctl",
				     "epoll_pwait",
				     "epoll_pwait2",
				     "epoll_wait",
				     "eventfd2",
				     "execve",
				     "exit",
				     "exit_group",
				     "faccessat",
				     "faccessat2",
				     "fadvise64",
				     "fallocate",
				     "fchmod",
				     "fchmodat",
				     "fchown",
				     "fcntl",
				     "fdatasync",
				     "flock",
				     "fork",
				     "fstat",
				     "fstatfs",
				     "fsync",
				     "ftruncate",
				     "futex",
				     "getcwd",
				     "getdents64",
				     "getegid",
				     "geteuid",
				     "getgid",
				     "getgroups",
				     "getpeername",
				     "getpgrp",
				     "getpid",
				     "getppid",
				     "getrandom",
				     "getresgid",
				     "getresuid",
				     "getrlimit",
				     "getrusage",
				     "getsockname",
				     "getsockopt",
				     "gettid",
				     "gettimeofday",
				     "getuid",
				     "inotify_add_watch",
				     "inotify_init1",
				     "inotify_rm_watch",
				     "ioctl",
				     "kill",
				     "lgetxattr",
				     "link",
				     "linkat",
				     "listen",
				     "lseek",
				     "lstat",
				     "madvise",
				     "membarrier",
				     "memfd_create",
				     "mincore",
				     "mkdir",
				     "mkdirat",
				     "mmap",
				     "mprotect",
				     "mremap",
				     "munmap",
				     "nanosleep",
				     "newfstatat",
				     "open",
				     "openat",
				     "openat2",
				     "pipe",
				     "pipe2",
				     "poll",
				     "ppoll",
				     "prctl",
				     "pread64",
				     "preadv",
				     "prlimit64",
				     "pselect6",
				     "pwrite64",
				     "pwritev",
				     "read",
				     "readlink",
				     "readlinkat",
				     "readv",
				     "recvfrom",
				     "recvmmsg",
				     "recvmsg",
				     "rename",
				     "renameat",
				     "renameat2",
				     "restart_syscall",
				     "rmdir",
				     "rseq",
				     "rt_sigaction",
				     "rt_sigpending",
				     "rt_sigprocmask",
				     "rt_sigqueueinfo",
				     "rt_sigreturn",
				     "rt_sigsuspend",
				     "rt_sigtimedwait",
				     "sched_getaffinity",
				     "sched_yield",
				     "select",
				     "sendfile",
				     "sendmmsg",
				     "sendmsg",
				     "sendto",
				     "set_robust_list",
				     "set_tid_address",
				     "setsockopt",
				     "shutdown",
				     "sigaltstack",
				     "signalfd4",
				     "socket",
				     "socketpair",
				     "splice",
				     "stat",
				     "statfs",
				     "statx",
				     "sysinfo",
				     "tgkill",
				     "time",
				     "timerfd_create",
				     "timerfd_gettime",
				     "timerfd_settime",
				     "truncate",
				     "umask",
				     "uname",
				     "unlink",
				     "unlinkat",
				     "utimensat",
				     "vfork",
				     "wait4",
				     "waitid",
				     "write",
				     "writev",
				     "accept",
				     "accept4" };

static int add_calls(scmp_filter_ctx filter) {
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		int number = seccomp_syscall_resolve_name(calls[i]);
		int r = number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);

		/* Old calls that this architecture never had. */
		if (r < 0 && r != -EDOM && r != -EINVAL)
			return r;
	}
	return 0;
}

int privilege_confine(char **ret_why) {
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!filter)
		return why_set(ret_why, -ENOSYS, "the system calls cannot be confined here");
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree: most calls are looked at often */
	r = add_calls(filter);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r < 0 ? why_set(ret_why, r, "cannot confine the system calls: %s", strerror(-r)) : 0;
}
