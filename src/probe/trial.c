/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs for the fetcher come in sets whose answers are judged together and then freed: the two families of one URL
 * (a pair), or all forms of a client's address in one family (--simulate-client). The jobs of a set are handed out one
 * after the other, so the answers that wait for the rest of theirs are about as many as the fetches under way, however
 * many URLs there are. What a comparison needs meanwhile is in an arena of the set; only what is found is copied.
 *
 * A target is fetched in rounds, `repeat` times each of its addresses. What is found again in a later round, of the
 * same kind in the same family, is counted and not repeated: its text may differ each time.
 */
#include "probe/trial.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

#include "probe/client_form.h"
#include "probe/fetch_transfer.h"
#include "probe/stat.h"
#include "probe/trial_client.h"

enum { BODY_HASH = 16 };

static const enum family families[2] = { FAMILY_4, FAMILY_6 };

struct set;

struct job {
	struct set *set;
	uint32_t index;
};

struct set {
	uint32_t target, round;
	unsigned family; /* 0: a pair; else a set of forms in this family */
	uint32_t n, handed, left;
	struct job *jobs;
	struct fetched **answers; /* of the pair: IPv4, IPv6 */
	struct arena arena;
};

/* What is known of a target besides its result. */
struct course {
	uint32_t sets, sets_done;
	unsigned times[_FINDING_MAX][3]; /* in how many rounds: kind by family (0, 4, 6) */
	unsigned compared;               /* rounds */
	bool cut;                        /* stopped before all was fetched */
	uint8_t body[2][BODY_HASH];      /* of each family's first whole answer */
	bool has_body[2], body_varies;   /* between two rounds of one family */
};

struct run {
	const struct trial_options *o;
	const struct trial_target *targets;
	uint32_t n;
	struct arena *arena;
	struct trial_result *results;
	struct course *courses;
	const struct client_form *forms;
	size_t form_count;
	uint32_t next_target, next_set;
	struct set *handing; /* whose jobs are being handed out, or NULL */
	uint64_t done, all;
	char client[2][IP_TEXT_MAX]; /* for PROXY headers */
	char client_mapped[IP_TEXT_MAX];
};

static unsigned family_index(unsigned family) {
	return family == FAMILY_4 ? 1 : family == FAMILY_6 ? 2 : 0;
}

static uint32_t places(const struct trial_target *t) {
	return t->direct ? MAX(MAX(t->count4, t->count6), 1U) : 1;
}

static uint32_t rounds(const struct run *r, const struct trial_target *t) {
	return places(t) * MAX(r->o->repeat, 1U);
}

static uint32_t address_count(const struct trial_target *t, unsigned side) {
	return side ? t->count6 : t->count4;
}

/* Where to connect in this round; false when the target has no address in the family. */
static bool address(const struct trial_target *t, unsigned side, uint32_t round, struct ip *ret_ip) {
	uint32_t count = address_count(t, side);

	if (!t->direct)
		*ret_ip = (struct ip){ 0 };
	else if (!count)
		return false;
	else
		*ret_ip = (side ? t->ips6 : t->ips4)[round % count];
	return true;
}

static struct set *set_new(struct run *r, uint32_t target, uint32_t index) {
	struct set *s = calloc(1, sizeof(*s));
	uint32_t pairs = rounds(r, &r->targets[target]);

	if (!s)
		abort();
	s->target = target;
	s->round = index < pairs ? index : 0;
	s->family = index < pairs ? 0 : families[index - pairs];
	s->n = s->family ? (uint32_t)r->form_count : 2;
	s->left = s->n;
	s->jobs = arena_array(&s->arena, struct job, s->n);
	s->answers = arena_array(&s->arena, struct fetched *, s->n);
	for (uint32_t i = 0; i < s->n; i++)
		s->jobs[i] = (struct job){ s, i };
	return s;
}

static void set_free(struct set *s) {
	for (uint32_t i = 0; i < s->n; i++)
		fetched_free(s->answers[i]);
	arena_done(&s->arena);
	free(s);
}

/* Copies what was found in a set, with the addresses when the target has several. */
static void keep(struct run *r, const struct set *s, const struct finding *f, bool again) {
	struct course *c = &r->courses[s->target];
	struct findings *all = &r->results[s->target].findings;
	unsigned *times = &c->times[f->kind][family_index(f->family)];
	bool known = again && *times > 0;
	const struct trial_target *t = &r->targets[s->target];
	char text4[IP_TEXT_MAX] = "none", text6[IP_TEXT_MAX] = "none";
	struct finding copy = *f;
	struct ip ip;

	(*times)++;
	if (known)
		return;
	if (places(t) > 1 && !s->family) {
		if (address(t, 0, s->round, &ip))
			(void)ip_format(ip, text4);
		if (address(t, 1, s->round, &ip))
			(void)ip_format(ip, text6);
		copy.detail = str_of(
			arena_printf(r->arena, "%.*s (at %s and %s)", (int)f->detail.len, f->detail.s, text4, text6));
	} else
		copy.detail.s = arena_dup(r->arena, f->detail.s, f->detail.len);
	copy.diff.s = f->diff.len ? arena_dup(r->arena, f->diff.s, f->diff.len) : NULL;
	vec_push(&all->list, copy);
}

/* A page that is another one each time cannot be the same over both families. */
static void note_body(struct course *c, unsigned side, struct str body) {
	uint8_t hash[BODY_HASH];

	(void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)body.s, body.len, NULL, 0);
	if (c->has_body[side] && memcmp(c->body[side], hash, sizeof(hash)) != 0)
		c->body_varies = true;
	memcpy(c->body[side], hash, sizeof(hash));
	c->has_body[side] = true;
}

static void note_sample(struct trial_result *result, unsigned side, const struct fetched *f) {
	struct trial_samples *s = &result->samples[side];

	s->fetched++;
	if (f->problem != FETCH_OK) {
		s->failed++;
		if (!result->status[side])
			result->status[side] = f->status;
		return;
	}
	vec_push(&s->times, f->times);
	result->status[side] = f->status;
	result->address[side] = f->hops.v[f->hops.n - 1].remote;
}

/* A family without an address to go to is a finding by itself; the other one is fetched all the same. */
static void judge_half_pair(struct set *s, struct findings *found) {
	for (unsigned side = 0; side < 2; side++) {
		const struct fetched *f = s->answers[side];

		if (!f)
			(void)finding_add(found, &s->arena, FINDING_UNREACHABLE, families[side],
					  "the machine database has no IPv%u address for it; write one, or leave the "
					  "endpoint out",
					  (unsigned)families[side]);
		else if (f->problem != FETCH_OK)
			(void)finding_add(found, &s->arena, FINDING_UNREACHABLE, families[side], "%.*s",
					  (int)f->why.len, f->why.s);
	}
}

static void judge(struct run *r, struct set *s) {
	struct trial_result *result = &r->results[s->target];
	struct course *c = &r->courses[s->target];
	struct findings found = { 0 };

	if (s->family)
		client_judge(&r->o->compare, s->family, r->forms, (const struct fetched *const *)s->answers, s->n,
			     &s->arena, &found);
	else {
		for (unsigned side = 0; side < 2; side++)
			if (s->answers[side]) {
				note_sample(result, side, s->answers[side]);
				if (s->answers[side]->problem == FETCH_OK && places(&r->targets[s->target]) == 1)
					note_body(c, side, s->answers[side]->body);
			}
		if (s->answers[0] && s->answers[1])
			compare_answers(&r->o->compare, s->answers[0], s->answers[1], &s->arena, &found);
		else
			judge_half_pair(s, &found);
		c->compared++;
	}
	for (size_t i = 0; i < found.list.n; i++)
		keep(r, s, &found.list.v[i], c->compared > 1 && !s->family);
	vec_done(&found.list);
}

static struct fetch_times medians(const struct trial_samples *s, struct arena *scratch) {
	uint32_t *v = arena_array(scratch, uint32_t, s->times.n);
	struct fetch_times m = { 0 };
	static const size_t fields[] = {
		offsetof(struct fetch_times, dns_us),   offsetof(struct fetch_times, connect_us),
		offsetof(struct fetch_times, tls_us),   offsetof(struct fetch_times, first_byte_us),
		offsetof(struct fetch_times, total_us),
	};

	if (!s->times.n)
		return m;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		for (size_t k = 0; k < s->times.n; k++)
			memcpy(&v[k], (const char *)&s->times.v[k] + fields[i], sizeof(*v));
		*(uint32_t *)(void *)((char *)&m + fields[i]) = (uint32_t)lround(stat_median(v, s->times.n));
	}
	return m;
}

/* Says " (2 of 5 times)" behind what was not found in every round, and of bodies that they change by themselves. */
static void complete_details(struct run *r, uint32_t target) {
	const struct course *c = &r->courses[target];
	struct findings *f = &r->results[target].findings;

	for (size_t i = 0; i < f->list.n; i++) {
		struct finding *x = &f->list.v[i];
		unsigned times = c->times[x->kind][family_index(x->family)];

		if (x->kind != FINDING_CLIENT && times < c->compared)
			x->detail = str_of(arena_printf(r->arena, "%.*s (%u of %u times)", (int)x->detail.len,
							x->detail.s, times, c->compared));
		if (x->kind == FINDING_BODY && c->body_varies)
			x->detail =
				str_of(arena_printf(r->arena,
						    "%.*s; it changes from fetch to fetch within a family too: name "
						    "what changes with --filter",
						    (int)x->detail.len, x->detail.s));
	}
}

static void finish_target(struct run *r, uint32_t target) {
	struct trial_result *result = &r->results[target];
	struct arena scratch = { 0 };

	complete_details(r, target);
	for (unsigned side = 0; side < 2; side++)
		result->samples[side].median = medians(&result->samples[side], &scratch);
	result->p_value = compare_times(&r->o->compare, result->samples[0].times.v, result->samples[0].times.n,
					result->samples[1].times.v, result->samples[1].times.n, r->arena,
					&result->findings, &result->time_note);
	arena_done(&scratch);
}

static bool stopped(const struct run *r) {
	return r->o->fetch.stop && *r->o->fetch.stop;
}

/* One job of the set has its answer, or never gets one. */
static void settle(struct run *r, struct set *s, bool usable) {
	struct course *c = &r->courses[s->target];

	if (!usable)
		c->cut = true;
	if (--s->left)
		return;
	if (!c->cut)
		judge(r, s);
	if (++c->sets_done == c->sets && !c->cut)
		finish_target(r, s->target);
	set_free(s);
}

static int on_done(const struct fetch *fetch, struct fetched *fetched, void *user) {
	struct run *r = user;
	struct job *job = fetch->job;

	job->set->answers[job->index] = fetched;
	r->done++;
	settle(r, job->set, !stopped(r) || fetched->problem == FETCH_OK);
	if (r->o->progress)
		r->o->progress(r->done, r->all, r->o->user);
	return 0;
}

/* The next set, or NULL. */
static struct set *next_set(struct run *r) {
	while (r->next_target < r->n && r->next_set == r->courses[r->next_target].sets) {
		r->next_target++;
		r->next_set = 0;
	}
	return r->next_target < r->n ? set_new(r, r->next_target, r->next_set++) : NULL;
}

/* What a proxy in front would say: a client of the family that the connection has, or what the form says. */
static const char *proxy_client(const struct run *r, const struct set *s, uint32_t index, unsigned side) {
	if (!r->o->proxy_v2)
		return NULL;
	if (s->family && !r->forms[index].header.name.len && r->forms[index].means != CLIENT_NOBODY)
		return r->forms[index].means == CLIENT_IPV6 ? r->client[1]
		       : r->forms[index].canonical          ? r->client[0]
							    : r->client_mapped;
	return r->client[side];
}

/* Fills in the job; false when its target has no address for it. */
static bool fill(const struct run *r, struct job *job, struct fetch *ret_fetch) {
	const struct set *s = job->set;
	const struct trial_target *t = &r->targets[s->target];
	unsigned side = s->family ? s->family == FAMILY_6 : job->index;
	struct fetch f = { .url = t->url, .family = families[side], .job = job };

	if (!address(t, side, s->round, &f.connect))
		return false;
	f.proxy_v2 = proxy_client(r, s, job->index, side);
	if (s->family && r->forms[job->index].header.name.len) {
		f.headers = &r->forms[job->index].header;
		f.header_count = 1;
	}
	*ret_fetch = f;
	return true;
}

static bool on_next(struct fetch *ret_fetch, void *user) {
	struct run *r = user;

	for (;;) {
		struct set *s = r->handing ? r->handing : next_set(r);
		struct job *job;

		if (!s)
			return false;
		job = &s->jobs[s->handed++];
		r->handing = s->handed < s->n ? s : NULL;
		if (fill(r, job, ret_fetch))
			return true;
		settle(r, s, true);
	}
}

/* The forms, and behind them what a PROXY header can say. */
static void prepare_forms(struct run *r) {
	static const struct client_form proxied[] = {
		{ .name = "proxy-v2-ipv4",
		  .means = CLIENT_IPV4,
		  .canonical = true,
		  .legal = true,
		  .rfc = "PROXY protocol 2.2",
		  .why = "a proxy's IPv4 client" },
		{ .name = "proxy-v2-ipv4-mapped",
		  .means = CLIENT_IPV4,
		  .legal = true,
		  .rfc = "PROXY protocol 2.2",
		  .why = "a proxy that listens on [::] for both families" },
		{ .name = "proxy-v2-ipv6",
		  .means = CLIENT_IPV6,
		  .canonical = true,
		  .legal = true,
		  .rfc = "PROXY protocol 2.2",
		  .why = "a proxy's IPv6 client" },
	};
	const struct client_form *forms;
	struct client_form *all;
	size_t n;

	(void)ip_format(client_form_ip4(), r->client[0]);
	(void)ip_format(client_form_ip6(), r->client[1]);
	(void)ip_format_mapped(client_form_ip4(), r->client_mapped);
	if (!r->o->simulate_client)
		return;
	client_forms(client_form_ip4(), client_form_ip6(), r->arena, &forms, &n);
	all = arena_array(r->arena, struct client_form, n + ARRAY_LEN(proxied));
	memcpy(all, forms, n * sizeof(*all));
	for (size_t i = 0; r->o->proxy_v2 && i < ARRAY_LEN(proxied); i++) {
		all[n] = proxied[i];
		/* No header is sent; the value is what a body may show. */
		all[n++].header = (struct fetch_header){ { "", 0 }, str_of(r->client[i == 2]) };
	}
	r->forms = all;
	r->form_count = n;
}

static void prepare(struct run *r) {
	prepare_forms(r);
	r->results = arena_array(r->arena, struct trial_result, r->n);
	r->courses = arena_array(r->arena, struct course, r->n);
	for (uint32_t i = 0; i < r->n; i++) {
		r->results[i].target = &r->targets[i];
		r->results[i].p_value = NAN;
		r->courses[i].sets = rounds(r, &r->targets[i]) + (r->form_count ? 2 : 0);
		r->all += 2 * (uint64_t)rounds(r, &r->targets[i]) + 2 * r->form_count;
	}
}

static void result_done(struct trial_result *result) {
	vec_done(&result->samples[0].times);
	vec_done(&result->samples[1].times);
	vec_done(&result->findings.list);
}

/* Leaves out what was not finished. */
static uint32_t compact(struct run *r) {
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n; i++)
		if (r->courses[i].sets_done == r->courses[i].sets && !r->courses[i].cut)
			r->results[n++] = r->results[i];
		else
			result_done(&r->results[i]);
	return n;
}

int trial_run(const struct trial_options *o, const struct trial_target *targets, uint32_t n, struct arena *a,
	      struct trial *ret_trial, const char **ret_why) {
	struct run r = { .o = o, .targets = targets, .n = n, .arena = a };
	struct fetcher *fetcher;
	struct trial t;
	int64_t begun = fetch_now_us();
	int error = fetcher_new(&o->fetch, &fetcher, ret_why);

	if (error < 0)
		return error;
	prepare(&r);
	(void)fetcher_run(fetcher, on_next, on_done, &r);
	fetcher_free(fetcher);
	while (r.handing) {
		struct set *s = r.handing;

		r.handing = ++s->handed < s->n ? s : NULL;
		settle(&r, s, false);
	}
	t = (struct trial){
		.results = r.results,
		.n = compact(&r),
		.started = o->compare.now,
		.repeat = MAX(o->repeat, 1U),
		.fetches = r.done,
	};
	if (o->happy_eyeballs && !stopped(&r))
		error = trial_race(o, a, &t, ret_why);
	if (error == 0 && o->path_mtu && !stopped(&r))
		error = trial_path_mtu(o, a, &t, ret_why);
	t.took_s = (double)(fetch_now_us() - begun) / 1e6;
	if (error < 0)
		trial_done(&t);
	else
		*ret_trial = t;
	return error;
}

void trial_done(struct trial *t) {
	for (uint32_t i = 0; i < t->n; i++)
		result_done(&t->results[i]);
	t->n = 0;
}
