/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop over libcurl's multi handle. A fetch waits (for its turn at a host with a rate, or for another attempt) or
 * runs; both together are bounded, so memory does not grow with the number of fetches. Easy handles are used again.
 */
#include "probe/fetch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "probe/fetch_transfer.h"

enum {
	PARALLEL = 64,
	PARALLEL_MAX = 10000,
	TOTAL_MS = 30000,
	STALL_MS = 5000,
	BODY_MAX = 16 << 20,
	REDIRECTS_MAX = 10,
	RETRY_FIRST_US = 250 * 1000,
	RETRY_SHIFT_MAX = 5,
	WAITING_FACTOR = 4, /* for each that runs, when hosts have a rate: so that others go on while one waits */
	POLL_MS = 200,      /* the stall watch is asked so often */
};

struct fetcher {
	struct fetcher_options options;
	CURLM *multi;
	VEC(CURL *) idle;
	VEC(struct transfer *) waiting;
	unsigned running, most;
	bool ended; /* next() has no more */
	int error;  /* of done() */
	struct arena arena;
	struct map hosts; /* "4 example.net" → int64_t: when the next fetch may begin */
	fetch_next_fn next;
	fetch_done_fn done;
	void *user;
};

int fetcher_new(const struct fetcher_options *o, struct fetcher **ret_fetcher, const char **ret_why) {
	struct fetcher *f;
	int r = libcurl_load(ret_why);

	if (r < 0)
		return r;
	f = calloc(1, sizeof(*f));
	if (!f || !(f->multi = curl.multi_init())) {
		free(f);
		*ret_why = "out of memory";
		return -ENOMEM;
	}
	f->options = *o;
	f->options.parallel = MIN(o->parallel ? o->parallel : PARALLEL, (unsigned)PARALLEL_MAX);
	f->options.connect_ms = o->connect_ms ? o->connect_ms : FETCH_CONNECT_MS;
	f->options.total_ms = o->total_ms ? o->total_ms : TOTAL_MS;
	f->options.stall_ms = o->stall_ms ? o->stall_ms : STALL_MS;
	f->options.body_max = o->body_max ? o->body_max : BODY_MAX;
	f->options.redirects_max = o->redirects_max ? o->redirects_max : REDIRECTS_MAX;
	map_init(&f->hosts, &f->arena);
	(void)curl.multi_setopt(f->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	*ret_fetcher = f;
	return 0;
}

void fetcher_free(struct fetcher *f) {
	if (!f)
		return;
	for (size_t i = 0; i < f->idle.n; i++)
		curl.easy_cleanup(f->idle.v[i]);
	vec_done(&f->idle);
	vec_done(&f->waiting);
	(void)curl.multi_cleanup(f->multi);
	map_done(&f->hosts);
	arena_done(&f->arena);
	free(f);
}

void fetcher_count(const struct fetcher *f, unsigned *ret_now, unsigned *ret_most) {
	*ret_now = f->running + (unsigned)f->waiting.n;
	*ret_most = f->most;
}

/* When a fetch of this host and family may begin; the one after it comes 1/rate later. */
static int64_t turn_at(struct fetcher *f, const struct transfer *t) {
	int64_t now = fetch_now_us(), *free_at, due;
	char key[sizeof(t->host) + 4];
	size_t len;

	if (!(f->options.host_rate > 0))
		return now;
	len = (size_t)snprintf(key, sizeof(key), "%d %s", (int)t->fetch.family, t->host);
	free_at = map_get(&f->hosts, key, len);
	if (!free_at)
		free_at = map_add(&f->hosts, arena_dup(&f->arena, key, len), len, arena_new(&f->arena, int64_t));
	due = MAX(now, *free_at);
	*free_at = due + (int64_t)(1e6 / f->options.host_rate);
	return due;
}

static void give(struct fetcher *f, struct transfer *t) {
	int r = f->done(&t->fetch, TAKE_PTR(t->got), f->user);

	if (r < 0 && f->error == 0)
		f->error = r;
	transfer_free(t);
}

static bool is_temporary(enum fetch_problem p) {
	return p != FETCH_OK && p != FETCH_BAD_URL && p != FETCH_TOO_LARGE && p != FETCH_REDIRECT_LOOP &&
	       p != FETCH_UNTRUSTED;
}

static bool stopped(const struct fetcher *f) {
	return f->error < 0 || (f->options.stop && *f->options.stop);
}

/* The fetch has ended: its answer goes to the caller, or it waits for another attempt. */
static void finish(struct fetcher *f, struct transfer *t) {
	unsigned again = t->got->attempts;

	t->got->attempts++;
	if (is_temporary(t->got->problem) && again < f->options.retry && !stopped(f)) {
		t->due_us = MAX(turn_at(f, t),
				fetch_now_us() + ((int64_t)RETRY_FIRST_US << MIN(again, (unsigned)RETRY_SHIFT_MAX)));
		transfer_again(t);
		vec_push(&f->waiting, t);
		return;
	}
	give(f, t);
}

/* Begins the next hop with an idle handle. */
static void begin(struct fetcher *f, struct transfer *t) {
	t->easy = f->idle.n ? f->idle.v[--f->idle.n] : curl.easy_init();
	if (!t->easy)
		abort();
	if (transfer_begin(t)) {
		(void)curl.multi_add_handle(f->multi, t->easy);
		f->running++;
		return;
	}
	vec_push(&f->idle, t->easy);
	t->easy = NULL;
	finish(f, t);
}

static void take_more(struct fetcher *f) {
	unsigned room = f->options.parallel * (f->options.host_rate > 0 ? WAITING_FACTOR : 1);

	while (!f->ended && f->running + f->waiting.n < room) {
		struct fetch fetch = { 0 };
		struct transfer *t;

		if (stopped(f) || !f->next(&fetch, f->user)) {
			f->ended = true;
			return;
		}
		t = transfer_new(&f->options, &fetch);
		t->due_us = turn_at(f, t);
		vec_push(&f->waiting, t);
		f->most = MAX(f->most, f->running + (unsigned)f->waiting.n);
	}
}

/* Begins what is due, the earliest first. Milliseconds until the next one is. */
static int begin_due(struct fetcher *f) {
	int64_t now = fetch_now_us();

	while (f->waiting.n && f->running < f->options.parallel) {
		size_t first = 0;
		struct transfer *t;

		for (size_t i = 1; i < f->waiting.n; i++)
			if (f->waiting.v[i]->due_us < f->waiting.v[first]->due_us)
				first = i;
		t = f->waiting.v[first];
		if (t->due_us > now && !stopped(f))
			return (int)MIN((t->due_us - now) / 1000 + 1, (int64_t)POLL_MS);
		f->waiting.v[first] = f->waiting.v[--f->waiting.n];
		if (stopped(f)) {
			transfer_fail(t, FETCH_TIME, "stopped before it began");
			give(f, t);
		} else
			begin(f, t);
	}
	return POLL_MS;
}

static void read_messages(struct fetcher *f) {
	const CURLMsg *m;
	int left;

	while ((m = curl.multi_info_read(f->multi, &left))) {
		struct transfer *t = NULL;
		CURLcode code = m->data.result;
		CURL *easy = m->easy_handle;
		bool more;

		(void)curl.easy_getinfo(easy, CURLINFO_PRIVATE, &t);
		more = transfer_end(t, code); /* before the handle is taken out: with it goes the connection */
		(void)curl.multi_remove_handle(f->multi, easy);
		vec_push(&f->idle, easy);
		t->easy = NULL;
		f->running--;
		if (more)
			begin(f, t);
		else
			finish(f, t);
	}
}

int fetcher_run(struct fetcher *f, fetch_next_fn next, fetch_done_fn done, void *user) {
	f->next = next;
	f->done = done;
	f->user = user;
	f->ended = false;
	f->error = 0;
	for (;;) {
		int running, wait_ms;

		take_more(f);
		wait_ms = begin_due(f);
		if (!f->running && !f->waiting.n && f->ended)
			return f->error;
		(void)curl.multi_perform(f->multi, &running);
		read_messages(f);
		if (f->running == (unsigned)running && (f->running || f->waiting.n))
			(void)curl.multi_poll(f->multi, NULL, 0, wait_ms, NULL);
	}
}
