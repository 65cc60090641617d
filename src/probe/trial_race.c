/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The races run in a few threads, each one race at a time: a race mostly waits. The requests at the addresses that won
 * come after them, all through one fetcher. A URL that cannot be read has no race; the fetches have said why.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "probe/client_form.h"
#include "probe/fetch_url.h"
#include "probe/trial_client.h"

enum { THREADS_MAX = 16 };

struct runner {
	const struct trial_options *o;
	struct arena *arena;
	struct trial *trial;
	struct happy_target *targets; /* one for each result; host NULL: cannot be raced for */
	struct trial_happy *happy;
	bool *raced;
	atomic_uint next;
	atomic_int error;
	uint32_t next_request;
	char client[2][IP_TEXT_MAX]; /* for PROXY headers */
};

static bool stopped(const struct runner *r) {
	return r->o->fetch.stop && *r->o->fetch.stop;
}

/* "::1" of "[::1]" */
static const char *plain_host(struct arena *a, const char *host) {
	const size_t len = strlen(host);

	return len > 2 && host[0] == '[' ? arena_dup(a, host + 1, len - 2) : host;
}

static void prepare(struct runner *r) {
	const uint32_t n = r->trial->n;

	r->targets = arena_array(r->arena, struct happy_target, n);
	r->happy = arena_array(r->arena, struct trial_happy, n);
	r->raced = arena_array(r->arena, bool, n);
	(void)ip_format(client_form_ip4(), r->client[0]);
	(void)ip_format(client_form_ip6(), r->client[1]);
	for (uint32_t i = 0; i < n; i++) {
		const struct trial_target *t = r->trial->results[i].target;
		struct fetch_url url;
		const char *why;

		if (fetch_url_parse(t->url, r->arena, &url, &why) < 0)
			continue;
		r->targets[i] = (struct happy_target){
			.host = plain_host(r->arena, url.host),
			.port = url.port,
			.direct = t->direct,
			.ips = { t->ips4, t->ips6 },
			.counts = { t->count4, t->count6 },
		};
	}
}

static void *race(void *user) {
	struct runner *r = user;
	const struct happy_options o = {
		.connect_ms = r->o->fetch.connect_ms ? r->o->fetch.connect_ms : FETCH_CONNECT_MS,
		.stop = r->o->fetch.stop,
	};
	uint32_t i;

	while (!stopped(r) && atomic_load(&r->error) == 0 && (i = atomic_fetch_add(&r->next, 1)) < r->trial->n) {
		int error;

		if (!r->targets[i].host)
			continue;
		error = happy_race(&o, &r->targets[i], &r->happy[i].result);
		r->raced[i] = error == 0;
		if (error < 0 && error != -EINTR)
			atomic_store(&r->error, error);
	}
	return NULL;
}

/* This thread races as well, so that it goes on without any other. */
static void race_all(struct runner *r) {
	const uint32_t wanted =
		MIN(MIN(r->o->fetch.parallel ? r->o->fetch.parallel : THREADS_MAX, r->trial->n), (uint32_t)THREADS_MAX);
	pthread_t threads[THREADS_MAX];
	uint32_t n = 0;

	while (n + 1 < wanted && pthread_create(&threads[n], NULL, race, r) == 0)
		n++;
	(void)race(r);
	for (uint32_t i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
}

static bool on_next(struct fetch *ret_fetch, void *user) {
	struct runner *r = user;

	while (r->next_request < r->trial->n) {
		const uint32_t i = r->next_request++;
		const struct happy *h = &r->happy[i].result.race;

		if (!r->raced[i] || h->winner < 0)
			continue;
		*ret_fetch = (struct fetch){ .url = r->trial->results[i].target->url,
					     .connect = h->attempts[h->winner].ip,
					     .job = &r->happy[i] };
		ret_fetch->family = ip_family(ret_fetch->connect);
		if (r->o->proxy_v2)
			ret_fetch->proxy_v2 = r->client[ret_fetch->family == FAMILY_6];
		return true;
	}
	return false;
}

static int on_done(const struct fetch *fetch, struct fetched *fetched, void *user) {
	const struct runner *r = user;
	struct trial_happy *h = fetch->job;

	h->request = fetched->problem;
	h->why = (struct str){ arena_dup(r->arena, fetched->why.s ? fetched->why.s : "", fetched->why.len),
			       fetched->why.len };
	r->trial->fetches++;
	fetched_free(fetched);
	return 0;
}

int trial_race(const struct trial_options *o, struct arena *a, struct trial *t, const char **ret_why) {
	struct runner r = { .o = o, .arena = a, .trial = t };
	struct fetcher *fetcher;
	int error = fetcher_new(&o->fetch, &fetcher, ret_why);

	if (error < 0)
		return error;
	prepare(&r);
	race_all(&r);
	error = atomic_load(&r.error);
	if (error == 0)
		error = fetcher_run(fetcher, on_next, on_done, &r);
	fetcher_free(fetcher);
	if (error < 0) {
		*ret_why = arena_printf(a, "cannot race the families: %s", strerror(-error));
		return error;
	}
	for (uint32_t i = 0; i < t->n && !stopped(&r); i++) {
		if (!r.raced[i])
			continue;
		t->results[i].happy = &r.happy[i];
		trial_race_judge(&r.happy[i], a, &t->results[i].findings);
	}
	return 0;
}
