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

struct trial_result {
	const struct trial_target *target;
	struct ip address[2]; /* that answered: IPv4, IPv6; unspecified: none did */
	unsigned status[2];
	struct trial_samples samples[2];
	double p_value; /* that the total times are of one distribution (Mann-Whitney, two-sided); NaN: too few */
	struct findings findings;
};

struct trial {
	const struct trial_result *results;
	uint32_t n;
	int64_t started; /* seconds since 1970 */
	double took_s;
	unsigned repeat;
	uint64_t fetches;
};

/* Reports. Each writes all of it to `out`; write errors are for the caller to see on the stream. */
struct emit;
void trial_report_text(const struct trial *t, bool colour, FILE *out); /* a table, then the differences */
void trial_report_emit(const struct trial *t, struct emit *e); /* JSON, kv: {url,findings:[{kind,family,detail}],…} */
void trial_report_junit(const struct trial *t, FILE *out);     /* one testcase for each URL */
void trial_report_html(const struct trial *t, FILE *out);      /* one page that needs no other file */
