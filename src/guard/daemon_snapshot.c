/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots are written by a child: it has the engine as it was when it was forked, and the positions of that moment,
 * while the loop goes on. None is begun while a ban waits for the store or a command for its lines: what lies before a
 * snapshot is never read again.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "guard/daemon_state.h"

struct positions {
	struct store_position of[GUARD_LOGS_MAX];
	char *texts[GUARD_LOGS_MAX];
	struct store_snapshot snapshot;
};

static void positions_init(const struct guard *g, struct positions *p) {
	*p = (struct positions){ .snapshot.last_command = g->last_command, .snapshot.lines = g->lines };
	for (size_t i = 0; i < g->log_count; i++) {
		const struct guard_log *log = g->log[i];

		if (log->source)
			p->texts[i] = log->source->kind->position ? log->source->kind->position(log->source) : NULL;
		else
			p->texts[i] = log->resume ? strdup(log->resume) : NULL;
		p->of[i] = (struct store_position){ log->spec, p->texts[i] };
	}
	p->snapshot.positions = p->of;
	p->snapshot.position_count = g->log_count;
}

static void positions_done(struct positions *p) {
	for (size_t i = 0; i < p->snapshot.position_count; i++)
		free(p->texts[i]);
}

static void note(struct guard *g, bool good, const char *why) {
	if (!good && !g->snapshot_failing)
		guard_say(g, SEVERITY_ERROR,
			  "no snapshot: %s; after a crash the logs would be read again from the last one", why);
	else if (good && g->snapshot_failing)
		guard_say(g, SEVERITY_NOTE, "snapshots are written again");
	g->snapshot_failing = !good;
}

static bool may_begin(struct guard *g) {
	guard_commit(g);
	return store_pending(g->store) == 0 && g->replay.n == 0;
}

struct work {
	const struct guard *guard;
	struct positions positions;
};

static int write_in_child(int out, void *user) {
	const struct work *w = user;
	char *why = NULL;
	int r = store_write_snapshot(w->guard->config->state, w->guard->engine, &w->positions.snapshot, &why);

	if (r < 0 && why)
		(void)!write(out, why, strlen(why));
	return r < 0;
}

static int on_child(int fd, uint32_t events, void *user) {
	struct guard *g = user;
	char said[512], why[WORKER_WHY_MAX];
	ssize_t n = read(fd, said, sizeof(said) - 1);
	int status;

	(void)events;
	if (n < 0 && errno == EAGAIN)
		return 0;
	loop_source_free(g->snapshot_source);
	g->snapshot_source = NULL;
	status = worker_wait(&g->snapshot_worker, why);
	said[MAX(n, 0)] = 0;
	note(g, status == 0, *said ? said : status < 0 ? why : "its child failed");
	return 0;
}

void guard_snapshot_begin(struct guard *g) {
	struct work w = { .guard = g };
	int r;

	if (g->snapshot_worker.pid > 0 || !may_begin(g))
		return;
	positions_init(g, &w.positions);
	g->snapshot_ms = guard_wall_ms();
	r = worker_start(&g->snapshot_worker, write_in_child, &w, NULL, 0);
	if (r >= 0)
		r = loop_add_fd(g->loop, g->snapshot_worker.fd, EPOLLIN, on_child, g, &g->snapshot_source);
	if (r < 0) {
		worker_kill(&g->snapshot_worker);
		note(g, false, strerror(-r));
	}
	positions_done(&w.positions);
}

void guard_snapshot_end(struct guard *g) {
	loop_source_free(g->snapshot_source);
	g->snapshot_source = NULL;
	worker_kill(&g->snapshot_worker);
}

void guard_snapshot_now(struct guard *g) {
	struct positions p;
	char *why = NULL;
	int r;

	guard_snapshot_end(g);
	if (!may_begin(g))
		return;
	positions_init(g, &p);
	r = store_write_snapshot(g->config->state, g->engine, &p.snapshot, &why);
	note(g, r >= 0, why ? why : strerror(-r));
	positions_done(&p);
	free(why);
}
