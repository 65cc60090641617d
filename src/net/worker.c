/* SPDX-License-Identifier: Apache-2.0 */
#include "net/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* What the loop blocks and sets is its own. */
static void reset_signals(void) {
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &usual, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int compare_int(const void *a, const void *b) {
	return *(const int *)a - *(const int *)b;
}

/* A copy of a client's socket in a child would keep the connection open when we close ours. */
static void close_others(int *kept, size_t n) {
	unsigned from = STDERR_FILENO + 1;

	qsort(kept, n, sizeof(*kept), compare_int);
	for (size_t i = 0; i < n; i++) {
		if (kept[i] < (int)from)
			continue;
		if (kept[i] > (int)from)
			(void)close_range(from, (unsigned)kept[i] - 1, 0);
		from = (unsigned)kept[i] + 1;
	}
	(void)close_range(from, ~0U, 0);
}

int worker_start(struct worker *w, worker_fn fn, void *user, const int *keep, size_t keep_count) {
	int end[2], kept[8];
	pid_t parent = getpid(), pid;

	if (keep_count >= ARRAY_LEN(kept))
		return -E2BIG;
	if (pipe2(end, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		int r = -errno;

		(void)close(end[0]);
		(void)close(end[1]);
		return r;
	}
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		if (keep_count)
			memcpy(kept, keep, keep_count * sizeof(*keep));
		kept[keep_count] = end[1];
		reset_signals();
		close_others(kept, keep_count + 1);
		_exit(fn(end[1], user) & 255);
	}
	(void)close(end[1]);
	(void)fcntl(end[0], F_SETFL, O_NONBLOCK);
	w->pid = pid;
	w->fd = end[0];
	return 0;
}

static int reap(struct worker *w) {
	int status = 0;

	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	(void)close(w->fd);
	*w = (struct worker){ .fd = -1 };
	return status;
}

int worker_wait(struct worker *w, char ret_why[static WORKER_WHY_MAX]) {
	int status = reap(w);

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	(void)snprintf(ret_why, WORKER_WHY_MAX, "was killed by signal %d (%s)", WTERMSIG(status),
		       sigdescr_np(WTERMSIG(status)));
	return -ECHILD;
}

void worker_kill(struct worker *w) {
	if (w->pid <= 0)
		return;
	(void)kill(w->pid, SIGKILL);
	(void)reap(w);
}
