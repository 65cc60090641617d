/* SPDX-License-Identifier: Apache-2.0 */
/* What is left after privileges are given up: each question is asked in a child, for there is no way back. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "net/privilege.h"

/* The child's own exit status: 0 when fn said true, 1 when false, 2 when it could not get that far. */
static int in_child(bool (*fn)(void)) {
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		char *why = NULL;

		if (privilege_keep_net_admin(&why) < 0 || privilege_confine(&why) < 0) {
			(void)fprintf(stderr, "# %s\n", why ? why : "?");
			_exit(2);
		}
		_exit(fn() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status)); /* refused, not killed */
	return WEXITSTATUS(status);
}

static bool is_refused(long result) {
	return result < 0 && errno == EPERM;
}

static bool refused(void) {
	return is_refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL)) && is_refused(unshare(CLONE_NEWUSER)) &&
	       is_refused(mount("none", "/", NULL, 0, NULL)) && is_refused(syscall(SYS_bpf, 0, NULL, 0)) &&
	       is_refused(syscall(SYS_keyctl, 0, 0, 0)) && is_refused(syscall(SYS_init_module, NULL, 0, "")) &&
	       is_refused(setuid(0)) && is_refused(chroot("/")) && is_refused(syscall(SYS_io_uring_setup, 1, NULL)) &&
	       is_refused(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0));
}

static bool files_and_sockets(void) {
	char name[] = "/tmp/hextet-privilege-XXXXXX", text[8];
	int fd = mkstemp(name), s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 12 /* netfilter */);

	return fd >= 0 && s >= 0 && n >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && pread(fd, text, 8, 0) == 1 &&
	       unlink(name) == 0;
}

/* As the snapshot's worker does, and a sink that runs a program. */
static bool children(void) {
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		(void)execl("/bin/true", "true", NULL);
		_exit(1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool status_has(const char *name, const char *value) {
	char line[256], want[128];
	FILE *f = fopen("/proc/self/status", "r");
	bool found = false;

	(void)snprintf(want, sizeof(want), "%s:\t%s\n", name, value);
	while (f && fgets(line, sizeof(line), f))
		found |= strcmp(line, want) == 0;
	if (f)
		(void)fclose(f);
	return found;
}

static bool nothing_else_is_left(void) {
	const char *caps = geteuid() == 0 ? "0000000000001000" : "0000000000000000";

	return status_has("Seccomp", "2") && status_has("NoNewPrivs", "1") && status_has("CapEff", caps) &&
	       status_has("CapPrm", caps) && status_has("CapAmb", caps) &&
	       (geteuid() != 0 || status_has("CapBnd", caps));
}

static void test_refused(void **state) {
	(void)state;
	assert_int_equal(in_child(refused), 0);
}

static void test_allowed(void **state) {
	(void)state;
	assert_int_equal(in_child(files_and_sockets), 0);
	assert_int_equal(in_child(children), 0);
}

static void test_what_is_left(void **state) {
	(void)state;
	assert_int_equal(in_child(nothing_else_is_left), 0);
}

static void test_users(void **state) {
	uid_t uid = 1;
	gid_t gid = 1;
	char *why = NULL;

	(void)state;
	assert_int_equal(privilege_find_user("root", &uid, &gid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(privilege_find_user("nosuchuser", &uid, &gid), -ESRCH);
	assert_int_equal(privilege_become("nosuchuser", NULL, &why), -ESRCH);
	assert_string_equal(why, "there is no user nosuchuser");
	free(why);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_what_is_left),
		cmocka_unit_test(test_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
