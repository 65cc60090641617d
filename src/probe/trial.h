/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trial: every URL over both families, each several times, compared. Its result is what all reports are written from.
 */
#pragma once

#include "probe/compare.h"

/* A URL, and the addresses to go to directly; none in a family with `direct`: that family is a finding. */
struct trial_target {
	const char *url;
	const char *name; /* what the report calls it; NULL: the URL */
	bool direct;
	const struct ip *ips4, *ips6;
	uint32_t count4, count6;
};

/* Samples of one family of one URL, in the order of the fetches. */
struct trial_samples {
	VEC(struct fetch_times) times; /* of whole answers only */
	struct fetch_times median;
	uint32_t fetched, failed;
};

struct trial_happy; /* trial_client.h */
struct trial_path;

struct trial_result {
	const struct trial_target *target;
	struct ip address[2]; /* that answered: IPv4, IPv6; unspecified: none did */
	unsigned status[2];
	struct trial_samples samples[2];
	double p_value;       /* that the total times are of one distribution (Mann-Whitney, two-sided); NaN: too few */
	struct str time_note; /* what too few samples only hint at (compare_times); empty: nothing */
	struct findings findings;
	const struct trial_happy *happy; /* NULL: not measured */
	const struct trial_path *paths;  /* one for each address */
	uint32_t path_count;
};

struct trial {
	struct trial_result *results;
	uint32_t n;
	int64_t started; /* seconds since 1970 */
	double took_s;
	unsigned repeat;
	uint64_t fetches;
};

struct trial_options {
	struct fetcher_options fetch;
	struct compare_options compare;
	unsigned repeat;      /* 0: once */
	bool simulate_client; /* each fetch again for each way to write a client's address (client_form.h) */
	bool proxy_v2;        /* a PROXY protocol v2 header in front of each connection */
	bool happy_eyeballs;  /* what a dual-stack client gets, behind the fetches (trial_client.h) */
	bool path_mtu;        /* whether large packets arrive, likewise */
	void (*progress)(uint64_t done, uint64_t all, void *user); /* after each fetch and now and then; or NULL */
	void *user;
};

/*
 * Fetches and compares. Results, one for each target and in their order, live in the arena; targets are borrowed. What
 * fails is a finding; with *options.fetch.stop set, the targets that were not finished have the finding "unreachable"
 * only if they had it before, and what trial_client.h measures may be missing. 0; or -errno and *ret_why as from
 * fetcher_new(). The caller calls trial_done().
 */
int trial_run(const struct trial_options *o, const struct trial_target *targets, uint32_t n, struct arena *a,
	      struct trial *ret_trial, const char **ret_why);
void trial_done(struct trial *t);

/* Reports. Each writes all of it to `out`; write errors are for the caller to see on the stream. */
struct emit;
void trial_report_text(const struct trial *t, bool colour, FILE *out); /* a table, then the differences */
void trial_report_emit(const struct trial *t, struct emit *e); /* a list of {url,findings:[{kind,family,detail}],…} */
void trial_report_junit(const struct trial *t, FILE *out);     /* one testcase for each URL */
void trial_report_html(const struct trial *t, FILE *out);      /* one page that needs no other file */
