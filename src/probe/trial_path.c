/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each address is asked with a small request, then with a header that fills several packets; those that are silent to
 * either once more, with the large one in small packets (TCP_MAXSEG), and path_verdict() tells what that means.
 * Requests are GETs like all others: no server has to take a body for it.
 *
 * All small ones come before any large one. From an answer to a large packet the kernel learns the path MTU, and offers
 * a smaller MSS in every later connection to that address, for ten minutes: then servers send small packets, and a hole
 * on the way back is not seen any more.
 */
#include <string.h>

#include "probe/client_form.h"
#include "probe/trial_client.h"

enum {
	LARGE = 4000,     /* below what servers take as a header, above two packets of Ethernet */
	SMALL_MSS = 1000, /* whatever tunnels there are: packets stay below 1280 */
	TIMED_OUT = 408,  /* a server's word for "your request did not come" */
};

enum { ROUND_SMALL, ROUND_LARGE, ROUND_IN_SMALL_PACKETS, ROUNDS };

struct path_job {
	uint32_t result;
	struct ip connect; /* unspecified: by name */
	struct path_round {
		struct path_job *job;
		enum fetch_problem problem;
	} rounds[ROUNDS];
	struct trial_path *path;
};

struct asking {
	const struct trial_options *o;
	struct arena *arena;
	struct trial *trial;
	struct path_job *jobs;
	uint32_t n, next;
	unsigned round;
	struct fetch_header padding;
	char client[2][IP_TEXT_MAX]; /* for PROXY headers */
};

static const enum family families[2] = { FAMILY_4, FAMILY_6 };

static uint32_t places(const struct trial_target *t, unsigned side) {
	return !t->direct ? 1 : side ? t->count6 : t->count4;
}

/* One for each address of a result, or for each family by name. */
static void add_jobs(struct asking *q, uint32_t number) {
	struct trial_result *result = &q->trial->results[number];
	const struct trial_target *t = result->target;
	struct trial_path *paths = arena_array(q->arena, struct trial_path, places(t, 0) + places(t, 1));

	result->paths = paths;
	for (unsigned side = 0; side < 2; side++)
		for (uint32_t k = 0; k < places(t, side); k++) {
			struct path_job *job = &q->jobs[q->n++];

			*job = (struct path_job){ .result = number, .path = &paths[result->path_count++] };
			job->path->family = families[side];
			for (unsigned round = 0; round < ROUNDS; round++)
				job->rounds[round].job = job;
			if (t->direct)
				job->connect = (side ? t->ips6 : t->ips4)[k];
		}
}

static void prepare(struct asking *q) {
	char *padding = arena_array(q->arena, char, LARGE + 1);
	uint32_t all = 0;

	memset(padding, 'Z', LARGE); /* which HPACK cannot make shorter (RFC 7541 appendix B) */
	q->padding = (struct fetch_header){ STR("X-Padding"), { padding, LARGE } };
	(void)ip_format(client_form_ip4(), q->client[0]);
	(void)ip_format(client_form_ip6(), q->client[1]);
	for (uint32_t i = 0; i < q->trial->n; i++)
		all += places(q->trial->results[i].target, 0) + places(q->trial->results[i].target, 1);
	q->jobs = arena_array(q->arena, struct path_job, all);
	for (uint32_t i = 0; i < q->trial->n; i++)
		add_jobs(q, i);
}

static bool is_silent(const struct path_job *job) {
	return path_is_silence(job->rounds[ROUND_SMALL].problem) || path_is_silence(job->rounds[ROUND_LARGE].problem);
}

static bool on_next(struct fetch *ret_fetch, void *user) {
	struct asking *q = user;

	while (q->next < q->n) {
		struct path_job *job = &q->jobs[q->next++];

		if (q->round == ROUND_IN_SMALL_PACKETS && !is_silent(job))
			continue;
		*ret_fetch = (struct fetch){
			.url = q->trial->results[job->result].target->url,
			.family = job->path->family,
			.connect = job->connect,
			.headers = &q->padding,
			.header_count = q->round != ROUND_SMALL,
			.mss = q->round == ROUND_IN_SMALL_PACKETS ? SMALL_MSS : 0,
			.job = &job->rounds[q->round],
		};
		if (q->o->proxy_v2)
			ret_fetch->proxy_v2 = q->client[job->path->family == FAMILY_6];
		return true;
	}
	return false;
}

/* The path is of the large request: what the kernel learned, it learned from that. */
static void note(struct path_round *round, const struct fetched *f) {
	struct trial_path *path = round->job->path;

	round->problem = f->problem == FETCH_OK && f->status == TIMED_OUT ? FETCH_STALLED : f->problem;
	if (round != &round->job->rounds[ROUND_LARGE])
		return;
	path->mtu = f->path_mtu;
	if (f->hops.n)
		path->address = f->hops.v[f->hops.n - 1].remote;
}

static int on_done(const struct fetch *fetch, struct fetched *fetched, void *user) {
	struct asking *q = user;

	note(fetch->job, fetched);
	q->trial->fetches++;
	fetched_free(fetched);
	return 0;
}

static int ask(struct asking *q, struct fetcher *fetcher, unsigned round) {
	q->round = round;
	q->next = 0;
	return fetcher_run(fetcher, on_next, on_done, q);
}

int trial_path_mtu(const struct trial_options *o, struct arena *a, struct trial *t, const char **ret_why) {
	struct asking q = { .o = o, .arena = a, .trial = t };
	struct fetcher *fetcher;
	int error = fetcher_new(&o->fetch, &fetcher, ret_why);

	if (error < 0)
		return error;
	prepare(&q);
	for (unsigned round = 0; round < ROUNDS && error == 0; round++)
		error = ask(&q, fetcher, round);
	fetcher_free(fetcher);
	if (error < 0) {
		*ret_why = arena_printf(a, "cannot try large packets: %s", strerror(-error));
		return error;
	}
	if (o->fetch.stop && *o->fetch.stop) {
		for (uint32_t i = 0; i < t->n; i++)
			t->results[i].path_count = 0;
		return 0;
	}
	for (uint32_t i = 0; i < q.n; i++) {
		const struct path_round *r = q.jobs[i].rounds;

		q.jobs[i].path->verdict =
			path_verdict(r[ROUND_LARGE].problem, r[ROUND_SMALL].problem, r[ROUND_IN_SMALL_PACKETS].problem);
		if (q.jobs[i].path->verdict == PATH_NONE)
			q.jobs[i].path->mtu = 0;
		trial_path_judge(q.jobs[i].path, a, &t->results[q.jobs[i].result].findings);
	}
	return 0;
}
