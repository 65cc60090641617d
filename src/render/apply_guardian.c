/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guardian learns from a pipe that the applier is gone (its end closes, however the applier died), from inotify
 * that the journal has a new name, and from a timer on CLOCK_BOOTTIME, which no clock step moves and no suspend stops,
 * that time is up. Each time it wakes it looks at the journal's phase and nothing else, so it does not matter which of
 * them woke it, or whether one was lost. It takes the lock to act: while the applier or a `--commit` has it, it waits.
 */
#include "render/apply_guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/file.h"
#include "render/apply.h"

enum { RETRY_S = 5, RETRIES = 60 };

struct guardian {
	struct apply_state state;
	const struct apply_say *say;
	int applier_fd; /* pidfd */
	int alive_fd;   /* its end of file: the applier is gone */
	int timer_fd, watch_fd, signal_fd;
	bool applier_gone, told_to_end, overdue;
};

static void set_timer(const struct guardian *g, uint64_t ns) {
	const struct itimerspec t = { .it_value = { .tv_sec = (time_t)(ns / 1000000000),
						    .tv_nsec = (long)(ns % 1000000000) + 1 } };

	(void)timerfd_settime(g->timer_fd, 0, &t, NULL);
}

/* Takes what made a descriptor readable, and does not look at it. */
static void drain(int fd) {
	char buffer[4096];
	ssize_t n;

	do
		n = read(fd, buffer, sizeof(buffer));
	while (n > 0 || (n < 0 && errno == EINTR));
}

static void wait_for_news(struct guardian *g) {
	struct pollfd fds[] = {
		{ .fd = g->applier_gone ? -1 : g->alive_fd, .events = POLLIN },
		{ .fd = g->timer_fd, .events = POLLIN },
		{ .fd = g->watch_fd, .events = POLLIN },
		{ .fd = g->signal_fd, .events = POLLIN },
	};

	if (poll(fds, ARRAY_LEN(fds), -1) < 0)
		return;
	g->applier_gone |= fds[0].revents != 0;
	if (fds[1].revents && !g->applier_gone)
		g->overdue = true;
	g->told_to_end |= fds[3].revents != 0;
	for (size_t i = 1; i < ARRAY_LEN(fds); i++)
		if (fds[i].revents)
			drain(fds[i].fd);
}

/* Whether it is time to act. While files wait for a confirmation, sets the timer to the deadline. */
static bool is_time(struct guardian *g, enum apply_phase phase) {
	_cleanup_(arena_done) struct arena a = { 0 };
	uint64_t left;

	if (!g->applier_gone)
		return false;
	if (phase != PHASE_WAIT || g->told_to_end)
		return true;
	left = state_time_left_ns(&g->state, &a);
	if (left)
		set_timer(g, left);
	return !left;
}

/* With the lock, things may look different: a commit or a new apply has had it in between. */
static int act(struct guardian *g) {
	enum apply_outcome outcome = APPLY_NOTHING;
	enum apply_phase phase;
	int r = state_lock(&g->state, true, "the guardian of an apply");

	if (r == 0)
		r = state_phase(&g->state, &phase);
	if (r == 0 && phase != PHASE_NONE && is_time(g, phase)) {
		apply_tell(g->say, phase == PHASE_COMMIT ? "the apply was cut off after its decision; finishing it"
				   : phase == PHASE_WAIT ? "the apply was not confirmed; taking it back"
							 : "the apply was cut off; taking it back");
		r = apply_recover(&g->state, g->say, &outcome);
		if (r == 0)
			apply_tell(g->say, "%s",
				   outcome == APPLY_COMMITTED ? "the new files stay" : "the old files are back");
	}
	state_unlock(&g->state);
	return r;
}

/* The applier may have died while it wrote its journal. Its lock may outlive its pipe by a moment. */
static void leave(struct guardian *g) {
	if (state_lock(&g->state, true, "the guardian of an apply") == 0)
		state_tidy(&g->state);
	state_unlock(&g->state);
}

static void kill_applier(struct guardian *g) {
	apply_tell(g->say, "the apply takes too long; ending it");
	(void)syscall(SYS_pidfd_send_signal, g->applier_fd, SIGKILL, NULL, 0);
	g->overdue = false;
}

static void watch(struct guardian *g) {
	unsigned failures = 0;
	enum apply_phase phase;

	/* ENOENT: there is no state folder any more, so there is nothing to decide. */
	while (failures < RETRIES && faccessat(g->state.fd, "lock", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		int r = state_phase(&g->state, &phase);

		if (r == 0 && phase == PHASE_NONE && g->applier_gone)
			break;
		if (r == 0 && is_time(g, phase))
			r = act(g);
		else if (r == 0 && g->overdue)
			kill_applier(g);
		if (r < 0) {
			failures++;
			(void)sleep(RETRY_S);
			continue;
		}
		if (state_phase(&g->state, &phase) == 0 && phase == PHASE_NONE && g->applier_gone)
			break;
		wait_for_news(g);
	}
	leave(g);
}

/* Out of the session, deaf to its end, and holding none of its streams: ssh waits for those to close. */
static int leave_session(void) {
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || setsid() < 0 || chdir("/") < 0)
		return -errno;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	for (const int *s = (const int[]){ SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTSTP, 0 }; *s; s++)
		(void)sigaction(*s, &(const struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	(void)prctl(PR_SET_NAME, "hextet-guardian");
	(void)close(null);
	return 0;
}

/* The last one that the kernel should choose when memory is short. Without the right to it, it is like any other. */
static void dodge_oom_killer(void) {
	static const char least[] = "-1000";

	(void)file_write_plain("/proc/self/oom_score_adj", least, sizeof(least) - 1, 0);
}

static int prepare(struct guardian *g, const char *root) {
	char path[64];
	sigset_t term;
	int r = state_open(&g->state, root, true);

	if (r == 0)
		r = leave_session();
	if (r < 0)
		return r;
	dodge_oom_killer();
	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &term, NULL);
	g->signal_fd = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
	g->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	g->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (g->signal_fd < 0 || g->timer_fd < 0 || g->watch_fd < 0)
		return -errno;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", g->state.fd);
	if (inotify_add_watch(g->watch_fd, path, IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF) < 0)
		return -errno;
	return 0;
}

__attribute__((noreturn)) static void live(struct guardian *g, const char *root, unsigned limit_s, int ready_fd) {
	int r = prepare(g, root);

	if (file_write_fd(ready_fd, &r, sizeof(r)) == 0 && r == 0) {
		(void)close(ready_fd);
		set_timer(g, (uint64_t)limit_s * UINT64_C(1000000000));
		watch(g);
	}
	_exit(0);
}

/* Waits until the child has said how its preparation went. */
static int hear(int ready_fd) {
	int said = 0;
	ssize_t n;

	do
		n = read(ready_fd, &said, sizeof(said));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(said) ? said : -ECHILD;
}

int guardian_start(const struct apply_state *applier, const char *root, unsigned limit_s, const struct apply_say *say) {
	struct guardian g = { .say = say, .applier_fd = (int)syscall(SYS_pidfd_open, getpid(), 0) };
	int alive[2], ready[2], r;
	pid_t pid;

	if (g.applier_fd < 0)
		return -errno;
	/* The writing end of `alive` stays open in this process until it ends: nobody closes it. */
	if (pipe2(alive, O_CLOEXEC) < 0 || pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)close(alive[1]);
		(void)close(ready[0]);
		/* The lock is the applier's: it must end with it, and this is the same open file. */
		(void)close(applier->lock_fd);
		g.alive_fd = alive[0];
		live(&g, root, limit_s, ready[1]);
	}
	(void)close(g.applier_fd);
	(void)close(alive[0]);
	(void)close(ready[1]);
	r = hear(ready[0]);
	(void)close(ready[0]);
	return r;
}
