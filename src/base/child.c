/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork in a threaded process: between fork and exec only async-signal-safe calls. The child reports a failure to set up
 * its namespace through a second pipe that exec closes. It leads a process group of its own, which is killed when it
 * has ended or its time is up: a grandchild that keeps the output open cannot keep us.
 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/text.h"

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

/* Up, and made before when there is none. The kernel reads all IFNAMSIZ bytes of a name. */
static int bring_up(int fd, const char *name) {
	struct ifreq what = { .ifr_flags = IFF_UP | IFF_MULTICAST };

	for (size_t i = 0; name[i]; i++) {
		if (i + 1 == sizeof(what.ifr_name))
			return -ENAMETOOLONG;
		what.ifr_name[i] = name[i];
	}
	(void)ioctl(fd, SIOCBRADDBR, what.ifr_name);
	return ioctl(fd, SIOCSIFFLAGS, &what) < 0 ? -errno : 0;
}

static int bring_all_up(int fd, const char *const *names) {
	int r = bring_up(fd, "lo");

	for (; names && *names && r == 0; names++)
		r = bring_up(fd, *names);
	return r;
}

/* Without root, a user namespace in which we are root comes first; `map` is "0 UID 1". */
static int enter_network(bool root, const char *uid_map, const char *gid_map, const char *const *interfaces) {
	int fd, r;

	if (unshare(CLONE_NEWNET | (root ? 0 : CLONE_NEWUSER)) < 0)
		return -errno;
	if (!root) {
		(void)put("/proc/self/setgroups", "deny");
		if (put("/proc/self/uid_map", uid_map) < 0 || put("/proc/self/gid_map", gid_map) < 0)
			return -EPERM;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r = fd < 0 ? -errno : bring_all_up(fd, interfaces);
	if (r < 0)
		return r;
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
	char **environment;
	char uid_map[32], gid_map[32];
	bool root;
};

/* What we ignore or block, exec would pass on. */
static void reset_signals(void) {
	sigset_t none;

	for (const int *s = (const int[]){ SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, 0 }; *s; s++)
		(void)sigaction(*s, &(const struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

__attribute__((noreturn)) static void run_child(const struct plan *p, int output, int report) {
	int null = open("/dev/null", O_RDONLY), r;

	(void)setpgid(0, 0);
	reset_signals();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0)
		tell(report, errno);
	if (null > STDERR_FILENO)
		(void)close(null);
	if (p->o->folder && chdir(p->o->folder) < 0)
		tell(report, errno);
	r = p->o->own_network ? enter_network(p->root, p->uid_map, p->gid_map, p->o->interfaces) : 0;
	if (r < 0)
		tell(report, -r);
	(void)execve(p->program, (char *const *)(uintptr_t)p->o->argv, p->environment);
	tell(report, errno);
	_exit(127);
}

/* Ours, but messages in English: they are read by verify.c. */
static char **make_environment(struct arena *a) {
	size_t n = 0, kept = 0;
	char **copy;

	while (environ[n])
		n++;
	copy = arena_array(a, char *, n + 2);
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "LC_ALL=", 7) != 0)
			copy[kept++] = environ[i];
	copy[kept] = arena_dup(a, "LC_ALL=C", 8);
	return copy;
}

static int64_t now_ms(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Takes what there is; false at the end. What is beyond the limit is read and dropped, so that the child does not
 * block. */
static bool take_output(int fd, size_t max, struct text *out) {
	char buffer[4096];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && out->n < max)
			text_add(out, buffer, MIN((size_t)n, max - out->n));
	return n < 0 && errno == EAGAIN;
}

/* Until the child has ended (known by its pidfd, or by the end of its output) or its time is up. 0 or -ETIMEDOUT. */
static int watch(pid_t pid, int output, const struct child_options *o, struct text *out) {
	const int64_t end = now_ms() + (int64_t)o->limit_s * 1000;
	struct pollfd fds[] = { { .fd = output, .events = POLLIN },
				{ .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN } };
	int r = 0;

	(void)fcntl(output, F_SETFL, O_NONBLOCK);
	for (;;) {
		int64_t left = end - now_ms();

		if (left <= 0)
			r = -ETIMEDOUT;
		if (left <= 0 || (poll(fds, ARRAY_LEN(fds), (int)MIN(left, INT64_C(60000))) > 0 && fds[1].revents))
			break;
		if (fds[0].revents && !take_output(output, o->output_max, out)) {
			fds[0].fd = -1;
			if (fds[1].fd < 0)
				break;
		}
	}
	(void)take_output(output, o->output_max, out);
	(void)kill(-pid, SIGKILL);
	if (fds[1].fd >= 0)
		(void)close(fds[1].fd);
	return r;
}

static int wait_for(pid_t pid) {
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The parent's part, up to the child's end. 0 or -errno. */
static int follow(pid_t pid, int output, int report, const struct child_options *o, struct text *out, int *ret_status) {
	int error = 0, r = watch(pid, output, o, out), status;
	ssize_t n = read(report, &error, sizeof(error));

	(void)n;
	if (r < 0)
		(void)kill(pid, SIGKILL);
	status = wait_for(pid);
	if (error || r < 0 || status < 0)
		return error ? -error : r < 0 ? r : status;
	*ret_status = status;
	return 0;
}

int child_run(const struct child_options *o, struct arena *a, int *ret_status, struct str *ret_output) {
	struct plan p = { .o = o, .program = find_program(a, o->argv[0]), .root = geteuid() == 0 };
	int output[2], report[2], r;
	struct text text = { 0 };
	pid_t pid;

	if (!p.program)
		return -ENOENT;
	p.environment = make_environment(a);
	(void)snprintf(p.uid_map, sizeof(p.uid_map), "0 %u 1", geteuid());
	(void)snprintf(p.gid_map, sizeof(p.gid_map), "0 %u 1", getegid());
	if (pipe2(output, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(report, O_CLOEXEC) < 0) {
		r = -errno;
		(void)close(output[0]);
		(void)close(output[1]);
		return r;
	}
	pid = fork();
	if (pid == 0)
		run_child(&p, output[1], report[1]);
	r = pid < 0 ? -errno : 0;
	(void)close(output[1]);
	(void)close(report[1]);
	if (r == 0)
		r = follow(pid, output[0], report[0], o, &text, ret_status);
	(void)close(output[0]);
	(void)close(report[0]);
	if (r == 0)
		*ret_output = (struct str){ arena_dup(a, text.v, text.n), text.n };
	text_done(&text);
	return r;
}
