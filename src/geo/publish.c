/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to build, and what becomes of it. At most one build runs; a change that comes meanwhile makes another one
 * afterwards, for the running one may have read its snapshot before. A change is followed at once; but when they never
 * end, builds begin no closer than twice the time that one takes, so that at most half a core is spent. While only the
 * gzipped form of the last build is being made, a change ends that.
 */
#include "geo/publish.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "geo/publish_state.h"

enum { EVERY_S = 300, BUILD_LIMIT_S = 600, WAIT_FIRST_MS = 1000 };
/* So many builds in a row, with less than QUIET_MS between them, are a few changes; more are a flood. */
enum { ROW_MAX = 8, QUIET_MS = 2000 };

static void say(const struct geo_publish *p, enum severity severity, const char *fmt, ...) _printf_(3, 4);
static void say(const struct geo_publish *p, enum severity severity, const char *fmt, ...) {
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p->config.log(severity, text, p->config.user);
}

/* ---- when ---- */

/* No later than this. */
static void plan(struct geo_publish *p, uint64_t after_ms) {
	uint64_t at = loop_now_ms(p->loop) + after_ms;

	if (at >= p->next_at_ms)
		return;
	p->next_at_ms = at;
	(void)loop_timer_set(p->next, after_ms);
}

static void want(struct geo_publish *p) {
	uint64_t soonest = p->started_ms + 2 * p->took_ms, now = loop_now_ms(p->loop);

	if (p->job_runs && !p->job_reported)
		p->again = true;
	else
		plan(p, p->in_a_row > ROW_MAX && soonest > now ? soonest - now : 0);
}

static int start_job(struct geo_publish *p, bool load_only);

static int on_next(void *user) {
	struct geo_publish *p = user;

	p->next_at_ms = UINT64_MAX;
	if (p->job_runs && !p->job_reported) {
		p->again = true;
		return 0;
	}
	return start_job(p, false);
}

/* ---- what becomes of it ---- */

static void end_job(struct geo_publish *p) {
	loop_source_free(p->job_source);
	loop_source_free(p->job_limit);
	p->job_source = p->job_limit = NULL;
	publish_job_done(&p->job);
	p->job_runs = false;
}

/* The same failure again and again is said once. */
static void fail(struct geo_publish *p, const char *reason) {
	bool news = strncmp(p->reason, reason, sizeof(p->reason) - 1) != 0;
	uint64_t every_ms = p->config.every_s * 1000;

	p->failed++;
	(void)snprintf(p->reason, sizeof(p->reason), "%s", reason);
	p->wait_ms = (unsigned)MIN(p->wait_ms ? p->wait_ms * UINT64_C(2) : WAIT_FIRST_MS, every_ms);
	plan(p, p->wait_ms - randombytes_uniform(p->wait_ms / 4));
	p->talk = news;
	if (news)
		say(p, SEVERITY_ERROR, "the build failed%s: %s", p->current ? ", the last good file stays" : "",
		    p->reason);
	loop_notify_status("failing: %s", p->reason);
}

static void say_published(const struct geo_publish *p, const struct job_report *r) {
	say(p, SEVERITY_NOTE, "%s %s: %" PRIu64 " networks, %zu bytes, %.0f ms, SHA-256 %s",
	    r->built ? "published" : "publishing what is there:", p->config.build.output, p->current->networks,
	    p->current->entity.bytes.len, r->seconds * 1000, p->current->sha256);
	loop_notify_status("%" PRIu64 " networks published", p->current->networks);
}

/* Last-Modified never stands still while the content changes, even twice in a second (http_entity.h). */
static int64_t modified_after(const struct published *before, int64_t file) {
	return before && file <= before->entity.modified ? before->entity.modified + 1 : file;
}

static bool publish(struct geo_publish *p, const struct job_report *r) {
	struct published *new;
	int e = published_new(p->job.bytes_fd, r->sha256, modified_after(p->current, r->modified), &new);

	if (e < 0) {
		fail(p, e == -EBADMSG ? "the file that was built is no database" : strerror(-e));
		return false;
	}
	new->networks = r->networks;
	published_unref(p->current);
	p->current = new;
	p->talk = true;
	say_published(p, r);
	return true;
}

static void succeed(struct geo_publish *p, const struct job_report *r) {
	if (*p->reason)
		say(p, SEVERITY_NOTE, "builds succeed again");
	*p->reason = 0;
	p->wait_ms = 0;
	p->success_at = time(NULL);
	p->success_ms = loop_now_ms(p->loop);
	p->seconds = r->seconds;
	p->seconds_sum += r->seconds;
	plan(p, p->config.every_s * 1000);
}

/* Warnings are said with each new file, errors when they are new. */
static void say_talk(const struct geo_publish *p) {
	char *talk = p->talk ? publish_job_talk(&p->job) : NULL;

	if (talk)
		p->config.log(SEVERITY_NOTE, talk, p->config.user);
	free(talk);
}

static void take_report(struct geo_publish *p, const struct job_report *r) {
	bool good = r->kind != JOB_FAILED;

	if (r->kind == JOB_GZIPPED) {
		if (p->current && strcmp(p->current->sha256, r->sha256) == 0)
			(void)published_add_gzip(p->current, p->job.gzip_fd);
		return;
	}
	p->job_reported = true;
	p->talk = false;
	p->took_ms = (uint64_t)(r->seconds * 1000);
	if (r->kind == JOB_FAILED && !r->built) {
		if (r->error != -ENOENT)
			say(p, SEVERITY_WARNING, "what is there is not published: %s", r->reason);
		return;
	}
	if (!good)
		fail(p, r->reason);
	else if (r->kind == JOB_READY)
		good = publish(p, r);
	say_talk(p);
	if (!good || !r->built)
		return;
	p->built += r->kind == JOB_READY;
	p->unchanged += r->kind == JOB_UNCHANGED;
	succeed(p, r);
}

/* The child has ended, well or not. */
static void finish_job(struct geo_publish *p) {
	char why[WORKER_WHY_MAX], reason[WORKER_WHY_MAX + 16];
	bool reported = p->job_reported;
	int status;

	loop_source_free(p->job_source); /* before its descriptor is closed: see worker.h */
	p->job_source = NULL;
	status = worker_wait(&p->job.worker, why);
	end_job(p);
	if (!reported) {
		if (status >= 0)
			(void)snprintf(why, sizeof(why), "ended with status %d", status);
		(void)snprintf(reason, sizeof(reason), "the build %s", why);
		fail(p, reason);
	}
	if (p->again || p->next_at_ms == UINT64_MAX) {
		p->again = false;
		want(p);
	}
}

static int on_job(int fd, uint32_t events, void *user) {
	struct geo_publish *p = user;
	struct job_report report;
	int r;

	(void)fd;
	(void)events;
	while ((r = publish_job_read(&p->job, &report)) > 0)
		take_report(p, &report);
	if (r < 0)
		finish_job(p);
	return 0;
}

static int on_job_limit(void *user) {
	struct geo_publish *p = user;
	char reason[64];

	(void)snprintf(reason, sizeof(reason), "the build took longer than %u s", p->config.build_limit_s);
	if (!p->job_reported)
		fail(p, reason);
	end_job(p);
	return 0;
}

static int start_job(struct geo_publish *p, bool load_only) {
	uint64_t now = loop_now_ms(p->loop);
	int r;

	end_job(p);
	p->job_reported = p->again = false;
	p->in_a_row = now - p->started_ms < QUIET_MS + p->took_ms ? p->in_a_row + 1 : 1;
	p->started_ms = now;
	r = publish_job_start(&p->job, &p->config.build, load_only, p->current);
	if (r < 0) {
		fail(p, strerror(-r));
		return 0;
	}
	p->job_runs = true;
	r = loop_add_fd(p->loop, p->job.worker.fd, EPOLLIN, on_job, p, &p->job_source);
	if (r >= 0)
		r = loop_add_timer(p->loop, p->config.build_limit_s * UINT64_C(1000), on_job_limit, p, &p->job_limit);
	return r;
}

/* ---- open and close ---- */

static void on_changed(struct publish_watch *w, void *user) {
	(void)w;
	want(user);
}

static void on_lost(struct publish_watch *w, void *user) {
	if (w->wait_ms == 0) /* the first time in a row */
		say(user, SEVERITY_WARNING, "%s: changes are not heard of (%s); trying again", w->spec->text,
		    *w->why ? w->why : "the listener ended");
}

static void on_doubted(struct publish_watch *w, void *user) {
	say(user, SEVERITY_WARNING,
	    "%s: changes may not be heard of (%s): `hextet geo init` makes it; until then they count "
	    "at the next build",
	    w->spec->text, w->why);
}

static int start_watches(struct geo_publish *p) {
	size_t n = p->config.build.from_count;
	int r = 0;

	p->watch = calloc(n ? n : 1, sizeof(*p->watch));
	if (!p->watch)
		return -ENOMEM;
	for (size_t i = 0; i < n && r >= 0; i++) {
		p->watch[i] = (struct publish_watch){ .spec = &p->config.build.from[i],
						      .loop = p->loop,
						      .changed = on_changed,
						      .lost = on_lost,
						      .doubted = on_doubted,
						      .user = p };
		r = publish_watch_start(&p->watch[i]);
	}
	return r;
}

int geo_publish_open(struct loop *l, const struct geo_publish_config *config, struct geo_publish **ret_p,
		     char **ret_why) {
	struct geo_publish *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->loop = l;
	p->config = *config;
	p->config.every_s = config->every_s ? config->every_s : EVERY_S;
	p->config.build_limit_s = config->build_limit_s ? config->build_limit_s : BUILD_LIMIT_S;
	p->config.http.handler = publish_handle;
	p->config.http.observer = publish_observe;
	p->config.http.user = p;
	p->next_at_ms = UINT64_MAX;
	p->job = (struct publish_job){ .bytes_fd = -1, .gzip_fd = -1, .talk_fd = -1, .worker.fd = -1 };
	r = http_server_open(l, &p->config.http, &p->server, ret_why);
	if (r >= 0)
		r = loop_add_timer(l, UINT32_MAX, on_next, p, &p->next);
	if (r >= 0)
		r = start_job(p, true);
	if (r >= 0)
		r = start_watches(p);
	if (r < 0) {
		geo_publish_close(p);
		return r;
	}
	*ret_p = p;
	return 0;
}

void geo_publish_close(struct geo_publish *p) {
	if (!p)
		return;
	for (size_t i = 0; p->watch && i < p->config.build.from_count; i++)
		publish_watch_stop(&p->watch[i]);
	end_job(p);
	loop_source_free(p->next);
	http_server_close(p->server);
	published_unref(p->current);
	free(p->watch);
	free(p);
}

void geo_publish_rebuild(struct geo_publish *p) {
	want(p);
}

struct endpoint geo_publish_bound(const struct geo_publish *p, size_t n) {
	return http_server_bound(p->server, n);
}
