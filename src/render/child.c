/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork in a threaded process: between fork and exec only async-signal-safe calls. The child reports a failure to set up
 * its namespace through a second pipe that exec closes; SIGALRM, which survives exec, is its time limit.
 */
#include "render/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static const char *find_program(struct arena *a, const char *name) {
	const char *path = getenv("PATH");
	struct str rest, folder;

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? name : NULL;
	rest = str_of(arena_printf(a, "%s:/usr/local/sbin:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin"));
	while (str_split(&rest, ':', &folder)) {
		const char *full = arena_printf(a, "%.*s/%s", (int)folder.len, folder.s, name);

		if (folder.len && access(full, X_OK) == 0)
			return full;
	}
	return NULL;
}

static int put(const char *path, const char *text) {
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	(void)close(fd);
	return n < 0 ? -errno : 0;
}

/* Without root, a user namespace in which we are root comes first; `map` is "0 UID 1". */
static int enter_network(bool root, const char *uid_map, const char *gid_map) {
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET | (root ? 0 : CLONE_NEWUSER)) < 0)
		return -errno;
	if (!root) {
		(void)put("/proc/self/setgroups", "deny");
		if (put("/proc/self/uid_map", uid_map) < 0 || put("/proc/self/gid_map", gid_map) < 0)
			return -EPERM;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return -errno;
	(void)close(fd);
	(void)put("/proc/sys/net/ipv4/ip_nonlocal_bind", "1");
	(void)put("/proc/sys/net/ipv6/ip_nonlocal_bind", "1");
	return 0;
}

static void tell(int fd, int error) {
	ssize_t n = write(fd, &error, sizeof(error));

	(void)n;
	_exit(127);
}

struct plan {
	const struct child_options *o;
	const char *program;
	char uid_map[32], gid_map[32];
	bool root;
};

__attribute__((noreturn)) static void run_child(const struct plan *p, int output, int report) {
	int null = open("/dev/null", O_RDONLY), r;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0)
		tell(report, errno);
	if (p->o->folder && chdir(p->o->folder) < 0)
		tell(report, errno);
	r = p->o->own_network ? enter_network(p->root, p->uid_map, p->gid_map) : 0;
	if (r < 0)
		tell(report, -r);
	(void)alarm(p->o->limit_s);
	(void)execv(p->program, (char *const *)(uintptr_t)p->o->argv);
	tell(report, errno);
	_exit(127);
}

/* Reads until the end; what is beyond the limit is read and dropped, so that the child does not block. */
static struct str drain(int fd, size_t max, struct arena *a) {
	char *text = NULL, buffer[4096];
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && out && (size_t)ftell(out) < max)
			(void)fwrite(buffer, 1, (size_t)n, out);
	if (out)
		(void)fclose(out);

	struct str result = { arena_dup(a, text, MIN(len, max)), MIN(len, max) };

	free(text);
	return result;
}

static int wait_for(pid_t pid) {
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int child_run(const struct child_options *o, struct arena *a, int *ret_status, struct str *ret_output) {
	struct plan p = { .o = o, .program = find_program(a, o->argv[0]), .root = geteuid() == 0 };
	int output[2], report[2], error = 0, status;
	struct str text;
	ssize_t n;
	pid_t pid;

	if (!p.program)
		return -ENOENT;
	(void)snprintf(p.uid_map, sizeof(p.uid_map), "0 %u 1", geteuid());
	(void)snprintf(p.gid_map, sizeof(p.gid_map), "0 %u 1", getegid());
	if (pipe2(output, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(report, O_CLOEXEC) < 0) {
		error = errno;
		(void)close(output[0]);
		(void)close(output[1]);
		return -error;
	}
	pid = fork();
	if (pid == 0)
		run_child(&p, output[1], report[1]);
	error = pid < 0 ? errno : 0;
	(void)close(output[1]);
	(void)close(report[1]);
	text = drain(output[0], o->output_max, a);
	n = read(report[0], &error, sizeof(error));
	(void)n;
	(void)close(output[0]);
	(void)close(report[0]);
	status = pid > 0 ? wait_for(pid) : 0;
	if (error || status < 0)
		return error ? -error : status;
	*ret_status = status;
	*ret_output = text;
	return 0;
}
